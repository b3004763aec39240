from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.analysis.logged_run import LoggedRun
from orchestrator.analysis.metrics import market_metrics
from orchestrator.analysis.replay import workflow_auction
from tests.oracles import BruteForceWorkflow

NAMES = ("workflow_efficiency", "workflow_overpayment", "workflow_allocation_loss", "workflow_rent")


def by_exhaustion(run: Path, trial: int) -> tuple[float, float, float]:
    """Paid, the true cost of what was allocated, and the least there was, USD."""
    log = LoggedRun(run)
    paid = bought = least = 0.0
    for row in log.rows("auctions", trial=trial):
        held = workflow_auction(log, trial, row["workflow"])
        brute = BruteForceWorkflow(held.workflow, held.offers, charge_entry_input=True)
        truth = [held.true_costs[offer.provider] for offer in held.offers]
        nodes = log.rows("nodes", trial=trial, workflow=row["workflow"])
        where = {node["node"]: node["provider"] for node in nodes}
        paid += row["payment_nano"] / 1e9
        for place, offer in enumerate(held.offers):
            if offer.provider in where.values():
                bought += truth[place] * brute.quantity(where, place) / 1e6
        least += brute.least_cost_usd(dict(enumerate(truth)))
    return paid, bought, least


@pytest.mark.parametrize(
    ("market", "trial"), [("truthful", 0), ("truthful", 1), ("lying", 0), ("ironed", 0)]
)
def test_prices_are_over_the_cheapest_of_all_allocations(
    market: str, trial: int, request: pytest.FixtureRequest
) -> None:
    run: Path = request.getfixturevalue(market)
    found = market_metrics(run, NAMES)[trial]
    paid, bought, least = by_exhaustion(run, trial)
    expected = (least / bought, paid / least - 1, bought / least - 1, (paid - bought) / least)
    assert tuple(found.values()) == pytest.approx(expected, rel=1e-6, abs=1e-9)
    assert 0 < found["workflow_efficiency"] <= 1


def test_star_pays_rents_and_departs_from_the_cheapest_allocation(truthful: Path) -> None:
    trials = market_metrics(truthful, NAMES)
    assert all(found["workflow_rent"] > 0.1 for found in trials.values())
    assert 0 < trials[1]["workflow_allocation_loss"] < 0.01
    assert trials[1]["workflow_efficiency"] < 1


def test_priors_that_are_wrong_distort_more_than_those_that_are_right(
    ironed: Path, truthful: Path
) -> None:
    (wrong,) = market_metrics(ironed, NAMES).values()
    assert wrong["workflow_efficiency"] < market_metrics(truthful, NAMES)[1]["workflow_efficiency"]


def test_paying_true_bids_is_as_cheap_as_can_be(routed: Path) -> None:
    (found,) = market_metrics(routed, NAMES).values()
    assert found["workflow_efficiency"] == 1
    assert found["workflow_allocation_loss"] == 0
    assert found["workflow_overpayment"] == pytest.approx(0, abs=1e-6)


def test_paying_false_bids_is_not(lying: Path) -> None:
    (found,) = market_metrics(lying, NAMES).values()
    assert found["workflow_efficiency"] < 0.99
    # half of the providers bid below their cost
    assert found["workflow_rent"] < 0
