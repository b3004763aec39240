"""Workflow auctions, priors included, are rebuilt from the log to the last float."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hubs.host import HubsRound
from hubs.params import PriorLearningParams
from hubs.prior_learning import pools
from hubs.workflow_hub import WorkflowHub
from market.errors import BadInput
from market.money import TOKENS_PER_MTOK, nano_usd
from market.workflow import Offer, StarOutcome, star
from market.workflow.mechanisms import MECHANISMS
from orchestrator.analysis.logged_run import LoggedRun
from orchestrator.analysis.replay import workflow_auction, workflow_priors
from orchestrator.log import read_table
from orchestrator.runs.directory import read_description
from orchestrator.runtime import Cleared, InProcess
from tests.hubs.builders import provider as provider_of
from tests.markets import GROUPS, PRIORS, WORKFLOWS, rewritten, run_market, small_market

LEARNING = {"min_samples": 10, "window": 40, "quantiles": 12}
RANDOM = {"strategy": {"kind": "random", "between": [0.6, 1.5]}}


def market(source: str, **prior: Any) -> dict[str, Any]:
    """A market whose providers lie, so that some bids are declined."""
    return {
        "providers": [group | RANDOM | prior for group in GROUPS],
        "hubs": {"count": 2, "workflow": {"prior": LEARNING | {"source": source}}},
        "demand": [WORKFLOWS | {"names": ["S3"], "every_rounds": 1}],
        "trials": 2,
        "rounds": 12,
    }


def buying(**workflow: Any) -> dict[str, Any]:
    """The same with another rule, or other options, of the workflow hub."""
    changes = market("fixed")
    return changes | {"hubs": {"count": 2, "workflow": workflow}}


MARKETS = {
    **{f"stated: {kind}": market("fixed", prior=prior) for kind, prior in PRIORS.items()},
    "the same in all rounds": market("fixed", prior=PRIORS["empirical"] | {"scaled": False}),
    "from the cost": market("fixed"),
    "others": market("others"),
    "disjoint pools": market("disjoint_pool"),
    "others, the hub begun anew": market("others")
    | {"faults": {"listed": [{"round": 6, "hub": "workflow"}, {"round": 17, "hub": "workflow"}]}},
    "others, on what is stated": market("others", prior=PRIORS["truncated_lognormal"]),
    **{name: buying(mechanism=name) for name in MECHANISMS},
    "on the published workload": buying(workload="published"),
    "by bisection": buying(payment_method="bisection"),
    "without a reserve": buying(reserve="none"),
    "greedily without a reserve": buying(mechanism="greedy", reserve="none"),
    "entry input is free": buying(charge_entry_input=False),
    "cached input is charged": buying(charge_cached_input=True),
}


class Watched(InProcess):
    """A runtime that keeps the offers of every auction, by trial and workflow."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__()
        self.offers: dict[tuple[int, str], Sequence[Offer]] = {}
        self._trial = -1
        self._latest: list[Sequence[Offer]] = []
        offered = WorkflowHub._offers

        def watched(hub: WorkflowHub, *rest: Any) -> list[Offer]:
            self._latest.append(offered(hub, *rest))
            return list(self._latest[-1])

        monkeypatch.setattr(WorkflowHub, "_offers", watched)

    def seat(self, *rest: Any) -> None:
        self._trial += 1
        super().seat(*rest)

    def clear_hubs(self, round_: HubsRound) -> Cleared:
        self._latest.clear()
        cleared = super().clear_hubs(round_)
        reply = cleared.reply
        assert reply.workflow is not None
        auctions = iter(self._latest)
        for award in reply.workflow.awards:
            # what could not be bought has offers too
            offers = next(one for one in auctions if _names(one) == award.bidders and _buys(one))
            self.offers[self._trial, award.request.request] = offers
        return cleared


def _names(offers: Sequence[Offer]) -> tuple[str, ...]:
    return tuple(offer.provider for offer in offers)


def _buys(offers: Sequence[Offer]) -> bool:
    return any(offer.tier >= 3 for offer in offers)


@pytest.mark.parametrize("changes", MARKETS.values(), ids=MARKETS.keys())
def test_every_logged_auction_is_cleared_again_with_the_very_same_offers(
    changes: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runtime = Watched(monkeypatch)
    run = run_market(small_market(**changes), tmp_path / "run", runtime=runtime)
    hub = read_description(run).scenario.hubs.workflow
    awards = read_table(run, "awards").to_pylist()
    bought = read_table(run, "auctions").to_pylist()
    assert len(bought) == len(runtime.offers) > 10
    for row in bought:
        auction = workflow_auction(LoggedRun(run), row["trial"], row["workflow"])
        assert auction.offers == tuple(runtime.offers[row["trial"], row["workflow"]])
        again = hub.rule.buy(auction.workflow, auction.offers, hub.options)
        logged = {
            award["provider"]: award["client_pays_nano"]
            for award in awards
            if (award["trial"], award["request"]) == (row["trial"], row["workflow"])
        }
        assert logged == auction.payments_nano
        assert {name: nano_usd(paid) for name, paid in again.payments_usd.items()} == logged
        cost = again.virtual_cost_usd if isinstance(again, StarOutcome) else None
        assert cost == row["virtual_cost_usd"] == auction.virtual_cost_usd


@pytest.mark.parametrize("source", ["fixed", "others", "disjoint_pool"])
def test_the_priors_of_early_rounds_are_public_and_those_of_late_ones_of_the_source(
    source: str, tmp_path: Path
) -> None:
    run = run_market(small_market(**market(source)), tmp_path / "run")
    assert {prior.kind for prior in workflow_priors(LoggedRun(run), 0, 1).values()} == {"uniform"}
    late = workflow_priors(LoggedRun(run), 0, 12)
    assert {prior.kind for prior in late.values()} == {
        "uniform" if source == "fixed" else "empirical"
    }
    assert len(late) == 12


def test_the_log_of_a_stated_prior_does_not_grow_with_the_run(tmp_path: Path) -> None:
    run = run_market(small_market(**MARKETS["stated: empirical"]), tmp_path / "run")
    priors = read_table(run, "priors").to_pylist()
    assert [(row["trial"], row["round"], row["prior"]) for row in priors] == [(0, 1, 0), (1, 1, 0)]
    assert priors[0]["samples"] == PRIORS["empirical"]["samples"]
    learned = run_market(small_market(**MARKETS["others"]), tmp_path / "learned")
    assert read_table(learned, "priors").num_rows == 0


@pytest.mark.parametrize("source", ["others", "disjoint_pool"])
@pytest.mark.parametrize(
    "lies", [{"kind": "aggressive", "by": 1.7}, {"kind": "conservative", "by": 0.4}]
)
def test_over_a_whole_run_the_lies_of_one_move_only_the_priors_that_they_may(
    source: str, lies: dict[str, Any], tmp_path: Path
) -> None:
    liar = "liar-000"
    priors: list[list[Any]] = []
    for name, strategy in (("honest", {"kind": "truthful"}), ("lying", lies)):
        changes = market(source)
        alone = GROUPS[1] | {"name": "liar", "count": 1, "strategy": strategy}
        changes["providers"] = [*GROUPS, alone]
        run = run_market(small_market(**changes), tmp_path / name)
        priors.append([workflow_priors(LoggedRun(run), 0, round_) for round_ in range(1, 13)])
    moved = {
        provider
        for honest, lied in zip(*priors, strict=True)
        for provider in honest
        if honest[provider] != lied[provider]
    }
    everyone = list(priors[0][0])
    profiles = {row["provider"]: row for row in read_table(run, "providers").to_pylist()}
    members = [provider_of(name, tier=profiles[name]["tier"]) for name in everyone]
    params = PriorLearningParams(source=source)
    pool_of = dict(zip(everyone, pools(members, params), strict=True))
    if source == "others":
        assert moved == set(everyone) - {liar}
    else:
        assert moved == {name for name in everyone if pool_of[name] != pool_of[liar]}


@pytest.mark.parametrize("source", ["others", "disjoint_pool"])
def test_in_an_auction_with_learned_priors_no_winner_gains_by_lying(
    source: str, tmp_path: Path
) -> None:
    run = run_market(small_market(**market(source)), tmp_path / "run")
    bought = read_table(run, "auctions").to_pylist()
    last = [row for row in bought if row["trial"] == 0][-1]
    auction = workflow_auction(LoggedRun(run), 0, last["workflow"])
    for liar in star(auction.workflow, auction.offers).quantities:
        cost = auction.true_costs[liar]

        def gain(bid: float, liar: str = liar, cost: float = cost) -> float:
            """What the liar earns above its cost by a bid, USD."""
            offers = [
                replace(offer, bid=bid) if offer.provider == liar else offer
                for offer in auction.offers
            ]
            outcome = star(auction.workflow, offers)
            mtok = outcome.quantities.get(liar, 0.0) / TOKENS_PER_MTOK
            return outcome.payments_usd.get(liar, 0.0) - cost * mtok

        prior = next(offer.prior for offer in auction.offers if offer.provider == liar)
        assert prior.kind == "empirical"
        honest = gain(cost)
        assert honest >= -1e-12
        for bid in np.linspace(prior.low, prior.high, 21).tolist():
            assert gain(bid) <= honest + 1e-9


@pytest.fixture(scope="module")
def learned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    prior = PRIORS["truncated_normal"]
    changes = market("others", prior=prior) | {"trials": 1}
    return run_market(small_market(**changes), tmp_path_factory.mktemp("learned") / "run")


LOSSES: dict[str, Callable[[dict[str, Any]], bool]] = {
    "auctions": lambda row: True,
    "priors": lambda row: True,
    "providers": lambda row: row["provider"] == "large-000",
    "bids": lambda row: row["round"] == 3,
    "nodes": lambda row: row["node"] == "architect",
}


@pytest.mark.parametrize("table", LOSSES)
def test_where_the_log_lacks_something_the_workflow_is_named(
    table: str, learned: Path, tmp_path: Path
) -> None:
    workflow = read_table(learned, "auctions")["workflow"].to_pylist()[-1]

    def lose(rows: list[dict[str, Any]]) -> None:
        kept = [row for row in rows if not LOSSES[table](row)]
        assert len(kept) < len(rows)
        rows[:] = kept

    run = rewritten(learned, tmp_path / "run", table, lose)
    with pytest.raises(BadInput) as caught:
        workflow_auction(LoggedRun(run), 0, workflow)
    line = str(caught.value)
    assert line.startswith(f"{run}: workflow {workflow}, trial 0: ")
    assert line.endswith("the log is not whole")
    assert line.count("the log is not whole") == 1
