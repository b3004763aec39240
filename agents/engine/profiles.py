"""The engine profiles that a scenario can name, and how any other is written.

Those in ``measured/`` were fitted to measurements by ``walras calibrate``; docs/calibration.md
tells how well. The others are estimates from data sheets.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from importlib.resources import files
from typing import Annotated

from pydantic import PlainSerializer, PlainValidator

from agents.engine.roofline import estimates
from market.errors import BadInput
from market.fields import Fields, shown
from market.profiles import EngineProfile

MOST_SECONDS = 1e6
#: What a scenario's engine is where it names none.
DEFAULT_PROFILE = "llama-3.1-8b@a100-80"


def profile_from(record: object, where: str = "") -> EngineProfile:
    """The profile in a JSON-like record with the keys of ``EngineProfile``.

    Raises:
        BadInput: names the key below ``where``, its value and what was expected.
    """
    fields = Fields(record, where)
    most_seqs = fields.integer("max_num_seqs", low=1, high=1_000_000)
    profile = EngineProfile(
        name=fields.text("name"),
        block_size=fields.integer("block_size", low=1, high=100_000),
        kv_blocks=fields.integer("kv_blocks", low=1, high=100_000_000),
        max_num_seqs=most_seqs,
        max_num_batched_tokens=fields.integer(
            "max_num_batched_tokens", low=most_seqs, high=100_000_000
        ),
        max_model_len=fields.integer("max_model_len", low=1, high=1_000_000_000),
        step_s=fields.number("step_s", low=1e-9, high=MOST_SECONDS),
        prefill_s_per_token=fields.number("prefill_s_per_token", low=0, high=MOST_SECONDS),
        decode_s_per_seq=fields.number("decode_s_per_seq", low=0, high=MOST_SECONDS),
        context_s_per_token=fields.number(
            "context_s_per_token", low=0, high=MOST_SECONDS, default=0.0
        ),
        attention_s_per_pair=fields.number(
            "attention_s_per_pair", low=0, high=MOST_SECONDS, default=0.0
        ),
        gpus=fields.integer("gpus", low=0, high=1000, default=1),
        power_w=_power_w(fields),
        source=fields.text("source"),
    )
    fields.done()
    return profile


def _power_w(fields: Fields) -> float | None:
    unsaid = fields.raw("power_w", None) is None
    return None if unsaid else fields.number("power_w", low=0, high=1e9)


def _measured() -> list[EngineProfile]:
    folder = files("agents.engine") / "measured"
    texts = [file.read_text(encoding="utf-8") for file in folder.iterdir()]
    profiles = [profile_from(json.loads(text)) for text in texts]
    return sorted(profiles, key=lambda profile: profile.name)


#: Every profile by name, the measured ones first.
ENGINE_PROFILES: dict[str, EngineProfile] = {
    profile.name: profile for profile in (*_measured(), *estimates())
}


def _chosen(choice: object) -> EngineProfile:
    if isinstance(choice, EngineProfile):
        return choice
    if isinstance(choice, str) and choice not in ENGINE_PROFILES:
        names = ", ".join(ENGINE_PROFILES)
        problem = f"expected a profile among {names}, or a file NAME.json; got {shown(choice)}"
        raise ValueError(problem)
    if isinstance(choice, str):
        return ENGINE_PROFILES[choice]
    try:
        return profile_from(choice)
    except BadInput as error:
        raise ValueError(str(error)) from None


#: A profile as a parameter: named, or written out; a run's description always has it written out.
Profile = Annotated[EngineProfile, PlainValidator(_chosen), PlainSerializer(asdict)]
