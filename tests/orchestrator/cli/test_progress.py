"""How a run gets on, as a person sees it: a bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import pickle
import re
from collections.abc import Callable
from io import StringIO
from itertools import pairwise
from pathlib import Path

import pytest
from rich.console import Console

from orchestrator.analysis.summary import summarize
from orchestrator.cli import progress
from orchestrator.cli.pace import Pace
from orchestrator.cli.progress import RunProgress, so_far
from orchestrator.runs.advance import SEATING, Advance, Tally, logged_tally
from orchestrator.runs.run import run_scenario
from orchestrator.runtime import InProcess
from tests.markets import WORKFLOWS, small_market

MARKET = small_market(
    rounds=12,
    demand=[{"kind": "dialogues", "rate_per_s": 25}, WORKFLOWS | {"names": ["S3"]}],
    hubs={"count": 2, "patience_rounds": 1},
    faults={
        "providers": {"mean_up_s": 40},
        "hangs": {"mean_up_s": 40},
        "hubs": {"mean_up_s": 20},
        "down_rounds": 2,
    },
)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Advance]]:
    """A market with losses, and what was told of it after every round."""
    directory = tmp_path_factory.mktemp("progress") / "run"
    return directory, played(directory)


def played(directory: Path, heard: Callable[[Advance], None] | None = None) -> list[Advance]:
    told: list[Advance] = []

    def report(advance: Advance) -> None:
        told.append(advance)
        if heard is not None:
            heard(advance)

    directory.mkdir(exist_ok=True)
    run_scenario(MARKET, "test", directory, InProcess(), report, tell=lambda line: None)
    return told


def test_what_is_told_last_is_what_the_summary_says(run: tuple[Path, list[Advance]]) -> None:
    directory, told = run
    tally, summary = told[-1].tally, summarize(directory)
    assert tally.served == summary.chat.served > 0
    assert tally.refused == summary.chat.refused > 0
    assert tally.failed == summary.chat.failed > 0
    assert tally.workflows_served == summary.workflows.served
    assert tally.workflows_refused == summary.workflows.refused
    assert tally.workflows_failed == summary.workflows.failed
    assert summary.workflows.asked > 0
    assert tally.reported_welfare_usd == pytest.approx(summary.chat.reported_welfare_usd)
    lost = summary.faults.crashes + summary.faults.hangs + summary.faults.hub_crashes
    assert tally.losses == lost > 0


def test_a_tally_only_grows_but_for_the_welfare(run: tuple[Path, list[Advance]]) -> None:
    _, told = run
    for before, after in pairwise(told):
        assert before.rounds <= after.rounds <= MARKET.rounds
        for name in vars(before.tally):
            if name != "reported_welfare_nano":
                assert getattr(before.tally, name) <= getattr(after.tally, name)


def test_the_log_gives_the_same_tally(run: tuple[Path, list[Advance]]) -> None:
    directory, told = run
    assert logged_tally(directory, 0) == told[-1].tally
    assert logged_tally(directory, 1) == Tally()


def test_a_run_that_is_gone_on_with_counts_what_was_before(
    run: tuple[Path, list[Advance]], tmp_path: Path
) -> None:
    def stop(advance: Advance) -> None:
        if advance.rounds == 9:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        played(tmp_path / "run", stop)
    told = played(tmp_path / "run")
    again = [one for one in told if one.stage.endswith("computed again")]
    assert {one.tally for one in again} <= {logged_tally(tmp_path / "run", 0), again[0].tally}
    assert told[-1].tally == run[1][-1].tally


def test_what_is_told_crosses_process_boundaries(run: tuple[Path, list[Advance]]) -> None:
    for advance in run[1]:
        assert pickle.loads(pickle.dumps(advance)) == advance


def test_without_a_terminal_a_plain_line_tells_everything(
    run: tuple[Path, list[Advance]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orchestrator.progress.PLAIN_EVERY_S", 0.0)
    out = StringIO()
    with RunProgress(Console(file=out, width=40), MARKET.rounds) as shown:
        for advance in run[1]:
            shown.show(advance)
    lines = out.getvalue().splitlines()
    assert len(lines) == len(run[1])
    tally = run[1][-1].tally
    pace = r"12/12 rounds, [\d.e+]+ rounds/s, 0:00 left"
    assert re.match(f"^auction, trial 0: {pace}; welfare so far -?\\$", lines[-1])
    for said in (
        f"${abs(tally.reported_welfare_usd):,.3f} as predicted",
        f"requests {tally.served} served, {tally.refused} refused, {tally.failed} failed",
        f"workflows {tally.workflows_served} served",
        f"participants lost {tally.losses} times",
    ):
        assert said in lines[-1]


def test_a_line_comes_every_ten_seconds_and_not_more_often(
    run: tuple[Path, list[Advance]], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [100.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    out = StringIO()
    with RunProgress(Console(file=out), 40) as shown:
        for second in range(40):
            now[0] = 100.0 + second
            shown.show(at(second))
    lines = out.getvalue().splitlines()
    assert [line.split(",")[1].split()[2] for line in lines] == ["10/40", "20/40", "30/40"]
    assert "1 rounds/s, 0:30 left" in lines[0]


@pytest.mark.parametrize("width", [50, 120])
def test_a_terminal_shows_a_bar_and_the_same_figures(
    width: int, run: tuple[Path, list[Advance]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "DRAWN_EVERY_S", 0.0)
    out = StringIO()
    console = Console(file=out, width=width, force_terminal=True, _environ={})
    with RunProgress(console, MARKET.rounds) as shown:
        for advance in run[1]:
            shown.show(advance)
    said = " ".join(re.sub(r"\x1b\[[\d;?]*[A-Za-z]", " ", out.getvalue()).split())
    assert "12/12 rounds" in said
    assert "rounds/s" in said
    assert so_far(run[1][-1].tally).split("; ")[1] in said


def at(rounds: int) -> Advance:
    return Advance("auction, trial 0", rounds)


def test_a_pace_is_of_the_last_thirty_seconds() -> None:
    pace = Pace(rounds=1000)
    assert pace.rounds_per_s is pace.left_s is None
    pace.note(Advance(SEATING, 0), -50.0)
    pace.note(at(500), 0.0)
    assert pace.rounds_per_s is None
    for second in range(1, 101):
        rounds = 500 + 10 * second if second <= 40 else 860 + second
        pace.note(at(rounds), float(second))
    assert pace.rounds_per_s == pytest.approx(1.0)
    assert pace.left_s == pytest.approx(1000 - 960)


def test_rounds_much_shorter_than_a_second_are_not_all_remembered() -> None:
    pace = Pace(rounds=10**6)
    for number in range(100_000):
        pace.note(at(number), number / 1000)
    assert pace.rounds_per_s == pytest.approx(1000, rel=0.02)
    assert len(pace._seen) < 200


def test_nothing_is_said_of_workflows_and_losses_where_there_are_none() -> None:
    assert so_far(Tally(served=1200, reported_welfare_nano=-1_500_000_000)) == (
        "welfare so far -$1.500 as predicted; requests 1,200 served, 0 refused, 0 failed"
    )
