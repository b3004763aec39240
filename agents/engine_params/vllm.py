"""A vLLM engine, as a scenario asks for it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal

import numpy as np
from pydantic import Field, model_validator

from agents.engine.watched import WatchedEngine
from agents.engine_params.base import EngineBase
from agents.vllm_engine import VllmService, VllmSettings
from market.profiles import EngineProfile

#: Of the part of a GPU that an engine asks for, so much may be its memory; the rest is overhead.
SHARE_USED = 0.9


class VllmParams(EngineBase):
    """A vLLM engine in the provider's process, in an actor of its own.

    It is told ``block_size``, ``max_model_len``, ``max_num_seqs`` and ``max_num_batched_tokens`` as
    its profile declares them unless they are given, and ``kv_blocks`` where given. Else the size of
    the cache follows from ``kv_cache_memory_bytes`` or ``gpu_memory_utilization``, and an engine
    that has another number of blocks than its profile says so once.
    """

    kind: Literal["vllm"]
    model: str = Field(min_length=1)
    """The folder, or the name on the hub, of the model that it serves."""
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = "auto"
    """The number format of weights and activations; auto: as the model was stored."""
    load_format: Literal["auto", "safetensors", "dummy"] = "auto"
    """How weights are stored; dummy draws them at random."""
    max_num_seqs: int | None = Field(None, ge=1, le=100_000)
    """Requests that run together at most; null: as the profile says."""
    max_num_batched_tokens: int | None = Field(None, ge=1, le=10_000_000)
    """Tokens that one step computes at most; null: as the profile says."""
    kv_cache_memory_bytes: int | None = Field(None, ge=2**20)
    """The size of the KV cache in bytes; null: by ``gpu_memory_utilization``."""
    gpu_memory_utilization: float = Field(0.9, gt=0, le=1)
    """The share of a GPU's memory that the engine may fill."""
    tensor_parallel_size: int = Field(1, ge=1, le=1000)
    """GPUs that the model is spread over; ``gpus`` must be as many if above 1."""
    enforce_eager: bool = False
    """Whether to run without CUDA graphs: a faster start, slower steps."""
    seed: int = Field(0, ge=0, lt=2**31)
    """The seed of vLLM's own draws."""
    cpus: float = Field(1.0, ge=0.01, le=1000)
    """CPUs that its actor asks of Ray."""
    memory_bytes: int = Field(2 * 2**30, ge=2**20)
    """Bytes of memory that its actor asks of Ray."""
    request_timeout_s: float = Field(600.0, gt=0, le=1e6)
    """Seconds after which a job has failed."""
    deadline_s: float = Field(60.0, gt=0, le=1e6)
    """Seconds without a sign of life after which the engine is lost."""

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

    def engine(self, provider: str, profile: EngineProfile) -> WatchedEngine:
        """An engine that is watched; vLLM is imported when it starts."""
        settings = VllmSettings(
            arguments=self.arguments(profile),
            kv_blocks=profile.kv_blocks,
            threads=max(1, int(self.cpus)),
            request_timeout_s=self.request_timeout_s,
        )
        return WatchedEngine(VllmService(provider, settings), self.deadline_s)

    def declared_profile(self, rng: np.random.Generator) -> EngineProfile:
        """The profile with the limits that vLLM is told."""
        profile = super().declared_profile(rng)
        return replace(
            profile,
            max_num_seqs=self.max_num_seqs or profile.max_num_seqs,
            max_num_batched_tokens=self.max_num_batched_tokens or profile.max_num_batched_tokens,
        )

    def arguments(self, profile: EngineProfile) -> dict[str, Any]:
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
