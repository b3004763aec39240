"""What one provider could have gained by lying, in clearings that really happened.

Two clearings are taken from the log and solved again with other bids of one provider: the hub
auction that awarded most, and the dearest workflow. Everybody else's reports and all predictions
stay as they were. This is a first look on a grid of bids, not a proof.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from market.matching import clear
from market.money import TOKENS_PER_MTOK, usd
from market.workflow import StarOptions, star
from orchestrator.analysis.replay import chat_clearing, workflow_auction
from orchestrator.log import read_table
from orchestrator.run_directory import read_description

GRID = 41


@dataclass(frozen=True)
class Misreport:
    """The best lie found for one provider in one clearing.

    Attributes:
        provider: who lies.
        where: the clearing.
        truthful_gain_usd: what it earns above its cost with the truth.
        best_gain_usd: the most it earns above its cost with any bid that was tried.
        best_bid_over_cost: the bid that earns it, over the true cost.
    """

    provider: str
    where: str
    truthful_gain_usd: float
    best_gain_usd: float
    best_bid_over_cost: float

    @property
    def regret_usd(self) -> float:
        """What lying adds."""
        return self.best_gain_usd - self.truthful_gain_usd


def chat_misreport(run: Path) -> Misreport | None:
    """The best lie of the busiest provider in the hub auction that awarded most.

    None where no auction was held, or where its log has not everyone who took part.
    """
    scenario = read_description(run).scenario
    if scenario.hubs.mechanism != "auction" or scenario.log.predictions != "full":
        return None
    hubs = read_table(run, "hubs", ["awarded", "trial", "round", "hub"])
    if not len(hubs):
        return None
    busiest = hubs.sort_by([("awarded", "descending")]).slice(0, 1).to_pylist()[0]
    clearing = chat_clearing(run, busiest["trial"], busiest["round"], busiest["hub"])
    if clearing is None or not busiest["awarded"]:
        return None
    allowed = np.ones(clearing.values.shape, dtype=bool)
    rest = (allowed, clearing.capacities, clearing.clients)
    match = clear(clearing.values, clearing.costs, *rest).match
    liar = int(np.bincount(match[match >= 0], minlength=len(clearing.providers)).argmax())
    true_costs = clearing.costs[:, liar] * clearing.true_over_bid[liar]

    def gain(bid_over_cost: float) -> float:
        costs = clearing.costs.copy()
        costs[:, liar] = np.rint(true_costs * bid_over_cost)
        won = clear(clearing.values, costs, *rest).match == liar
        return float(usd((costs[won, liar] - true_costs[won]).sum()))

    where = (
        f"chat in {busiest['hub']}, round {busiest['round']}, where providers are paid their bid"
    )
    return _best(clearing.providers[liar], where, gain, np.geomspace(0.5, 50.0, GRID))


def workflow_misreport(run: Path) -> Misreport | None:
    """The best lie of the best-paid winner of the dearest workflow."""
    bought = read_table(run, "workflows", ["trial", "workflow", "payment_nano", "name"])
    paid = [row for row in bought.to_pylist() if row["payment_nano"]]
    if not paid:
        return None
    dearest = max(paid, key=lambda row: row["payment_nano"])
    auction = workflow_auction(run, dearest["trial"], dearest["workflow"])
    hub = read_description(run).scenario.hubs.workflow
    options = StarOptions(
        solver=hub.solver, reserve=hub.reserve, charge_entry_input=hub.charge_entry_input
    )
    payments = star(auction.workflow, auction.offers, options).payments_usd
    liar = max(payments, key=lambda name: payments[name])
    offer = next(offer for offer in auction.offers if offer.provider == liar)
    cost = auction.true_costs[liar]

    def gain(bid_over_cost: float) -> float:
        bid = cost * bid_over_cost
        if bid > offer.prior.high:
            return 0.0  # declined
        lie = replace(offer, bid=bid)
        offers = [lie if other is offer else other for other in auction.offers]
        outcome = star(auction.workflow, offers, options)
        quantity = outcome.quantities.get(liar, 0.0)
        return outcome.payments_usd.get(liar, 0.0) - cost * quantity / TOKENS_PER_MTOK

    highest = offer.prior.high * (1 - 1e-12)  # the quotient must not round above it
    factors = np.linspace(offer.prior.low / cost, highest / cost, GRID)
    return _best(liar, f"{dearest['name']} bought by STAR", gain, factors)


def _best(
    provider: str, where: str, gain: Callable[[float], float], factors: Iterable[float]
) -> Misreport:
    truthful = gain(1.0)
    best, factor = max([(truthful, 1.0), *((gain(float(f)), float(f)) for f in factors)])
    return Misreport(provider, where, truthful, best, factor)
