from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from agents.engine.profiles import ENGINE_PROFILES
from agents.engine.wall_clock import WallClockEngine
from agents.engine_params import VllmParams
from market.errors import BadInput

PROFILE = next(iter(ENGINE_PROFILES))


def params(**changes: Any) -> VllmParams:
    return VllmParams.model_validate({"kind": "vllm", "model": "m", "profile": PROFILE} | changes)


def arguments(engine: VllmParams) -> dict[str, Any]:
    built = engine.engine("p", engine.declared_profile(np.random.default_rng(0)))
    assert isinstance(built, WallClockEngine)
    return dict(built.service.settings.arguments)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"tensor_parallel_size": 2, "gpus": 1}, "expected gpus: 2, one for each part; got 1"),
        ({"tensor_parallel_size": 2}, "expected gpus: 2, one for each part; got 0"),
        ({"gpus": 2}, "expected tensor_parallel_size: 2, to use them all; got 1"),
        ({"gpus": 0.5}, "expected at most 0.45 with 0.5 of a GPU"),
        ({"gpus": 0.25, "gpu_memory_utilization": 0.23}, "expected at most 0.225 with 0.25"),
    ],
)
def test_gpus_that_it_cannot_use_are_told(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        params(**changes)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"gpus": 1},
        {"gpus": 0.5, "gpu_memory_utilization": 0.45},
        {"gpus": 4, "tensor_parallel_size": 4},
    ],
)
def test_whole_gpus_shares_of_one_and_parts_on_several_are_fine(changes: dict[str, Any]) -> None:
    assert params(**changes).is_real


def test_vllm_is_told_what_the_provider_declares() -> None:
    engine = params(block_size=32, max_model_len=2048, max_num_seqs=3, max_num_batched_tokens=99)
    declared = engine.declared_profile(np.random.default_rng(0))
    assert (declared.max_num_seqs, declared.max_num_batched_tokens) == (3, 99)
    told = arguments(engine)
    for key in ("block_size", "max_model_len", "max_num_seqs", "max_num_batched_tokens"):
        assert told[key] == getattr(declared, key)
    assert told["enable_prefix_caching"]


def test_the_number_of_blocks_is_told_only_where_it_is_given() -> None:
    assert "num_gpu_blocks_override" not in arguments(params())
    assert arguments(params(kv_blocks=77))["num_gpu_blocks_override"] == 77
    assert "kv_cache_memory_bytes" not in arguments(params())
    assert arguments(params(kv_cache_memory_bytes=2**28))["kv_cache_memory_bytes"] == 2**28


def test_without_vllm_the_start_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "vllm", None)
    engine = params().engine("p-000", params().declared_profile(np.random.default_rng(0)))
    with pytest.raises(BadInput, match=r"p-000: engine: vllm cannot be imported .* extra vllm"):
        engine.start()
