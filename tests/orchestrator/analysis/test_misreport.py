from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from market.matching import clear
from market.workflow import star
from orchestrator.analysis.logged_run import LoggedRun
from orchestrator.analysis.misreport import Misreport, largest_misreports
from orchestrator.analysis.replay import chat_clearing, workflow_auction
from orchestrator.audit import workflow_places
from orchestrator.cli.announce import _misreport_line
from orchestrator.log import read_table
from orchestrator.scenario.model import Scenario
from tests.markets import DIALOGUES, GROUPS, WORKFLOWS, run_market, small_market

DEMAND = [DIALOGUES | {"rate_per_s": 20}, WORKFLOWS]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return run_market(small_market(demand=DEMAND), tmp_path_factory.mktemp("run") / "run")


def misreports(run: Path) -> dict[str, Misreport]:
    """By kind of clearing."""
    return {one.where.split()[0]: one for one in largest_misreports(run)}


def test_a_logged_chat_clearing_can_be_cleared_again(run: Path) -> None:
    awards = [row for row in read_table(run, "awards").to_pylist() if row["kind"] == "chat"]
    for hub in read_table(run, "hubs").to_pylist()[:10]:
        clearing = chat_clearing(LoggedRun(run), 0, hub["round"], hub["hub"])
        logged = [row for row in awards if (row["round"], row["hub"]) == (hub["round"], hub["hub"])]
        if clearing is None:
            assert not logged
            continue
        allowed = np.ones(clearing.values.shape, dtype=bool)
        rest = (allowed, clearing.capacities, clearing.clients)
        outcome = clear(clearing.values, clearing.costs, *rest)
        assert outcome.welfare == hub["reported_welfare_nano"]
        assert outcome.scarcity_prices.tolist() == hub["scarcity_prices_nano"]
        assert outcome.payments.sum() == sum(row["client_pays_nano"] for row in logged)


def test_a_logged_workflow_auction_can_be_cleared_again(run: Path) -> None:
    bought = read_table(run, "auctions").to_pylist()
    assert bought
    for row in bought:
        auction = workflow_auction(LoggedRun(run), 0, row["workflow"])
        outcome = star(auction.workflow, auction.offers)
        assert outcome.virtual_cost_usd == pytest.approx(row["virtual_cost_usd"], rel=1e-12)
        paid = sum(outcome.payments_usd.values())
        assert paid == pytest.approx(row["payment_nano"] / 1e9, rel=1e-6)


def test_a_provider_that_is_paid_its_bid_gains_by_lying_and_earns_nothing_with_the_truth(
    run: Path,
) -> None:
    lie = misreports(run)["chat"].finding
    assert lie.truthful_utility == pytest.approx(0.0, abs=1e-6)
    assert lie.gains
    assert lie.witness_utility > 1e-6


def test_no_winner_of_a_workflow_gains_by_lying(run: Path) -> None:
    lie = misreports(run)["workflow"].finding
    assert lie.truthful_utility > 0
    assert lie.method == "exact"
    assert not lie.gains


@pytest.mark.parametrize(
    "changes",
    [{"hubs": {"count": 2, "mechanism": "sticky"}}, {"log": {"predictions": "awarded"}}],
    ids=["no auction", "not everyone in the log"],
)
def test_a_clearing_that_cannot_be_held_again_has_no_misreport(
    changes: dict[str, Any], tmp_path: Path
) -> None:
    run = run_market(small_market(demand=DEMAND, **changes), tmp_path / "r")
    assert set(misreports(run)) == {"workflow"}


def test_clients_that_pay_by_the_request_have_misreports_too(tmp_path: Path) -> None:
    market = small_market(demand=DEMAND, hubs={"count": 2, "mechanism": "auction_per_request"})
    assert set(misreports(run_market(market, tmp_path / "run"))) == {"chat", "workflow"}


@pytest.mark.parametrize("workflow", [{"mechanism": "pay_as_bid"}, {"workload": "published"}])
def test_the_rule_that_bought_a_workflow_is_named(workflow: dict[str, Any], tmp_path: Path) -> None:
    market = small_market(demand=[WORKFLOWS], hubs={"count": 2, "workflow": workflow})
    found = misreports(run_market(market, tmp_path / "run"))["workflow"]
    described = {"pay_as_bid": "pay_as_bid", "published": "star workload=published"}
    (chosen,) = workflow.values()
    assert found.where.endswith(f", bought by {described[chosen]}")
    assert f"({found.where}): " in _misreport_line(found)


def unpaid(**changes: Any) -> Scenario:
    """A lone provider without a reserve, who never loses work and so is paid for none."""
    alone = GROUPS[1] | {"count": 1, "workflow_slots": 4}
    hubs = {"count": 2, "workflow": {"reserve": "none"}}
    return small_market(
        providers=[GROUPS[0] | {"workflow_slots": 0}, alone],
        hubs=hubs,
        demand=[WORKFLOWS],
        **changes,
    )


def test_where_nobody_was_paid_there_is_no_best_paid_winner(tmp_path: Path) -> None:
    run = run_market(unpaid(), tmp_path / "run")
    assert set(read_table(run, "auctions")["payment_nano"].to_pylist()) == {0}
    assert not misreports(run)
    assert len(workflow_places(LoggedRun(run))) == read_table(run, "auctions").num_rows > 0


def test_whoever_would_be_declined_with_the_truth_earns_nothing_with_it(tmp_path: Path) -> None:
    """A prior below the true cost: only a bid that is too low is admitted at all."""
    large = GROUPS[1] | {
        "strategy": {"kind": "conservative", "by": 0.2},
        "prior": {"kind": "uniform", "low": 0.1, "high": 2.0},
        "cost": {"base": 5.0, "scarcity": [0.17, 0.7]},
    }
    market = small_market(providers=[GROUPS[0], large], demand=[WORKFLOWS])
    lie = misreports(run_market(market, tmp_path / "run"))["workflow"].finding
    assert lie.truthful_utility == 0.0


def test_without_the_market_there_is_no_misreport(tmp_path: Path) -> None:
    chat_only = run_market(small_market(demand=[DIALOGUES]), tmp_path / "chat")
    assert set(misreports(chat_only)) == {"chat"}
    workflows_only = run_market(small_market(demand=[WORKFLOWS]), tmp_path / "workflows")
    assert set(misreports(workflows_only)) == {"workflow"}


def test_the_truth_of_a_liar_is_found_too(tmp_path: Path) -> None:
    liars = [group | {"strategy": {"kind": "aggressive", "by": 1.3}} for group in GROUPS]
    run = run_market(small_market(providers=liars, demand=DEMAND), tmp_path / "run")
    assert not misreports(run)["workflow"].finding.gains
