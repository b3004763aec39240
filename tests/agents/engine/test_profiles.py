from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from agents.engine import Job, SimulatedEngine
from agents.engine.profiles import DEFAULT_PROFILE, ENGINE_PROFILES, Profile, profile_from
from market.errors import BadInput
from market.messages import CHAT
from market.prompt import Span
from tests.documents import MISSING, changed

CHOICE: TypeAdapter[Any] = TypeAdapter(Profile)
ANY = ENGINE_PROFILES[DEFAULT_PROFILE]


@pytest.mark.parametrize("name", ENGINE_PROFILES)
def test_a_profile_serves_its_longest_prompt_alone(name: str) -> None:
    profile = ENGINE_PROFILES[name]
    assert profile.name == name
    engine = SimulatedEngine("p", profile)
    engine.submit(Job("r", CHAT, (Span(1, profile.max_model_len - 2),), 2, 2, 0.0))
    (done,) = engine.advance(1e9)
    assert done.error is None
    assert done.ttft_s == pytest.approx(profile.prefill_s(profile.max_model_len - 2))


def test_the_measured_ones_are_there_and_say_so() -> None:
    measured = {name for name, one in ENGINE_PROFILES.items() if one.source == "measured"}
    assert measured == {"llama-3.1-8b@rtx-4090", "llama-3.1-8b@rtx-pro-6000", "smollm2-135m@cpu"}


def test_a_choice_is_a_name_or_a_record_and_always_written_out() -> None:
    chosen = CHOICE.validate_python(DEFAULT_PROFILE)
    assert chosen is ANY
    written = CHOICE.dump_python(chosen, mode="json")
    assert written == asdict(ANY)
    assert CHOICE.validate_python(written) == ANY


def test_what_may_be_left_out_is_zero_or_unknown() -> None:
    left_out = ("context_s_per_token", "attention_s_per_pair", "gpus", "power_w")
    record = {key: value for key, value in asdict(ANY).items() if key not in left_out}
    expected = replace(ANY, context_s_per_token=0.0, attention_s_per_pair=0.0, power_w=None)
    assert profile_from(record) == expected


@pytest.mark.parametrize(
    ("key", "value", "complaint"),
    [
        ("step_s", 0, "file.step_s: expected a finite number >= 1e-09"),
        ("prefill_s_per_token", -1, "file.prefill_s_per_token: expected a finite number >= 0"),
        ("decode_s_per_seq", MISSING, "file.decode_s_per_seq: missing"),
        ("kv_blocks", 1.5, "file.kv_blocks: expected a whole number, got 1.5"),
        ("max_num_batched_tokens", 8, "file.max_num_batched_tokens: expected .* >= 256"),
        ("name", "", "file.name: expected a text, got ''"),
        ("power_w", "much", "file.power_w: expected a finite number"),
        ("speed", 2, "file.speed: unknown key"),
    ],
)
def test_a_malformed_record_is_refused(key: str, value: Any, complaint: str) -> None:
    record = changed(asdict(ANY), key, value)
    with pytest.raises(BadInput, match=complaint):
        profile_from(record, "file")
    with pytest.raises(ValidationError, match=complaint.removeprefix("file.")):
        CHOICE.validate_python(record)


def test_an_unknown_name_is_refused_with_those_that_are_known() -> None:
    with pytest.raises(ValidationError, match=r"among llama-3.1-8b@rtx-4090.*; got 'tpu'"):
        CHOICE.validate_python("tpu")
