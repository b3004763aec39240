"""A market whose real engine dies, and which is stopped and goes on: one run through all of it."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import psutil
import pytest

from agents import vllm_engine
from agents.engine import Job
from orchestrator.log import read_table
from orchestrator.log.tables import TABLES
from orchestrator.runs.run import run_scenario
from orchestrator.runtime import InProcess, Stepped
from orchestrator.scenario.model import Scenario
from tests.invariants import check_run
from tests.markets import StoppedAfter, run_market
from tests.vllm.models import build, engine_processes, on_cpu

#: What vLLM and its dependencies warn of in this process is not ours to mend.
pytestmark = [pytest.mark.vllm, pytest.mark.filterwarnings("ignore")]

KILLED_IN, STOPPED_AFTER, COUNTED = 4, 21, 20
PATIENCE_S = 200.0


class Killing(InProcess):
    """Kills the engine once, as it is handed work, and waits for it when it is renewed."""

    def __init__(self) -> None:
        super().__init__()
        self.round = 0
        self.killed = False

    def step_providers(self, jobs: Mapping[str, Sequence[Job]], *rest: Any) -> Stepped:
        self.round += 1
        if not self.killed and self.round >= KILLED_IN and jobs.get("real-000"):
            self.killed = True
            for process in engine_processes():
                process.kill()
        return super().step_providers(jobs, *rest)

    def renew_providers(self, providers: Collection[str], now_s: float) -> Collection[str]:
        give_up_s = time.monotonic() + PATIENCE_S
        while providers and time.monotonic() < give_up_s:
            time.sleep(0.1)
            providers = super().renew_providers(providers, now_s)
        return providers


def market(model: Path) -> Scenario:
    real, shared = on_cpu(model), ("profile", "block_size", "kv_blocks", "max_model_len")
    simulated = {key: real[key] for key in shared}
    group = {"count": 1, "domains": ["law"]}
    lengths = {"document": 200, "question": 20, "answer": 30}
    shape = {f"{name}_tokens": {"constant": length} for name, length in lengths.items()}
    return Scenario.model_validate(
        {
            "seed": 5,
            "rounds": 36,
            "round_s": 0.5,
            "providers": [
                group | {"name": "real", "chat_slots": 6, "engine": real},
                group | {"name": "simulated", "engine": simulated},
            ],
            "hubs": {"count": 1},
            "demand": [
                {"kind": "dialogues", "rate_per_s": 4, "domains": {"law": 1}, "shape": shape}
            ],
            "faults": {"requests": "reauction"},
            "log": {"checkpoint_rounds": 5, "snapshot_share": 1.0},
        }
    )


def rows(run: Path, table: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = read_table(run, table).to_pylist()
    return found


def counted(run: Path) -> dict[str, list[dict[str, Any]]]:
    """The rows of the rounds up to the last checkpoint before the run was stopped."""
    return {
        table: [row for row in rows(run, table) if row.get("round", COUNTED + 1) <= COUNTED]
        for table in TABLES
    }


def test_a_run_whose_engine_is_killed_and_which_is_stopped_ends_with_all_it_had(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started, starts = vllm_engine._started, []

    def counting(arguments: Any, provider: str) -> Any:
        starts.append(provider)
        return started(arguments, provider)

    monkeypatch.setattr(vllm_engine, "_started", counting)
    scenario, run = market(build("tiny_llama", tmp_path)), tmp_path / "run"
    runtime = Killing()
    with pytest.raises(KeyboardInterrupt):
        run_market(scenario, run, progress=StoppedAfter(STOPPED_AFTER), runtime=runtime)
    runtime.close()
    assert starts == ["real-000"] * 2
    _, left = psutil.wait_procs(engine_processes(), timeout=30)
    assert left == []
    before = counted(run)

    again = InProcess()
    run_scenario(scenario, "test", run, again, lambda _: None)
    again.close()
    check_run(run)
    assert starts == ["real-000"] * 3
    assert counted(run) == before
    crash, back, resumed, last = rows(run, "faults")
    causes = [row["cause"] for row in (crash, back, resumed, last)]
    assert causes == ["the engine's process has ended", "renewed", "resumed", "renewed"]
    assert crash["round"] >= KILLED_IN  # later where rounds were late and had no time to see it
    assert back["round"] == crash["round"] + 3
    assert (resumed["round"], last["round"]) == (COUNTED + 1, COUNTED + 4)
    assert crash["lost"] > 0
    served = [row for row in rows(run, "completions") if row["error"] is None]
    theirs = {row["round"] for row in served if row["provider"] == "real-000"}
    assert theirs.intersection(range(back["round"], COUNTED + 1))
    assert max(theirs) > last["round"]
    assert not theirs.intersection(range(crash["round"], back["round"]))
