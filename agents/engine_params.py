"""Which engine serves a provider."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import numpy as np
from pydantic import Field, model_validator

from agents.engine.profiles import ENGINE_PROFILES
from agents.params import Distribution, Draw, Params
from market.fields import shown
from market.profiles import EngineProfile


class EngineParams(Params):
    """Which engine serves a provider.

    ``speed`` divides all times of the ``profile``; ``block_size``, ``kv_blocks`` and
    ``max_model_len`` replace its own where given. ``gpus`` is what the engine asks of Ray: a share
    of one GPU or a whole number of them; its provider then has an actor of its own. A simulated
    engine leaves them idle.
    """

    kind: Literal["simulated"] = "simulated"
    profile: str = "medium"
    speed: Draw = Distribution(uniform=(0.8, 1.25))
    block_size: int | None = Field(None, ge=1, le=100_000)
    kv_blocks: int | None = Field(None, ge=1, le=100_000_000)
    max_model_len: int | None = Field(None, ge=1, le=1_000_000_000)
    gpus: float = Field(0.0, ge=0, le=1000)

    @model_validator(mode="after")
    def _known(self) -> EngineParams:
        if self.profile not in ENGINE_PROFILES:
            names = ", ".join(ENGINE_PROFILES)
            raise ValueError(f"expected a profile among {names}; got {shown(self.profile)}")
        if self.gpus > 1 and not self.gpus.is_integer():
            raise ValueError(f"gpus: expected at most 1 or a whole number, got {self.gpus:g}")
        return self

    def draw_profile(self, rng: np.random.Generator) -> EngineProfile:
        """The profile of one engine."""
        profile = ENGINE_PROFILES[self.profile]
        speed = self.speed.draw_within(rng, 0.01, 100.0)
        return replace(
            profile,
            block_size=self.block_size or profile.block_size,
            kv_blocks=self.kv_blocks or profile.kv_blocks,
            max_model_len=self.max_model_len or profile.max_model_len,
            step_s=profile.step_s / speed,
            prefill_s_per_token=profile.prefill_s_per_token / speed,
            decode_s_per_seq=profile.decode_s_per_seq / speed,
        )
