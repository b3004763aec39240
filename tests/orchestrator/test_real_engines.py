"""Markets with real engines that die, hang and are resumed; what serves is a stand-in for vLLM."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from agents.engine import Engine, Job
from agents.engine.wall_clock import WallClock
from agents.engine.watched import WatchedEngine
from agents.engine_params import VllmParams
from market.errors import ParticipantLost
from market.messages import Completion
from market.profiles import EngineProfile
from market.prompt import prompt_tokens
from orchestrator.log import read_checkpoint, read_table
from orchestrator.log.tables import TABLES
from orchestrator.runs.directory import STATE
from orchestrator.runs.run import run_scenario
from orchestrator.runtime import InProcess
from orchestrator.scenario.model import Scenario
from tests.engine_profiles import SMALL_RECORD
from tests.invariants import check_run
from tests.markets import StoppedAfter, run_market, small_market

#: A round lasts so long, on the wall as well.
ROUND_S = 0.1
#: How long one that hangs is waited for.
DEADLINE_S = 0.3
#: In how many openings of a stand-in, by all of a test, what befalls it.
Fates = dict[int, str]

#: Dialogues of one turn, so that a trial is over soon after its last arrival.
ONCE = {"turns": {"constant": 1}}

OPENED: list[str] = []


class StandIn:
    """Serves every job in a bit more than a round; its fate is that of its number."""

    def __init__(self, provider: str, fates: Fates):
        self._provider = provider
        self._fates = fates
        self._fate = ""
        self._served = 0

    async def open(self) -> None:
        OPENED.append(self._provider)
        self._fate = self._fates.get(len(OPENED), "")
        if self._fate == "does not start":
            raise ParticipantLost("no memory")

    async def close(self) -> None:
        pass

    async def show_life(self) -> None:
        if self._fate == "hangs" and self._served >= 2:
            await asyncio.Event().wait()

    async def serve(self, job: Job, clock: WallClock) -> Completion:
        began_s = max(clock.now_s, job.submitted_s)
        await asyncio.sleep(1.2 * ROUND_S)
        self._served += 1
        if self._fate == "dies" and self._served >= 2:
            raise ParticipantLost("it has died")
        if self._fate == "hangs" and self._served >= 2:
            await asyncio.Event().wait()
        now_s = max(clock.now_s, began_s)
        return Completion(
            request=job.request,
            provider=self._provider,
            kind=job.kind,
            submitted_s=job.submitted_s,
            first_token_s=now_s,
            finish_s=now_s,
            prompt_tokens=prompt_tokens(job.prompt),
            cached_tokens=0,
            output_tokens=job.output_tokens,
            answer=job.answer,
        )


@pytest.fixture
def fates(monkeypatch: pytest.MonkeyPatch) -> Fates:
    OPENED.clear()
    found: Fates = {}

    def engine(params: VllmParams, provider: str, profile: EngineProfile) -> Engine:
        hangs = provider == "real-000" and not OPENED and found.get(1) == "hangs"
        return WatchedEngine(StandIn(provider, found), DEADLINE_S if hangs else 60.0)

    monkeypatch.setattr(VllmParams, "engine", engine)
    return found


def market(real: int = 1, **changes: Any) -> Scenario:
    engine = {"kind": "vllm", "model": "m", "profile": SMALL_RECORD}
    group = {"domains": ["law"], "chat_slots": 3}
    usual: dict[str, Any] = {
        "rounds": 20,
        "drain_rounds": 20,
        "round_s": ROUND_S,
        "hubs": {"count": 1},
        "providers": [
            group | {"name": "real", "count": real, "engine": engine},
            group | {"name": "other", "count": 1, "engine": {"profile": SMALL_RECORD}},
        ],
        "demand": [{"kind": "dialogues", "rate_per_s": 30, "domains": {"law": 1}, "shape": ONCE}],
        "faults": {"requests": "reauction"},
    }
    return small_market(**usual | changes)


def table(run: Path, name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = read_table(run, name).to_pylist()
    return found


def events(run: Path) -> list[tuple[str, str, str]]:
    return [(row["name"], row["event"], row["cause"]) for row in table(run, "faults")]


def served_after(run: Path, provider: str, round_: int) -> int:
    rows = table(run, "completions")
    theirs = [row for row in rows if row["provider"] == provider and row["error"] is None]
    return sum(row["finish_s"] > round_ * ROUND_S for row in theirs)


@pytest.mark.parametrize(
    ("fate", "cause"), [("dies", "it has died"), ("hangs", "no sign of life within 0.3 s")]
)
def test_a_real_engine_that_is_lost_is_a_lost_provider_and_comes_back(
    fate: str, cause: str, fates: Fates, tmp_path: Path
) -> None:
    fates[1] = fate
    run = run_market(market(real=2), tmp_path / "run")
    assert events(run) == [("real-000", "crash", cause), ("real-000", "back", "renewed")]
    crash, back = table(run, "faults")
    assert crash["lost"] >= crash["reauctioned"] >= 1
    assert back["round"] >= crash["round"] + 3
    assert OPENED == ["real-000", "real-001", "real-000"]
    assert served_after(run, "real-000", back["round"]) > 0
    assert served_after(run, "real-001", crash["round"]) > 0


def test_an_engine_that_does_not_start_again_stays_lost_while_the_market_goes_on(
    fates: Fates, tmp_path: Path
) -> None:
    fates.update({1: "dies"} | dict.fromkeys(range(2, 1000), "does not start"))
    run = run_market(market(), tmp_path / "run")
    assert events(run) == [("real-000", "crash", "it has died")]
    assert len(OPENED) > 2
    assert served_after(run, "other-000", 20) > 0


def test_a_crash_that_is_listed_befalls_a_real_engine_too(fates: Fates, tmp_path: Path) -> None:
    faults = {"listed": [{"round": 9, "provider": "real-000"}], "down_rounds": 2}
    run = run_market(market(faults=faults), tmp_path / "run")
    crash, back = table(run, "faults")
    assert (crash["round"], crash["cause"], back["event"]) == (9, "listed", "back")
    assert back["round"] >= 11  # its engine starts beside the market
    assert OPENED == ["real-000"] * 2
    assert served_after(run, "real-000", back["round"]) > 0


@pytest.mark.parametrize(("share", "fate"), [(0.0, "dies"), (1.0, "")])
def test_a_run_goes_on_with_the_answers_that_it_had_and_starts_its_engines_once(
    share: float, fate: str, fates: Fates, tmp_path: Path
) -> None:
    fates[1] = fate
    run = tmp_path / "run"
    scenario = market(log={"checkpoint_rounds": 4, "snapshot_share": share})
    with pytest.raises(KeyboardInterrupt):
        run_market(scenario, run, progress=StoppedAfter(14))
    assert (run / STATE / "journal-0000").exists()
    before = {name: logged(run, name, 12) for name in TABLES}
    checkpoint = read_checkpoint(run)
    assert checkpoint is not None
    assert checkpoint.round == 12
    OPENED.clear()
    fates.clear()
    run_scenario(scenario, "test", run, InProcess(), lambda _: None)
    check_run(run)
    assert {name: logged(run, name, 12) for name in TABLES} == before
    assert any(row["provider"] == "real-000" for row in before["completions"])
    assert events(run)[0] == ("real-000", "crash", "it has died" if fate else "resumed")
    assert events(run)[-1] == ("real-000", "back", "renewed")
    assert OPENED == ["real-000"]
    assert served_after(run, "real-000", 16) > 0


def logged(run: Path, name: str, up_to: int) -> list[dict[str, Any]]:
    """The rows of the first rounds, those of tables that tell the round."""
    return [row for row in table(run, name) if row.get("round", up_to + 1) <= up_to]
