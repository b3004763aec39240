"""A simulated engine, as a scenario asks for it."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import numpy as np
from pydantic import Field

from agents.engine import SimulatedEngine
from agents.engine_params.base import EngineBase
from agents.params import Distribution, Draw
from market.profiles import EngineProfile


class SimulatedParams(EngineBase):
    """A simulated engine, which leaves the GPUs that it asks for idle."""

    kind: Literal["simulated"] = "simulated"
    speed: Draw = Distribution(uniform=(0.8, 1.25))
    """How many times as fast as its profile it is; drawn once for each provider."""
    max_num_seqs: int | None = Field(None, ge=1, le=1_000_000)
    """Requests that run together at most; null: as the profile says."""

    @property
    def is_real(self) -> bool:
        """It lives in virtual time."""
        return False

    def engine(self, provider: str, profile: EngineProfile) -> SimulatedEngine:
        """The engine that the profile describes."""
        return SimulatedEngine(provider, profile)

    def declared_profile(self, rng: np.random.Generator) -> EngineProfile:
        """The profile at a speed of the provider's own."""
        profile = super().declared_profile(rng)
        speed = self.speed.draw_within(rng, 0.01, 100.0)
        return replace(
            profile,
            max_num_seqs=self.max_num_seqs or profile.max_num_seqs,
            step_s=profile.step_s / speed,
            prefill_s_per_token=profile.prefill_s_per_token / speed,
            decode_s_per_seq=profile.decode_s_per_seq / speed,
            context_s_per_token=profile.context_s_per_token / speed,
            attention_s_per_pair=profile.attention_s_per_pair / speed,
        )
