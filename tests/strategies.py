"""Hypothesis strategies for small random markets, rich in ties."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st

from market.workflow import (
    Edge,
    Empirical,
    Node,
    Offer,
    Prior,
    StarOptions,
    TruncatedLognormal,
    TruncatedNormal,
    Uniform,
    Workflow,
)
from tests.oracles import BruteForceMatching, BruteForceWorkflow

#: Kinds of workflow graphs.
GRAPHS = ("chain", "tree", "dag", "cycle", "loop", "cycle_and_loop")


def examples(count: int) -> settings:
    """The same ``count`` examples in every run."""
    return settings(max_examples=count, derandomize=True, deadline=None, database=None)


@dataclass(frozen=True)
class Auction:
    """A workflow and the offers for it."""

    workflow: Workflow
    offers: tuple[Offer, ...]
    charge_entry_input: bool

    def options(self, **changes: str) -> StarOptions:
        """Options for this auction."""
        return StarOptions(charge_entry_input=self.charge_entry_input, **changes)

    def with_bid(self, position: int, bid: float) -> Auction:
        """The same auction with another bid of one provider."""
        changed = replace(self.offers[position], bid=bid)
        others_before, others_after = self.offers[:position], self.offers[position + 1 :]
        return replace(self, offers=(*others_before, changed, *others_after))

    def brute_force(self) -> BruteForceWorkflow:
        """All allocations."""
        return BruteForceWorkflow(self.workflow, self.offers, self.charge_entry_input)


tokens = st.one_of(st.integers(0, 6).map(float), st.floats(0.5, 60.0))
fractions = st.one_of(st.sampled_from([0.0, 0.5, 1.0]), st.floats(0.0, 1.0))


@st.composite
def auctions(
    draw: st.DrawFn,
    graph: str | None = None,
    most_nodes: int = 5,
    offer_lists: st.SearchStrategy[tuple[Offer, ...]] | None = None,
    tokens: st.SearchStrategy[float] = tokens,
) -> Auction:
    """An auction that has a feasible allocation, every bid at most the top of its prior."""
    offers = draw(uniform_offer_lists() if offer_lists is None else offer_lists)
    by_tier = draw(st.booleans())
    names = [offer.provider for offer in offers]
    best = max(offer.tier for offer in offers)
    size = draw(st.integers(1, most_nodes))
    nodes = []
    for position in range(size):
        difficulty, capable = None, None
        if by_tier:
            difficulty = draw(st.integers(1, best))
        else:
            capable = draw(st.frozensets(st.sampled_from(names), min_size=1))
        nodes.append(Node(f"n{position}", draw(tokens), draw(tokens), difficulty, capable))
    edges = draw(edge_lists(graph or draw(st.sampled_from(GRAPHS)), size, tokens))
    return Auction(Workflow(tuple(nodes), edges), offers, draw(st.booleans()))


@st.composite
def uniform_offer_lists(draw: st.DrawFn) -> tuple[Offer, ...]:
    """One to four offers with shared or individual input ratios; a bid may be below its prior."""
    shared = draw(st.booleans())
    ratio = draw(st.sampled_from([0.0, 0.25, 0.5, 1.0, 2.0]))
    offers = []
    for position in range(draw(st.integers(1, 4))):
        low = draw(st.sampled_from([0.0, 0.5, 1.0, 3.0]))
        high = low + draw(st.sampled_from([0.5, 1.0, 4.0, 10.0]))
        bid = low + draw(fractions) * (high - low)
        if draw(st.integers(0, 9)) == 0:
            bid = low * draw(fractions)
        own_ratio = ratio if shared else draw(st.floats(0.0, 2.0))
        tier = draw(st.integers(1, 3))
        offers.append(Offer(f"p{position}", tier, own_ratio, bid, Uniform(low, high)))
    return tuple(offers)


#: What divides every rank of up to seven samples: costs that are multiples of it have virtual
#: costs that are whole numbers, so that sums are exact and ties are ties.
RANKS = 420


@st.composite
def empirical_priors(draw: st.DrawFn) -> Empirical:
    """Up to six costs, often equal, often in need of ironing; the support may reach further."""
    costs = st.integers(0, 8).map(lambda step: float(step * RANKS))
    samples = draw(st.lists(costs, min_size=1, max_size=6))
    beyond = draw(st.sampled_from([0.0, RANKS, 3.0 * RANKS]))
    return Empirical.of(samples, low=draw(st.sampled_from([0.0, None])), high=max(samples) + beyond)


@st.composite
def ironed_auctions(draw: st.DrawFn) -> Auction:
    """An auction on whole numbers with few priors for many providers: rich in ties at flats.

    Every node has output: among nodes without, pruning does not keep the canonical order.
    """
    few = draw(st.lists(empirical_priors(), min_size=1, max_size=2))
    return draw(
        auctions(
            most_nodes=4,
            offer_lists=ironed_offer_lists(few),
            tokens=st.integers(1, 4).map(float),
        )
    )


@st.composite
def ironed_offer_lists(draw: st.DrawFn, priors: list[Prior]) -> tuple[Offer, ...]:
    """One to four offers with priors out of ``priors``, or now and then a uniform one."""
    shared = draw(st.booleans())
    ratios = st.sampled_from([0.0, 0.25, 0.5, 1.0, 2.0])
    ratio = draw(ratios)
    offers = []
    for position in range(draw(st.integers(1, 4))):
        prior = draw(st.sampled_from([*priors, *priors, Uniform(RANKS, 5.0 * RANKS)]))
        bid = float(draw(st.integers(0, 10)) * RANKS // 2)
        own_ratio = ratio if shared else draw(ratios)
        tier = draw(st.integers(1, 3))
        offers.append(Offer(f"p{position}", tier, own_ratio, min(bid, prior.high), prior))
    return tuple(offers)


@st.composite
def smooth_priors(draw: st.DrawFn) -> TruncatedNormal | TruncatedLognormal:
    """A truncated normal or log-normal prior, its support within some standard deviations."""
    spread = draw(st.floats(0.05, 3.0))
    if draw(st.booleans()):
        mean = draw(st.floats(-5.0, 10.0))
        low = max(mean + spread * draw(st.floats(-6.0, 3.0)), 0.0)
        return TruncatedNormal(mean, spread, low, low + spread * draw(st.floats(0.1, 4.0)))
    median = draw(st.floats(0.1, 10.0))
    low = median * np.exp(spread * draw(st.floats(-4.0, 1.0))) * draw(st.sampled_from([0.0, 1.0]))
    least = max(low, median * np.exp(-2 * spread))
    high = least * np.exp(spread * draw(st.floats(0.1, 4.0)))
    return TruncatedLognormal(median, spread, float(low), float(high))


@st.composite
def uniform_priors(draw: st.DrawFn) -> Uniform:
    """A uniform prior."""
    low = draw(st.floats(0.0, 10.0))
    return Uniform(low, low + draw(st.floats(0.01, 10.0)))


#: A prior of any kind.
priors = st.one_of(uniform_priors(), smooth_priors(), empirical_priors())


@st.composite
def edge_lists(
    draw: st.DrawFn, graph: str, size: int, tokens: st.SearchStrategy[float]
) -> tuple[Edge, ...]:
    """The edges of one kind of graph over the nodes n0, n1, ..."""
    if graph == "chain":
        pairs = [(v - 1, v) for v in range(1, size)]
    elif graph == "tree":
        pairs = [(draw(st.integers(0, v - 1)), v) for v in range(1, size)]
    elif graph in ("cycle", "cycle_and_loop"):
        every = [(u, v) for u in range(size) for v in range(size) if u != v]
        ring_size = draw(st.integers(2, size)) if size > 1 else 0
        ring = [(v, (v + 1) % ring_size) for v in range(ring_size)]
        pairs = sorted({*ring, *(draw(st.lists(st.sampled_from(every))) if every else [])})
    else:
        forward = [(u, v) for v in range(size) for u in range(v)]
        pairs = sorted(draw(st.sets(st.sampled_from(forward)))) if forward else []
    edges = [Edge(f"n{u}", f"n{v}", draw(tokens)) for u, v in pairs]
    if graph in ("loop", "cycle_and_loop"):
        ways = _connected(pairs, size) - {(v, v) for v in range(size)}
        backward = sorted((v, u) for u, v in ways if (v, u) not in pairs)
        chosen = draw(st.sets(st.sampled_from(backward), max_size=2)) if backward else set()
        edges += [
            Edge(f"n{v}", f"n{u}", draw(tokens), draw(st.integers(1, 4))) for v, u in sorted(chosen)
        ]
    return tuple(edges)


def _connected(pairs: list[tuple[int, int]], size: int) -> set[tuple[int, int]]:
    """The pairs (u, v) with a way from u to v."""
    ways = set(pairs)
    for middle in range(size):
        ways |= {(u, w) for u, m in ways if m == middle for n, w in ways if n == middle}
    return ways


@dataclass(frozen=True)
class MatchingMarket:
    """Requests, providers with free slots, and who owns which request; amounts are whole."""

    values: np.ndarray
    costs: np.ndarray
    allowed: np.ndarray
    capacities: np.ndarray
    clients: tuple[str, ...]

    @property
    def rows_of(self) -> dict[str, list[int]]:
        """The requests of every client."""
        return {
            client: [row for row, owner in enumerate(self.clients) if owner == client]
            for client in self.clients
        }

    def with_values(self, rows: list[int], values: np.ndarray) -> MatchingMarket:
        """The same market with other values of some requests."""
        changed = self.values.copy()
        changed[rows] = values
        return replace(self, values=changed)

    def brute_force(self) -> BruteForceMatching:
        """All matchings."""
        return BruteForceMatching(self.values, self.costs, self.allowed, self.capacities)


@st.composite
def matching_markets(
    draw: st.DrawFn, most_requests: int = 5, most_clients: int = 5
) -> MatchingMarket:
    """A market of up to three providers, some of them full or out of reach for some requests."""
    requests, providers = draw(st.integers(0, most_requests)), draw(st.integers(1, 3))
    unit = draw(st.sampled_from([1, 999_999_937]))
    size = requests * providers
    values = draw(st.lists(st.integers(-3, 9), min_size=size, max_size=size))
    costs = draw(st.lists(st.integers(0, 4), min_size=size, max_size=size))
    allowed = draw(st.lists(st.integers(0, 5), min_size=size, max_size=size))
    capacities = draw(st.lists(st.integers(0, 3), min_size=providers, max_size=providers))
    owners = draw(st.lists(st.integers(1, most_clients), min_size=requests, max_size=requests))
    shape = (requests, providers)
    return MatchingMarket(
        values=unit * np.array(values, dtype=np.int64).reshape(shape),
        costs=unit * np.array(costs, dtype=np.int64).reshape(shape),
        allowed=np.array(allowed, dtype=int).reshape(shape) > 0,
        capacities=np.array(capacities, dtype=np.int64),
        clients=tuple(f"c{owner}" for owner in owners),
    )
