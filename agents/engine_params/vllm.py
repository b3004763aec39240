"""A vLLM engine, as a scenario asks for it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal

import numpy as np
from pydantic import Field, model_validator

from agents.engine_params.base import EngineBase
from market.profiles import EngineProfile

#: Of the part of a GPU that an engine asks for, so much may be its memory; the rest is overhead.
SHARE_USED = 0.9


class VllmParams(EngineBase):
    """A vLLM engine in the provider's process, in an actor of its own.

    ``model`` is the folder or the name of the model that it serves. ``block_size``,
    ``max_model_len``, ``max_num_seqs`` and ``max_num_batched_tokens`` are what the profile declares
    unless given, and vLLM is told them; so it is ``kv_blocks`` where given. Else the size of the
    cache follows from ``kv_cache_memory_bytes`` or ``gpu_memory_utilization``, and an engine that
    has another number of blocks than its profile says so once.

    ``gpus`` are 0 on CPUs, 1, a share of one, or ``tensor_parallel_size`` for an engine over
    several. ``cpus`` and ``memory_bytes`` are what its actor asks of Ray besides. A job fails after
    ``request_timeout_s``; an engine that gives no sign of life for ``deadline_s`` is lost.
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
    deadline_s: float = Field(60.0, gt=0, le=1e6)

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
