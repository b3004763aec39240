"""Who gains by a lie in a single round: the auditor on many small random markets."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np

from market import seeding
from market.audit import (
    CLIENT,
    PROVIDER,
    Report,
    Survey,
    audit_matching,
    audit_workflow_client,
    audit_workflow_providers,
    survey,
)
from market.errors import Infeasible
from market.matching import MatchingMarket
from market.workflow import (
    Edge,
    Empirical,
    Node,
    Offer,
    Prior,
    StarOptions,
    Uniform,
    Workflow,
    WorkflowAuction,
)
from market.workflow.mechanisms import MECHANISMS

CLARKE, CLARKE_BY_REQUEST = "client_clarke", "client_clarke, every request charged alone"
TWO_SIDED = "two_sided"
OTHERS, DISJOINT = "star, priors learned from others' bids", "star, priors of a disjoint pool"
REALIZED = "star, settled on realised lengths"

#: Bids that a learned prior is made of.
LEARNED_FROM = 50


@dataclass(frozen=True)
class Variant:
    """A rule for buying workflows, what its priors are, and what its client is billed for."""

    rule: str
    options: StarOptions = field(default_factory=StarOptions)
    learned: bool = False
    settle: str = "predicted"

    def held(self, auction: WorkflowAuction, rng: np.random.Generator) -> WorkflowAuction:
        """An auction under this rule; learned priors are those of bids seen elsewhere."""
        offers = auction.offers
        if self.learned:
            offers = tuple(replace(offer, prior=_learned(offer.prior, rng)) for offer in offers)
        return replace(auction, offers=offers, rule=MECHANISMS[self.rule], options=self.options)


def _learned(public: Prior, rng: np.random.Generator) -> Prior:
    seen = rng.uniform(public.low, public.high, LEARNED_FROM)
    return Empirical.of(seen.tolist(), public.low, public.high)


#: Every rule by what it is called here.
VARIANTS: Mapping[str, Variant] = {
    "star": Variant("star"),
    OTHERS: Variant("star", learned=True),
    DISJOINT: Variant("star", learned=True),
    REALIZED: Variant("star", settle="realized"),
    "star, payments by bisection": Variant("star", StarOptions(payment_method="bisection")),
    "star, no reserve": Variant("star", StarOptions(reserve="none")),
    "star, published workload": Variant("star", StarOptions(workload="published")),
    **{name: Variant(name) for name in MECHANISMS if name != "star"},
}


@dataclass(frozen=True)
class Row:
    """A mechanism in one round."""

    mechanism: str
    providers: Survey
    clients: Survey


def random_auction(rng: np.random.Generator) -> WorkflowAuction:
    """A workflow of 2 to 5 nodes, any kind of graph, and 2 to 4 offers for it."""
    size, count = int(rng.integers(2, 6)), int(rng.integers(2, 5))
    tiers = rng.integers(1, 4, count)
    nodes = tuple(
        Node(f"n{v}", _tokens(rng), _tokens(rng), difficulty=int(rng.integers(1, max(tiers) + 1)))
        for v in range(size)
    )
    chosen = [(u, v) for v in range(size) for u in range(v) if v == u + 1 or rng.random() < 0.3]
    edges = [Edge(f"n{u}", f"n{v}", _tokens(rng)) for u, v in chosen]
    if rng.random() < 0.3:
        edges.append(Edge(f"n{size - 1}", "n0", _tokens(rng), int(rng.integers(2, 4))))
    offers = tuple(_offer(rng, f"p{i}", int(tier)) for i, tier in enumerate(tiers))
    return WorkflowAuction(Workflow(nodes, tuple(edges)), offers)


def _tokens(rng: np.random.Generator) -> float:
    return float(np.round(rng.lognormal(9, 1)))


def _offer(rng: np.random.Generator, name: str, tier: int) -> Offer:
    low, high = sorted(rng.uniform(0.1, 5.0, 2).tolist())
    prior: Uniform | Empirical = Uniform(low, high)
    if rng.random() < 0.3:
        prior = Empirical.of(rng.uniform(low, high, 6).tolist(), low, high)
    return Offer(name, tier, float(rng.uniform(0.1, 1.0)), float(rng.uniform(low, high)), prior)


def random_matching(rng: np.random.Generator) -> MatchingMarket:
    """Three to six requests of up to three clients, at one to three providers."""
    requests, providers = int(rng.integers(3, 7)), int(rng.integers(1, 4))
    return MatchingMarket(
        values=rng.uniform(0.0, 10.0, (requests, providers)),
        costs=rng.uniform(0.5, 3.0, (requests, providers)),
        allowed=rng.random((requests, providers)) < 0.9,
        capacities=rng.integers(1, 3, providers),
        clients=tuple(f"c{owner}" for owner in rng.integers(0, 3, requests)),
    )


def one_round(markets: int, seed: int) -> Iterator[Row]:
    """Every mechanism on the same ``markets`` random markets of its kind."""
    for name, variant in VARIANTS.items():
        auctions = [
            variant.held(random_auction(rng), rng) for rng in _generators(markets, seed, "workflow")
        ]
        billed = partial(audit_workflow_client, settlements=(variant.settle,))
        yield Row(
            name,
            survey(_feasible(audit_workflow_providers, auctions), PROVIDER),
            survey(_feasible(billed, auctions), CLIENT),
        )
    matchings = [random_matching(rng) for rng in _generators(markets, seed, "matching")]
    together = [audit_matching(market) for market in matchings]
    singly = [
        audit_matching(replace(market, clients=None), owners=market.clients) for market in matchings
    ]
    both = [audit_matching(replace(market, payments="two_sided")) for market in matchings]
    for name, reports in ((CLARKE, together), (CLARKE_BY_REQUEST, singly), (TWO_SIDED, both)):
        yield Row(name, survey(reports, PROVIDER), survey(reports, CLIENT))


def _generators(markets: int, seed: int, kind: str) -> Iterator[np.random.Generator]:
    return (seeding.stream(seed, "truthfulness", kind, number) for number in range(markets))


def _feasible(
    audit: Callable[[WorkflowAuction], Report], auctions: list[WorkflowAuction]
) -> Iterator[Report]:
    """The reports on the markets in which the rule buys anything at all."""
    for auction in auctions:
        try:
            yield audit(auction)
        except Infeasible:
            continue
