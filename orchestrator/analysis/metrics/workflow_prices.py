"""What buying workflows cost beyond the least that they could have cost.

Of every workflow that was bought, let C be the true cost of the allocation, C* the least true cost
of any allocation among the bidders, and P what was fixed to be paid. Over all of them

    P / C* - 1  =  (C - C*) / C*  +  (P - C) / C*
    overpayment =  allocation loss +  rent.

Archer and Tardos (2002), "Frugal path mechanisms", ask by how much a truthful mechanism overpays;
their frugality ratio, like that of Talwar (2003), "The price of truth", sets P over the cost of the
best solution without the winners, which may not exist here. This one sets it over the optimum. The
split is Myerson's (1981): an auction that minimises virtual costs departs from the cheapest
allocation to leave sellers less information rent.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import numpy as np

from market.errors import BadInput, WalrasError
from market.money import usd
from market.workflow import Offer, StarOptions, Uniform
from market.workflow.quantities import total_usd
from orchestrator.analysis.bid_panel import BidPanel, bid_panels
from orchestrator.analysis.logged_run import LoggedRun, Rows
from orchestrator.analysis.metrics.metric import Family, Measured, Metric, over
from orchestrator.analysis.replay import logged_workflow
from orchestrator.verify.workflows import LoggedPurchase

METRICS = {
    "workflow_efficiency": Metric(
        "workflow efficiency",
        "share",
        "higher",
        "least true cost of the workflows that were bought, among those who bid for each, over the "
        "true cost of what was allocated; each workflow by itself, slots as they were left",
    ),
    "workflow_overpayment": Metric(
        "workflow overpayment",
        "ratio",
        "lower",
        "payments fixed for the workflows that were bought over their least true cost, less 1: the "
        "price of truthfulness under a truthful rule; workflow_allocation_loss + workflow_rent",
    ),
    "workflow_allocation_loss": Metric(
        "workflow overpayment, allocation",
        "ratio",
        "lower",
        "true cost of what was allocated less the least true cost, over the latter: under STAR and "
        "the truth the distortion by virtual costs",
    ),
    "workflow_rent": Metric(
        "workflow overpayment, rent",
        "ratio",
        "lower",
        "payments less true cost of what was allocated, over the least true cost: under a truthful "
        "rule the information rent",
    ),
}

_BIDS = ("true_cost", "workflow_bid", "prior_low", "prior_high")


def measure(run: LoggedRun) -> Measured:
    """All of them, of every trial that bought a workflow."""
    auctions: dict[int, Rows] = defaultdict(list)
    for row in run.rows("auctions"):
        auctions[row["trial"]].append(row)
    if not auctions:
        return {}
    nodes, edges = (_by_workflow(run.rows(table)) for table in ("nodes", "edges"))
    panels = bid_panels(run.path, *_BIDS)
    options = run.description.scenario.hubs.workflow.options
    measured = {}
    for trial, held in auctions.items():
        profiles = {row["provider"]: row for row in run.rows("providers", trial=trial)}
        paid = usd(sum(row["payment_nano"] for row in held))
        costs = []
        for row in held:
            key = trial, row["workflow"]
            with run.whole_for(f"workflow {row['workflow']}, trial {trial}"):
                offers, truth = _bidders(row, profiles, panels[trial])
                costs.append(_costs(nodes[key], edges[key], offers, truth, options))
        bought, least = np.array(costs).sum(axis=0).tolist()
        measured[trial] = {
            "workflow_efficiency": over(least, bought),
            "workflow_overpayment": over(paid, least) - 1,
            "workflow_allocation_loss": over(bought, least) - 1,
            "workflow_rent": over(paid - bought, least),
        }
    return measured


def _by_workflow(rows: Rows) -> Mapping[tuple[int, str], Rows]:
    found: dict[tuple[int, str], Rows] = defaultdict(list)
    for row in rows:
        found[row["trial"], row["workflow"]].append(row)
    return found


def _bidders(
    auction: Mapping[str, Any], profiles: Mapping[str, Mapping[str, Any]], bids: BidPanel
) -> tuple[tuple[Offer, ...], dict[str, float]]:
    """Who bid, and what each truly costs; no allocation at true costs asks for more of a prior."""
    row = bids.row(auction["round"])
    place_of = {name: place for place, name in enumerate(bids.providers)}
    offers, truth = [], {}
    for name in auction["bidders"]:
        if name not in place_of:
            raise BadInput("auctions.bidders", f"expected providers, got {name!r}")
        cost, bid, low, high = (float(bids.values[key][row, place_of[name]]) for key in _BIDS)
        own, truth[name] = profiles[name], cost
        prior = Uniform(low, high)
        offers.append(Offer(name, own["tier"], own["input_ratio"], bid, prior, own["hit_ratio"]))
    return tuple(offers), truth


def _costs(
    nodes: Rows,
    edges: Rows,
    offers: tuple[Offer, ...],
    truth: Mapping[str, float],
    options: StarOptions,
) -> tuple[float, float]:
    """True cost of a workflow as it was allocated, and the least there was, USD."""
    where = {row["node"]: row["provider"] for row in nodes}
    try:
        bought = LoggedPurchase.of(logged_workflow(nodes, edges), offers, where, options)
        prices = np.array([truth[offer.provider] for offer in bought.offers])
        least, _ = bought.best(prices, options.solver)
    except BadInput:
        raise
    except WalrasError as error:
        raise BadInput("nodes", str(error)) from None
    return total_usd(prices, bought.quantity), least


FAMILY = Family(METRICS, measure)
