"""What all engines have in common, as a scenario asks for them."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import replace

import numpy as np
from pydantic import Field, model_validator

from agents.engine import Engine
from agents.engine.profiles import DEFAULT_PROFILE, ENGINE_PROFILES, Profile
from agents.params import Params
from market.profiles import EngineProfile


class EngineBase(Params):
    """What all engines have in common."""

    profile: Profile = ENGINE_PROFILES[DEFAULT_PROFILE]
    """What the provider declares of its engine, the public basis of latency estimates: a name, a
    file that ``walras calibrate`` wrote, or such a record."""
    block_size: int | None = Field(None, ge=1, le=100_000)
    """Tokens in a block of the KV cache; null: as the profile says."""
    kv_blocks: int | None = Field(None, ge=1, le=100_000_000)
    """Blocks in the KV cache; null: as the profile says."""
    max_model_len: int | None = Field(None, ge=1, le=1_000_000_000)
    """The longest prompt and answer together, in tokens; null: as the profile says."""
    gpus: float = Field(0.0, ge=0, le=1000)
    """GPUs that it asks of Ray, a share of one or a whole number; above 0 its provider has an actor
    of its own."""

    @model_validator(mode="after")
    def _known(self) -> EngineBase:
        if self.gpus > 1 and not self.gpus.is_integer():
            raise ValueError(f"gpus: expected at most 1 or a whole number, got {self.gpus:g}")
        return self

    @property
    def is_real(self) -> bool:
        """Whether it serves in wall-clock time, in an actor of its own."""
        return True

    @abstractmethod
    def engine(self, provider: str, profile: EngineProfile) -> Engine:
        """The engine of a provider that declares ``profile``; it is not started yet.

        Raises:
            BadInput: a key is not in the environment, or a client not installed.
        """

    def declared_profile(self, rng: np.random.Generator) -> EngineProfile:
        """What the provider declares of its engine; ``rng`` for what differs between providers."""
        profile = self.profile
        return replace(
            profile,
            block_size=self.block_size or profile.block_size,
            kv_blocks=self.kv_blocks or profile.kv_blocks,
            max_model_len=self.max_model_len or profile.max_model_len,
        )
