from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment

from orchestrator.analysis.logged_run import LoggedRun
from orchestrator.analysis.metrics import market_metrics
from tests.markets import rewritten


def efficiency(run: Path, trial: int = 0) -> float:
    return market_metrics(run, ["chat_efficiency"])[trial]["chat_efficiency"]


def matrices(run: Path) -> dict[tuple[int, str], tuple[np.ndarray, np.ndarray]]:
    """Weights by the true numbers, and the logged match, of every clearing of trial 0.

    In the market of lies values are reported half as high again, so what is logged is two thirds
    too much; what a bid is over the cost comes from the bids.
    """
    log = LoggedRun(run)
    told_usd = {
        row["request"]: row["true_quality_usd"] / row["reported_quality_usd"]
        for row in log.rows("requests", trial=0)
    }
    truth = {
        (row["round"], row["provider"]): row["true_cost"] / row["chat_bid"]
        for row in log.rows("bids", trial=0)
    }
    won = {row["request"]: row for row in log.rows("awards", trial=0, kind="chat")}
    members: dict[str, list[str]] = {}
    for row in log.rows("providers", trial=0):
        members.setdefault(row["hub"], []).append(row["provider"])
    found: dict[tuple[int, str], list[tuple[np.ndarray, np.ndarray]]] = {}
    for row in log.rows("predictions", trial=0):
        names = members[row["hub"]]
        scale = np.array([truth[row["round"], name] for name in names])
        values = np.array(row["value_nano"]) * told_usd[row["request"]]
        award = won.get(row["request"])
        at = award["provider"] if award and award["round"] == row["round"] else None
        taken = np.array([name == at for name in names])
        slots = np.array(row["capacities"])
        entry = np.stack([values - scale * row["cost_nano"], taken]), slots
        found.setdefault((row["round"], row["hub"]), []).append(entry)
    return {
        key: (np.array([entry for entry, _ in rows]), rows[0][1]) for key, rows in found.items()
    }


def by_assignment(run: Path) -> float:
    """The same share with every slot a column of its own."""
    had = best = 0.0
    for rows, slots in matrices(run).values():
        weights, taken = rows[:, 0], rows[:, 1]
        had += float((weights * taken).sum())
        wide = np.repeat(np.maximum(weights, 0), slots, axis=1)
        best += float(wide[linear_sum_assignment(wide, maximize=True)].sum())
    return had / best


def test_the_auction_has_all_there_is_to_have_where_reports_are_true(truthful: Path) -> None:
    assert [efficiency(truthful, trial) for trial in (0, 1)] == [1.0, 1.0]


def test_values_are_as_cautious_as_the_hub(cautious: Path) -> None:
    assert efficiency(cautious) == 1.0


@pytest.mark.parametrize("market", ["lying", "routed"])
def test_lies_exploration_and_random_routing_lose_what_an_assignment_says(
    market: str, request: pytest.FixtureRequest
) -> None:
    run: Path = request.getfixturevalue(market)
    assert efficiency(run) == pytest.approx(by_assignment(run), rel=1e-5)
    assert efficiency(run) < 0.9


def test_a_log_without_predictions_does_not_say(chat_alone: Path) -> None:
    assert math.isnan(efficiency(chat_alone))


def test_a_trial_whose_requests_have_not_all_ended_does_not_say(
    truthful: Path, tmp_path: Path
) -> None:
    def forget(rows: list[dict[str, object]]) -> None:
        rows.remove(next(row for row in rows if row["trial"] == 1 and row["status"] == "served"))

    run = rewritten(truthful, tmp_path / "run", "requests", forget)
    assert efficiency(run, 0) == 1.0
    assert math.isnan(efficiency(run, 1))
