"""Markets with real engines: two in two actors, and one against its simulation."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import ray

from agents.engine import Job
from market.messages import CHAT
from market.prompt import Span
from market.release import running_release
from orchestrator.log import read_table
from orchestrator.packing import pack
from orchestrator.ray_runtime import RayRuntime
from orchestrator.scenario import Scenario, load_scenario
from tests.markets import run_market
from tests.vllm.models import build, on_cpu

#: What vLLM and its dependencies warn of in this process is not ours to mend.
pytestmark = [pytest.mark.vllm, pytest.mark.filterwarnings("ignore")]

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "vllm.yaml"


@pytest.fixture
def node() -> Iterator[None]:
    ray.init(
        address="local",
        num_cpus=2,
        include_dashboard=False,
        object_store_memory=2**27,
        log_to_driver=False,
        logging_level="error",
    )
    yield
    ray.shutdown()


def rows(run: Path, table: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = read_table(run, table).to_pylist()
    return found


def test_the_example_on_ray_and_the_cache_of_each_engine(node: None, tmp_path: Path) -> None:
    model = build("smollm2", tmp_path)
    scenario = load_scenario(EXAMPLE, (f"providers.0.engine.model={model}", "rounds=20"))
    packing = pack(scenario, cpus=2, memory_bytes=8 * 2**30)
    assert [place.members for place in packing.providers if place.real] == [
        ("vllm-000",),
        ("vllm-001",),
    ]
    with closing(RayRuntime(packing, running_release())) as runtime:
        run = run_market(scenario, tmp_path / "run", runtime=runtime)
        served = [row for row in rows(run, "completions") if row["error"] is None]
        assert {"vllm-000", "vllm-001"} <= {row["provider"] for row in served}
        assert len(served) >= len(rows(run, "completions")) - 1 > 10
        assert cached_by_turns(runtime, rows(run, "rounds")[-1]["time_s"]) == [0, 1088, 0]


def cached_by_turns(runtime: RayRuntime, now_s: float) -> list[int | None]:
    """The same prompt asked of one engine twice, then of the other: what each had of it."""
    cached = []
    for turn, provider in enumerate(("vllm-000", "vllm-000", "vllm-001")):
        job = Job(f"x{turn}", CHAT, (Span(5, 1098),), 2, 60 + turn, now_s)
        jobs = {provider: [job]}
        done = []
        while not done:
            now_s += 1.0
            replies = runtime.step_providers(jobs, now_s, {}, ()).replies
            done = [one for reply in replies for one in reply.completions]
            jobs = {}
        cached.append(done[0].cached_tokens)
    return cached


def dialogues(engine: dict[str, Any]) -> Scenario:
    """One provider, and dialogues slow enough that it is never in a hurry."""
    return Scenario.model_validate(
        {
            "seed": 5,
            "rounds": 30,
            "drain_rounds": 30,
            "providers": [{"name": "p", "count": 1, "domains": ["law"], "engine": engine}],
            "hubs": {"count": 1},
            "demand": [
                {
                    "kind": "dialogues",
                    "rate_per_s": 0.5,
                    "domains": {"law": 1},
                    "shape": {
                        "turns": {"choice": [2, 3, 4]},
                        "document_tokens": {"uniform": [50, 400]},
                        "question_tokens": {"uniform": [5, 40]},
                        "answer_tokens": {"uniform": [5, 40]},
                    },
                }
            ],
        }
    )


def test_a_dialogue_market_finds_as_much_cached_as_its_simulation(tmp_path: Path) -> None:
    real = on_cpu(build("tiny_llama", tmp_path), kv_blocks=512)
    shared = ("profile", "block_size", "kv_blocks", "max_model_len")
    simulated = {key: real[key] for key in shared} | {"kind": "simulated", "speed": {"constant": 1}}
    cached = {}
    for name, engine in (("real", real), ("simulated", simulated)):
        completions = rows(run_market(dialogues(engine), tmp_path / name), "completions")
        cached[name] = {
            row["request"]: (row["prompt_tokens"], row["cached_tokens"]) for row in completions
        }
    both = cached["real"].keys() & cached["simulated"].keys()
    assert len(both) >= 20
    assert len(both) >= 0.9 * max(map(len, cached.values()))  # the rest came after the last arrival
    assert {name: cached["real"][name] for name in both} == {
        name: cached["simulated"][name] for name in both
    }
    assert sum(hit for _, hit in cached["real"].values()) > 1000
