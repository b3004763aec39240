"""What verification finds with nothing but the rest of the log, and what it says of its limits."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from market.errors import BadInput
from market.matching import BACKENDS
from market.workflow.elimination import Elimination
from orchestrator.log import read_checkpoint, read_table
from orchestrator.verify import verify, verify_run
from orchestrator.verify.command import as_json, described
from orchestrator.verify.verify import Verdict
from tests.markets import rewritten, small_market
from tests.orchestrator.verify.logs import log_of, play

Row = dict[str, Any]


@pytest.fixture(scope="module")
def auction(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return log_of("auction", tmp_path_factory.mktemp("logs"))


def of_rewritten(run: Path, copy: Path, table: str, change: Any) -> Verdict:
    """The verdict, digests apart, on a copy with one table changed."""
    return next(verify_run(rewritten(run, copy, table, change), digests=False))


def chat_award(rows: list[Row]) -> Row:
    return next(row for row in rows if row["kind"] == "chat" and row["client_pays_nano"] > 0)


def test_a_client_that_paid_one_nano_usd_less_is_named(auction: Path, tmp_path: Path):
    changed: list[Row] = []

    def cheaper(rows: list[Row]) -> None:
        row = chat_award(rows)
        row["client_pays_nano"] -= 1
        changed.append(dict(row))

    verdict = of_rewritten(auction, tmp_path / "run", "awards", cheaper)
    by_price = [f for f in verdict.findings if f.check.startswith("payments and prices")]
    assert any(
        (f.table, f.round, f.column) == ("awards", changed[0]["round"], "client_pays_nano")
        and changed[0]["request"] in f.row
        for f in by_price
    )


def test_an_allocation_below_the_optimum_is_found_by_another_solver(auction: Path, tmp_path: Path):
    def unmatched(rows: list[Row]) -> None:
        rows.remove(chat_award(rows))

    verdict = of_rewritten(auction, tmp_path / "run", "awards", unmatched)
    assert any(f.check == "the allocation reaches the optimum" for f in verdict.findings)


def test_a_node_moved_to_another_bidder_is_found(auction: Path, tmp_path: Path):
    def moved(rows: list[Row]) -> None:
        others = {row["provider"] for row in rows} | {f"large-00{n}" for n in range(4)}
        rows[0]["provider"] = min(others - {rows[0]["provider"]})

    verdict = of_rewritten(auction, tmp_path / "run", "nodes", moved)
    assert verdict.count > 0


def test_of_a_run_that_was_stopped_what_is_open_is_no_finding(auction: Path, tmp_path: Path):
    path = auction / "run.json"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace('"complete"', '"interrupted"'), encoding="utf-8")
    try:
        (verdict,) = verify_run(auction)
    finally:
        path.write_text(text, encoding="utf-8")
    assert verdict.count == 0
    assert any("it is interrupted" in line for line in verdict.coverage.lines)


def test_of_a_log_that_grows_while_it_is_read_nothing_later_is_looked_at(
    auction: Path, monkeypatch: pytest.MonkeyPatch
):
    before = read_checkpoint(auction)
    assert before is not None
    earlier = before.model_copy(update={"round": 5, "over": False})
    monkeypatch.setattr(verify, "read_checkpoint", lambda run: earlier)
    described = verify.read_description(auction).model_copy(update={"status": "running"})
    monkeypatch.setattr(verify, "read_description", lambda run: described)
    (verdict,) = verify_run(auction, digests=False)
    assert verdict.findings == []
    assert verdict.coverage.checked["rounds"] == 5


def test_a_round_that_no_run_reaches_is_found_and_no_work_is_spent_on_it(
    auction: Path, tmp_path: Path
):
    def far_away(rows: list[Row]) -> None:
        rows[-1]["round"] = 2**62

    for table in ("rounds", "auctions", "predictions"):
        verdict = of_rewritten(auction, tmp_path / table, table, far_away)
        assert any(one.found == str(2**62) for one in verdict.findings)


def test_optima_are_found_by_another_solver_than_the_runs(
    auction: Path, monkeypatch: pytest.MonkeyPatch
):
    """The backend and the elimination that this run took both refuse to work."""

    def refuse(*_: object) -> None:
        raise AssertionError("the run's own solver")

    assert set(read_table(auction, "auctions")["solver"].to_pylist()) == {"elimination"}
    monkeypatch.setitem(BACKENDS, "dense", refuse)
    monkeypatch.setattr(Elimination, "allocate", refuse)
    (verdict,) = verify_run(auction, payments="all", digests=False)
    assert verdict.findings == []
    checked = verdict.coverage.checked
    assert checked["optima of chat clearings by sparse"] > 5
    assert checked["optima of workflows by highs"] == checked["workflow auctions"]
    assert checked["thresholds of workflows by the run's own solver"] == 0


@pytest.mark.parametrize("solver", ["highs", "elimination"])
def test_what_is_paid_as_bid_is_found_by_another_solver_too(solver: str, tmp_path: Path):
    hubs = {"count": 2, "workflow": {"mechanism": "pay_as_bid", "solver": solver}}
    (verdict,) = verify_run(play(small_market(rounds=4, hubs=hubs), tmp_path / "run"))
    assert verdict.findings == []
    other = "elimination" if solver == "highs" else "highs"
    assert verdict.coverage.checked[f"optima of workflows by {other}"] > 0


def test_who_is_turned_away_at_a_patience_of_one_is_not_missed_in_the_clearing(tmp_path: Path):
    hubs = {"count": 2, "patience_rounds": 1, "admission": {"per_round": 1}}
    run = play(small_market(rounds=6, hubs=hubs, clients={"count": 3}), tmp_path / "run")
    assert sum(read_table(run, "hubs")["turned_away"].to_pylist()) > 5
    (verdict,) = verify_run(run)
    assert verdict.findings == []

    def one_less(rows: list[Row]) -> None:
        next(row for row in rows if row["turned_away"])["turned_away"] -= 1

    verdict = of_rewritten(run, tmp_path / "copy", "hubs", one_less)
    assert verdict.findings[0].column == "turned_away"


def test_a_fault_that_was_in_store_must_have_happened_and_no_other(tmp_path: Path):
    run = log_of("losses", tmp_path)

    def drawn(rows: list[Row]) -> None:
        rows[0]["cause"] = "drawn"

    def gone(rows: list[Row]) -> None:
        rows[:] = [row for row in rows if row["participant"] != "hub"]

    for name, change in (("drawn", drawn), ("gone", gone)):
        verdict = of_rewritten(run, tmp_path / name, "faults", change)
        assert "faults are those in store" in {one.check for one in verdict.findings}


def test_a_log_without_everyones_predictions_says_what_it_could_not_check(tmp_path: Path):
    for kept in ("awarded", "none"):
        scenario = small_market(rounds=5, log={"predictions": kept})
        (verdict,) = verify_run(play(scenario, tmp_path / kept))
        assert verdict.count == 0
        assert any(f"log.predictions is {kept}" in line for line in verdict.coverage.lines)


def test_runs_that_it_is_compared_with_are_verified_too(tmp_path: Path):
    run = play(small_market(rounds=5, compare=["random"]), tmp_path / "run")
    verdicts = list(verify_run(run))
    assert [verdict.run.name for verdict in verdicts] == ["run", "random"]
    assert not any(verdict.count for verdict in verdicts)
    (run / "compared" / "random" / "run.json").unlink()
    (verdict,) = verify_run(run)
    assert verdict.findings[0].column == "scenario.compare"


def test_the_first_line_names_the_row_and_json_says_the_same(auction: Path, tmp_path: Path):
    def dearer(rows: list[Row]) -> None:
        rows[3]["client_paid_nano"] += 1

    copy = rewritten(auction, tmp_path / "run", "settlements", dearer)
    (verdict,) = verify_run(copy)
    first, *_, last = described(verdict, quiet=False)
    assert first.startswith(f"{copy}: settlements, trial 0, round ")
    assert "row " in first
    assert "altered" in first
    assert f"{verdict.count} findings" in last
    told = json.loads(as_json(verdict))
    assert told["holds"] is False
    assert told["findings"][0]["table"] == "settlements"


def test_a_directory_without_a_run_is_bad_input(tmp_path: Path):
    with pytest.raises(BadInput, match=r"run\.json"):
        next(verify_run(tmp_path))
