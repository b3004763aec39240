"""Which engine serves a provider."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import replace
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import BeforeValidator, Field, model_validator

from agents.engine.profiles import ENGINE_PROFILES
from agents.engine.role import Engine
from agents.engine.simulated import SimulatedEngine
from agents.params import Distribution, Draw, Params
from market.fields import shown
from market.profiles import EngineProfile


class EngineBase(Params):
    """What all engines have in common.

    ``profile`` is what the provider declares of its engine, the public basis of latency estimates;
    ``block_size``, ``kv_blocks`` and ``max_model_len`` replace its own where given. ``gpus`` is
    what the engine asks of Ray: a share of one GPU or a whole number of them; its provider then
    has an actor of its own.
    """

    profile: str = "medium"
    block_size: int | None = Field(None, ge=1, le=100_000)
    kv_blocks: int | None = Field(None, ge=1, le=100_000_000)
    max_model_len: int | None = Field(None, ge=1, le=1_000_000_000)
    gpus: float = Field(0.0, ge=0, le=1000)

    @model_validator(mode="after")
    def _known(self) -> EngineBase:
        if self.profile not in ENGINE_PROFILES:
            names = ", ".join(ENGINE_PROFILES)
            raise ValueError(f"expected a profile among {names}; got {shown(self.profile)}")
        if self.gpus > 1 and not self.gpus.is_integer():
            raise ValueError(f"gpus: expected at most 1 or a whole number, got {self.gpus:g}")
        return self

    @property
    def is_real(self) -> bool:
        """Whether it serves in wall-clock time, in an actor of its own."""
        return True

    def declared_profile(self, rng: np.random.Generator) -> EngineProfile:
        """What the provider declares of its engine; ``rng`` for what differs between providers."""
        profile = ENGINE_PROFILES[self.profile]
        return replace(
            profile,
            block_size=self.block_size or profile.block_size,
            kv_blocks=self.kv_blocks or profile.kv_blocks,
            max_model_len=self.max_model_len or profile.max_model_len,
        )

    @abstractmethod
    def engine(self, provider: str, profile: EngineProfile) -> Engine:
        """The engine, which is not started yet."""


class SimulatedParams(EngineBase):
    """A simulated engine, which leaves the GPUs that it asks for idle.

    ``speed`` divides all times of the profile.
    """

    kind: Literal["simulated"] = "simulated"
    speed: Draw = Distribution(uniform=(0.8, 1.25))

    @property
    def is_real(self) -> bool:
        """It lives in virtual time."""
        return False

    def declared_profile(self, rng: np.random.Generator) -> EngineProfile:
        """The profile at a speed of the provider's own."""
        profile = super().declared_profile(rng)
        speed = self.speed.draw_within(rng, 0.01, 100.0)
        return replace(
            profile,
            step_s=profile.step_s / speed,
            prefill_s_per_token=profile.prefill_s_per_token / speed,
            decode_s_per_seq=profile.decode_s_per_seq / speed,
            context_s_per_token=profile.context_s_per_token / speed,
            attention_s_per_pair=profile.attention_s_per_pair / speed,
        )

    def engine(self, provider: str, profile: EngineProfile) -> Engine:
        """The engine, which is not started yet."""
        return SimulatedEngine(provider, profile)


class VllmParams(EngineBase):
    """A vLLM engine in the provider's process.

    ``model`` is the folder or the name of the model that it serves.
    """

    kind: Literal["vllm"]
    model: str

    def engine(self, provider: str, profile: EngineProfile) -> Engine:
        """The engine, which is not started yet."""
        raise NotImplementedError


class OpenAIParams(EngineBase):
    """A model behind a URL that speaks OpenAI's protocol."""

    kind: Literal["openai"]
    model: str

    def engine(self, provider: str, profile: EngineProfile) -> Engine:
        """The engine, which is not started yet."""
        raise NotImplementedError


def _simulated_unless_said(value: Any) -> Any:
    return {"kind": "simulated"} | value if isinstance(value, dict) else value


#: Every kind of engine; one more is one class more.
EngineParams = Annotated[
    SimulatedParams | VllmParams | OpenAIParams,
    Field(discriminator="kind"),
    BeforeValidator(_simulated_unless_said),
]
