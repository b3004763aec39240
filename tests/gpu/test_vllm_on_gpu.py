"""Real engines on real GPUs: run by hand where there are some, `pytest -m gpu`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import ray

from agents.engine import Job
from market.messages import CHAT, Completion
from market.prompt import Span
from market.release import running_release
from orchestrator.assembly import assemble
from orchestrator.on_ray.packing import pack
from orchestrator.on_ray.runtime import RayRuntime
from orchestrator.scenario.model import Scenario
from tests.vllm.models import build

pytestmark = pytest.mark.gpu


@pytest.fixture(scope="module", autouse=True)
def node() -> Iterator[None]:
    ray.init(address="local", include_dashboard=False, logging_level="error")
    yield
    ray.shutdown()


def market(model: Path, count: int, **engine: Any) -> Scenario:
    usual = {
        "kind": "vllm",
        "model": str(model),
        "profile": "smollm2-135m@l4",
        "max_model_len": 2048,
        "gpus": 1,
        "kv_cache_memory_bytes": 2**28,
        "enforce_eager": True,
    }
    group = {"name": "p", "count": count, "domains": ["law"], "engine": usual | engine}
    demand = {"kind": "dialogues", "rate_per_s": 1, "domains": {"law": 1}}
    return Scenario.model_validate(
        {"seed": 1, "rounds": 5, "providers": [group], "hubs": {"count": 1}, "demand": [demand]}
    )


def asked_twice(scenario: Scenario) -> list[list[Completion]]:
    """Every provider is asked the same 1,098 tokens twice."""
    free = ray.available_resources()
    packing = pack(scenario, free["CPU"], free["memory"])
    with closing(RayRuntime(packing, running_release())) as runtime:
        runtime.seat(scenario, assemble(scenario, 0))
        now_s, answers = 1.0, []
        runtime.step_providers({}, now_s, {}, ())
        for turn in range(2):
            names = scenario.providers[0].names
            jobs = {
                name: [Job(f"{name}.{turn}", CHAT, (Span(5, 1098),), 4, turn, now_s)]
                for name in names
            }
            done: list[Completion] = []
            while len(done) < len(names):
                now_s += 1.0
                replies = runtime.step_providers(jobs, now_s, {}, ()).replies
                done += [one for reply in replies for one in reply.completions]
                jobs = {}
            answers.append(done)
    return answers


@pytest.mark.parametrize(
    ("gpus", "count", "engine"),
    [
        (1, 1, {}),
        (1, 2, {"gpus": 0.5, "gpu_memory_utilization": 0.45}),
        (2, 2, {}),
        (2, 1, {"gpus": 2, "tensor_parallel_size": 2}),
    ],
    ids=["a GPU", "halves of one", "one each", "in parts on two"],
)
def test_engines_on_gpus_serve_and_cache(
    gpus: int, count: int, engine: dict[str, Any], tmp_path: Path
) -> None:
    there = ray.cluster_resources().get("GPU", 0)
    if there < gpus:
        pytest.skip(f"needs {gpus} GPUs, there are {there:g}")
    # 9 heads cannot be split in two, so an engine in parts serves the model that is made up
    parts = "tensor_parallel_size" in engine
    model = build("tiny_llama" if parts else "smollm2", tmp_path)
    load = {"load_format": "dummy"} if parts else {}
    first, second = asked_twice(market(model, count, **engine, **load))
    assert [(one.error, one.cached_tokens) for one in first] == [(None, 0)] * count
    assert [(one.error, one.cached_tokens) for one in second] == [(None, 1088)] * count
