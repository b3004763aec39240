"""Which engine serves a provider."""

from __future__ import annotations

import re
from abc import abstractmethod
from dataclasses import replace
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

import numpy as np
from pydantic import BeforeValidator, Field, JsonValue, field_validator, model_validator

from agents.engine.profiles import DEFAULT_PROFILE, ENGINE_PROFILES, Profile
from agents.engine.role import Engine
from agents.engine.simulated import SimulatedEngine
from agents.engine.wall_clock import WallClockEngine
from agents.params import Distribution, Draw, Params
from agents.vllm_engine import VllmService, VllmSettings
from market.errors import BadInput
from market.fields import shown
from market.profiles import EngineProfile

#: Lower case is left out, which most keys have and few variables.
ENVIRONMENT_VARIABLE = re.compile(r"[A-Z_][A-Z0-9_]{0,99}")
#: What the openai engine says itself in a request.
OPENAI_KEYS = {
    "messages", "prompt", "model", "stream", "stream_options", "n",
    "max_tokens", "max_completion_tokens",
}  # fmt: skip

#: Of the part of a GPU that an engine asks for, so much may be its memory; the rest is overhead.
SHARE_USED = 0.9


class EngineBase(Params):
    """What all engines have in common.

    ``profile`` is what the provider declares of its engine, the public basis of latency estimates:
    a name among ``ENGINE_PROFILES``, or a record like those that ``walras calibrate`` writes.
    ``block_size``, ``kv_blocks`` and ``max_model_len`` replace its own where given. ``gpus`` is
    what the engine asks of Ray: a share of one GPU or a whole number of them; its provider then
    has an actor of its own.
    """

    profile: Profile = ENGINE_PROFILES[DEFAULT_PROFILE]
    block_size: int | None = Field(None, ge=1, le=100_000)
    kv_blocks: int | None = Field(None, ge=1, le=100_000_000)
    max_model_len: int | None = Field(None, ge=1, le=1_000_000_000)
    gpus: float = Field(0.0, ge=0, le=1000)

    @model_validator(mode="after")
    def _known(self) -> EngineBase:
        if self.gpus > 1 and not self.gpus.is_integer():
            raise ValueError(f"gpus: expected at most 1 or a whole number, got {self.gpus:g}")
        return self

    @property
    def is_real(self) -> bool:
        """Whether it serves in wall-clock time, in an actor of its own."""
        return True

    def declared_profile(self, rng: np.random.Generator) -> EngineProfile:
        """What the provider declares of its engine; ``rng`` for what differs between providers."""
        profile = self.profile
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

    ``speed`` divides all times of the profile; ``max_num_seqs`` replaces its own where given.
    """

    kind: Literal["simulated"] = "simulated"
    speed: Draw = Distribution(uniform=(0.8, 1.25))
    max_num_seqs: int | None = Field(None, ge=1, le=1_000_000)

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
            max_num_seqs=self.max_num_seqs or profile.max_num_seqs,
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
    """A vLLM engine in the provider's process, in an actor of its own.

    ``model`` is the folder or the name of the model that it serves. ``block_size``,
    ``max_model_len``, ``max_num_seqs`` and ``max_num_batched_tokens`` are what the profile declares
    unless given, and vLLM is told them; so it is ``kv_blocks`` where given. Else the size of the
    cache follows from ``kv_cache_memory_bytes`` or ``gpu_memory_utilization``, and an engine that
    has another number of blocks than its profile says so once.

    ``gpus`` are 0 on CPUs, 1, a share of one, or ``tensor_parallel_size`` for an engine over
    several. ``cpus`` and ``memory_bytes`` are what its actor asks of Ray besides. A job fails after
    ``request_timeout_s``; an engine that is lost is started again at most ``restarts`` times.
    """

    kind: Literal["vllm"]
    model: str = Field(min_length=1)
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = "auto"
    load_format: Literal["auto", "safetensors", "dummy"] = "auto"
    max_num_seqs: int | None = Field(None, ge=1, le=100_000)
    max_num_batched_tokens: int | None = Field(None, ge=1, le=10_000_000)
    kv_cache_memory_bytes: int | None = Field(None, ge=2**20)
    gpu_memory_utilization: float = Field(0.9, gt=0, le=1)
    tensor_parallel_size: int = Field(1, ge=1, le=1000)
    enforce_eager: bool = False
    seed: int = Field(0, ge=0, lt=2**31)
    cpus: float = Field(1.0, ge=0.01, le=1000)
    memory_bytes: int = Field(2 * 2**30, ge=2**20)
    request_timeout_s: float = Field(600.0, gt=0, le=1e6)
    restarts: int = Field(2, ge=0, le=1000)

    @model_validator(mode="after")
    def _fits_its_gpus(self) -> VllmParams:
        parts = self.tensor_parallel_size
        if parts > 1 and self.gpus != parts:
            expected = f"expected gpus: {parts}, one for each part"
            raise ValueError(f"tensor_parallel_size {parts}: {expected}; got {self.gpus:g}")
        if self.gpus > 1 and parts == 1:
            expected = f"expected tensor_parallel_size: {self.gpus:g}"
            raise ValueError(f"gpus {self.gpus:g}: {expected}, to use them all; got 1")
        most = round(SHARE_USED * self.gpus, 9)
        if 0 < self.gpus < 1 and self.gpu_memory_utilization > most:
            raise ValueError(
                f"gpu_memory_utilization: expected at most {most:g} with {self.gpus:g} of a GPU, "
                f"whose memory others share; got {self.gpu_memory_utilization:g}"
            )
        return self

    def declared_profile(self, rng: np.random.Generator) -> EngineProfile:
        """The profile with the limits that vLLM is told."""
        profile = super().declared_profile(rng)
        return replace(
            profile,
            max_num_seqs=self.max_num_seqs or profile.max_num_seqs,
            max_num_batched_tokens=self.max_num_batched_tokens or profile.max_num_batched_tokens,
        )

    def engine(self, provider: str, profile: EngineProfile) -> Engine:
        """The engine, which is not started yet."""
        settings = VllmSettings(
            arguments=self._arguments(profile),
            kv_blocks=profile.kv_blocks,
            threads=max(1, int(self.cpus)),
            request_timeout_s=self.request_timeout_s,
            restarts=self.restarts,
        )
        return WallClockEngine(VllmService(provider, settings))

    def _arguments(self, profile: EngineProfile) -> dict[str, Any]:
        """vLLM's ``AsyncEngineArgs``."""
        arguments: dict[str, Any] = {
            "model": self.model,
            "dtype": self.dtype,
            "load_format": self.load_format,
            "max_model_len": profile.max_model_len,
            "max_num_seqs": profile.max_num_seqs,
            "max_num_batched_tokens": profile.max_num_batched_tokens,
            "block_size": profile.block_size,
            "gpu_memory_utilization": self.gpu_memory_utilization,
            "tensor_parallel_size": self.tensor_parallel_size,
            "enforce_eager": self.enforce_eager,
            "enable_prefix_caching": True,
            "seed": self.seed,
        }
        if self.kv_blocks is not None:
            arguments["num_gpu_blocks_override"] = self.kv_blocks
        if self.kv_cache_memory_bytes is not None:
            arguments["kv_cache_memory_bytes"] = self.kv_cache_memory_bytes
        return arguments


class OpenAIParams(EngineBase):
    """A model behind a URL that speaks OpenAI's protocol.

    ``api_key_env`` names the environment variable with the key; null where none is needed.
    ``token_ids`` [low, high) has prompts without text sent as token ids in that range, which only
    completions can be. ``length_key`` is how the server calls the largest number of output tokens.
    ``extra_body`` goes into every request as it stands. At most ``max_concurrent`` requests are
    under way; the time for the first token counts from each attempt, that for the whole answer
    from the first. Failures before any text are asked again ``retries`` times at most, after
    ``backoff_s`` that doubles each time, or after what the server says.
    """

    kind: Literal["openai"]
    base_url: str
    model: str = Field(min_length=1, max_length=1000)
    api_key_env: str | None = None
    endpoint: Literal["chat", "completions"] = "chat"
    token_ids: tuple[int, int] | None = None
    length_key: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    extra_body: dict[str, JsonValue] = Field(default_factory=dict)
    max_concurrent: int = Field(16, ge=1, le=10_000)
    connect_timeout_s: float = Field(10.0, gt=0, le=86_400)
    first_token_timeout_s: float = Field(120.0, gt=0, le=86_400)
    request_timeout_s: float = Field(600.0, gt=0, le=86_400)
    retries: int = Field(3, ge=0, le=100)
    backoff_s: float = Field(0.5, ge=0, le=60)

    @field_validator("base_url")
    @classmethod
    def _plain_url(cls, url: str) -> str:
        """The URL is logged, so nothing in it may be a secret."""
        parts = urlsplit(url)
        if parts.username or parts.password or parts.query or parts.fragment:
            raise ValueError("expected a URL without a user, a key, a query or a fragment")
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.port == 0:
            raise ValueError(f"expected http://HOST[:PORT]/PATH or https://..., got {shown(url)}")
        return url

    @field_validator("api_key_env")
    @classmethod
    def _name(cls, name: str | None) -> str | None:
        # The value is not shown: it may be the key itself, put in the wrong place.
        if name is not None and not ENVIRONMENT_VARIABLE.fullmatch(name):
            raise ValueError(
                "expected the name of an environment variable in capital letters, such as "
                "OPENAI_API_KEY; the key itself must not stand in a scenario"
            )
        return name

    @model_validator(mode="after")
    def _can_be_asked(self) -> OpenAIParams:
        if self.token_ids is not None:
            if self.endpoint != "completions":
                raise ValueError("token_ids: expected endpoint completions, chat takes only text")
            if not 0 <= self.token_ids[0] < self.token_ids[1] <= 2**31:
                raise ValueError(
                    f"token_ids: expected [low, high] with 0 <= low < high, got {self.token_ids}"
                )
        if self.length_key != "max_tokens" and self.endpoint == "completions":
            raise ValueError("length_key: expected max_tokens, which completions know")
        if ours := sorted(OPENAI_KEYS & set(self.extra_body)):
            raise ValueError(f"extra_body: {', '.join(ours)} cannot be set, the engine sets it")
        return self

    def engine(self, provider: str, profile: EngineProfile) -> Engine:
        """The engine, which is not started yet; ``BadInput`` where the key or the client is not."""
        try:
            from agents.openai_engine import OpenAIEngine
        except ModuleNotFoundError as error:
            if error.name != "openai":
                raise
            problem = "openai needs the client: pip install 'walras[openai]'"
            raise BadInput(f"{provider}: engine", problem) from None
        return OpenAIEngine(provider, self)


def _simulated_unless_said(value: Any) -> Any:
    return {"kind": "simulated"} | value if isinstance(value, dict) else value


#: Every kind of engine; one more is one class more.
EngineParams = Annotated[
    SimulatedParams | VllmParams | OpenAIParams,
    Field(discriminator="kind"),
    BeforeValidator(_simulated_unless_said),
]
