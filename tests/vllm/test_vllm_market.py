"""Markets with real engines: two in two actors, and one against its simulation."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import ray

from agents.engine import Job
from market.messages import CHAT, Completion
from market.prompt import Span
from market.release import running_release
from orchestrator.log import read_table
from orchestrator.on_ray.packing import pack
from orchestrator.on_ray.runtime import RayRuntime
from orchestrator.runtime import Stepped
from orchestrator.scenario.model import Scenario, load_scenario
from tests.markets import run_market
from tests.vllm.models import build, engine_processes, on_cpu

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
        market = Market(runtime, rows(run, "rounds")[-1]["time_s"])
        assert market.cached_by_turns("vllm-000", "vllm-000", "vllm-001") == [0, 1088, 0]
        market.lose_and_renew("vllm-000")
        assert market.cached_by_turns("vllm-000", "vllm-001") == [0, 1088]


class Market:
    """Engines on Ray after their run, in rounds of a second by the wall clock."""

    def __init__(self, runtime: RayRuntime, now_s: float):
        self.runtime = runtime
        self.now_s = now_s

    def step(self, jobs: dict[str, list[Job]], silent: Sequence[str] = ()) -> Stepped:
        self.now_s += 1.0
        return self.runtime.step_providers(jobs, self.now_s, {}, silent)

    def cached_by_turns(self, *providers: str) -> list[int | None]:
        """The same prompt asked of engines in turns: what each had of it."""
        cached = []
        for provider in providers:
            name = f"x{self.now_s:g}"
            jobs = {provider: [Job(name, CHAT, (Span(5, 1098),), 2, 60, self.now_s)]}
            done: list[Completion] = []
            while not done:
                replies = self.step(jobs).replies
                done = [one for reply in replies for one in reply.completions]
                jobs = {}
            cached.append(done[0].cached_tokens)
        return cached

    def lose_and_renew(self, provider: str) -> None:
        """Kill its engine's process; until it is back, it is asked for it in every round."""
        (host,) = [host for host in self.runtime._hosts if host.members == (provider,)]
        pid = ray.get(host.actor.__ray_call__.remote(lambda _: os.getpid()))
        for process in engine_processes(pid):
            process.kill()
        lost: dict[str, str] = {}
        while not lost:
            lost = dict(self.step({}).lost)
        assert lost == {provider: "the engine's process has ended"}
        while self.runtime.renew_providers([provider], self.now_s):
            assert self.step({}, silent=[provider]).lost == {}


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
