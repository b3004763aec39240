"""vLLM's scheduler and KV cache without a model, whose tokens are drawn instead.

Attention on a CPU needs blocks of 32 tokens or a multiple; the scheduler takes blocks of any size.
It is played like an ``LLMEngine``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from vllm.engine.arg_utils import EngineArgs
from vllm.utils.hashing import sha256
from vllm.v1.core.kv_cache_utils import get_request_block_hasher, init_none_hash
from vllm.v1.core.sched.scheduler import Scheduler
from vllm.v1.kv_cache_interface import FullAttentionSpec, KVCacheConfig, KVCacheGroupSpec
from vllm.v1.outputs import ModelRunnerOutput
from vllm.v1.request import Request
from vllm.v1.structured_output import StructuredOutputManager

MOST_TOKENS = 2**31


@dataclass
class Generated:
    """The tokens of one answer."""

    token_ids: list[int] = field(default_factory=list)


@dataclass
class Output:
    """What is known of a request after a step."""

    request_id: str
    outputs: tuple[Generated]
    num_cached_tokens: int | None = None
    finished: bool = False


class SchedulerAlone:
    """The part of an ``LLMEngine`` that decides."""

    def __init__(self, model: Path, limits: dict[str, int]):
        arguments = EngineArgs(
            model=str(model),
            load_format="dummy",
            skip_tokenizer_init=True,
            dtype="float32",
            max_num_seqs=limits["max_num_seqs"],
            max_num_batched_tokens=limits["max_num_batched_tokens"],
            max_model_len=limits["max_model_len"],
        )
        config, size = arguments.create_engine_config(), limits["block_size"]
        config.cache_config.block_size = size
        config.cache_config.num_gpu_blocks = limits["blocks"]
        spec = FullAttentionSpec(block_size=size, num_kv_heads=1, head_size=1, dtype=torch.float32)
        init_none_hash(sha256)
        self._hasher = get_request_block_hasher(size, sha256)
        self._rng = np.random.default_rng(0)
        self._outputs: dict[str, Output] = {}
        self._scheduler = Scheduler(
            vllm_config=config,
            kv_cache_config=KVCacheConfig(limits["blocks"], [], [KVCacheGroupSpec(["l"], spec)]),
            structured_output_manager=StructuredOutputManager(config),
            block_size=size,
            log_stats=True,
        )

    def reset_prefix_cache(self) -> bool:
        """Forget all content."""
        self._outputs.clear()
        done: bool = self._scheduler.reset_prefix_cache()
        return done

    def has_unfinished_requests(self) -> bool:
        """Whether there is something to step for."""
        there: bool = self._scheduler.has_unfinished_requests()
        return there

    def add_request(self, name: str, prompt: dict[str, list[int]], parameters: Any) -> None:
        """Queue a request."""
        tokens = prompt["prompt_token_ids"]
        self._outputs[name] = Output(name, (Generated(),))
        self._scheduler.add_request(
            Request(name, tokens, parameters, None, block_hasher=self._hasher)
        )

    def step(self) -> list[Output]:
        """Schedule, draw a token for all whose tokens are computed, and tell the scheduler."""
        plan = self._scheduler.schedule()
        names = list(plan.num_scheduled_tokens)
        requests = [self._scheduler.requests[name] for name in names]
        drawn = [
            [int(self._rng.integers(3, MOST_TOKENS))]
            if request.num_computed_tokens == request.num_tokens
            else []
            for request in requests
        ]
        places = {name: place for place, name in enumerate(names)}
        told = self._scheduler.update_from_output(
            plan, ModelRunnerOutput(req_ids=names, req_id_to_index=places, sampled_token_ids=drawn)
        )
        stepped = []
        for one in (one for client in told.values() for one in client.outputs):
            output = self._outputs[one.request_id]
            output.outputs[0].token_ids += one.new_token_ids
            if one.prefill_stats is not None:
                output.num_cached_tokens = one.prefill_stats.num_cached_tokens
            output.finished = one.finish_reason is not None
            stepped.append(output)
        return stepped
