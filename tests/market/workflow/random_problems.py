"""Seeded random workflows and offers of every kind, drawn much faster than by Hypothesis."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import product

import networkx as nx
import numpy as np

from market.workflow import Edge, Node, Offer, StarOptions, Uniform, Workflow
from market.workflow.allocation import AllocationProblem, allocation_problem
from market.workflow.elimination_order import min_fill_order
from tests.oracles import BruteForceWorkflow

Pairs = list[tuple[int, int]]

TIERS = 3
HUGE_PRICE = 1e13


@dataclass(frozen=True)
class Kind:
    """What is said of a problem; ``amounts`` is a key of ``AMOUNTS``.

    Where cached input is charged providers have hit ratios, drawn after everything else.
    """

    graph: str
    by_tier: bool
    shared_ratio: bool
    charge_entry_input: bool
    amounts: str
    charge_cached_input: bool = False


@dataclass(frozen=True)
class Size:
    """The bounds of what is drawn; ``entries`` bounds the product of the domains of any bag."""

    fewest_nodes: int
    most_nodes: int
    fewest_providers: int
    most_providers: int
    entries: float


#: Few enough allocations for brute force, and what only solvers can do.
SMALL = Size(3, 5, 1, 4, entries=4**5)
MEDIUM = Size(6, 12, 4, 8, entries=2**16)
LARGE = Size(20, 40, 15, 30, entries=2**20)


@dataclass(frozen=True)
class RandomProblem:
    """A workflow, offers and their virtual costs ``prices`` (N,), which need not be phi(bid)."""

    workflow: Workflow
    offers: tuple[Offer, ...]
    charge_entry_input: bool
    prices: np.ndarray
    charge_cached_input: bool = False

    @cached_property
    def allocation_problem(self) -> AllocationProblem:
        """The problem that solvers get."""
        return allocation_problem(self.workflow, self.offers, **self.options("auto").charges)

    def brute_force(self) -> BruteForceWorkflow:
        """All allocations."""
        return BruteForceWorkflow(
            self.workflow, self.offers, self.charge_entry_input, self.charge_cached_input
        )

    def options(self, solver: str) -> StarOptions:
        """Options for buying the workflow."""
        return StarOptions(
            solver=solver,
            charge_entry_input=self.charge_entry_input,
            charge_cached_input=self.charge_cached_input,
        )


def random_problem(rng: np.random.Generator, kind: Kind, size: Size) -> RandomProblem:
    """A problem of a kind; drawn again until its bags keep to ``size.entries``."""
    while True:
        drawn = _drawn(rng, kind, size)
        problem = drawn.allocation_problem
        sizes = np.array(problem.domain_sizes, dtype=float)
        if all(sizes[list(bag)].prod() <= size.entries for bag in min_fill_order(problem.tokens)):
            return drawn


def _drawn(rng: np.random.Generator, kind: Kind, size: Size) -> RandomProblem:
    nodes = int(rng.integers(size.fewest_nodes, size.most_nodes + 1))
    providers = int(rng.integers(size.fewest_providers, size.most_providers + 1))
    amount = AMOUNTS[kind.amounts]
    offers = _offers(rng, providers, kind)
    names = np.array([offer.provider for offer in offers])
    best = max(offer.tier for offer in offers)
    drawn = []
    for position in range(nodes):
        difficulty, capable = None, None
        if kind.by_tier:
            difficulty = int(rng.integers(1, best + 1))
        else:
            some = rng.choice(names, size=int(rng.integers(1, providers + 1)), replace=False)
            capable = frozenset(some.tolist())
        drawn.append(Node(f"n{position}", amount(rng), amount(rng), difficulty, capable))
    edges = _edges(rng, kind, nodes)
    prices = np.array([offer.virtual_cost for offer in offers])
    if kind.amounts == "huge prices":
        prices[rng.random(providers) < 0.4] = HUGE_PRICE
    if kind.charge_cached_input:
        offers = tuple(with_hit_ratio(offer, rng, kind) for offer in offers)
    return RandomProblem(
        Workflow(tuple(drawn), edges),
        offers,
        kind.charge_entry_input,
        prices,
        kind.charge_cached_input,
    )


def with_hit_ratio(offer: Offer, rng: np.random.Generator, kind: Kind) -> Offer:
    """The offer with a hit ratio of some part of its input ratio, or all of it."""
    whole = kind.amounts == "ties"
    share = float(rng.choice([0.0, 0.5, 1.0])) if whole else float(rng.uniform(0.0, 1.0))
    return replace(offer, hit_ratio=share * offer.input_ratio)


def _offers(rng: np.random.Generator, providers: int, kind: Kind) -> tuple[Offer, ...]:
    offers = []
    whole = kind.amounts == "ties"
    shared = float(rng.choice([0.0, 0.25, 0.5, 1.0, 2.0]))
    for position in range(providers):
        own = float(rng.integers(0, 5)) / 4 if whole else rng.uniform(0.0, 2.0)
        low = float(rng.integers(0, 3)) if whole else rng.uniform(0.0, 3.0)
        high = low + (float(rng.integers(1, 4)) if whole else rng.uniform(0.5, 9.0))
        bid = low + float(rng.integers(0, high - low + 1)) if whole else rng.uniform(low, high)
        if kind.amounts == "zeros" and rng.random() < 0.4:
            low = bid = 0.0
        ratio = shared if kind.shared_ratio else own
        tier = int(rng.integers(1, TIERS + 1))
        offers.append(Offer(f"p{position}", tier, ratio, bid, Uniform(low, high)))
    return tuple(offers)


def _fractional(rng: np.random.Generator) -> float:
    return float(rng.uniform(0.5, 60.0))


def _whole(rng: np.random.Generator) -> float:
    return float(rng.integers(0, 6))


def _often_zero(rng: np.random.Generator) -> float:
    return 0.0 if rng.random() < 0.4 else _fractional(rng)


#: How tokens are drawn: without ties; small whole tokens and bids; many zero tokens and bids; and
#: without ties, but some providers at ``HUGE_PRICE``.
AMOUNTS: Mapping[str, Callable[[np.random.Generator], float]] = {
    "fractional": _fractional,
    "ties": _whole,
    "zeros": _often_zero,
    "huge prices": _fractional,
}


def _edges(rng: np.random.Generator, kind: Kind, size: int) -> tuple[Edge, ...]:
    amount = AMOUNTS[kind.amounts]
    pairs = GRAPHS[kind.graph](rng, size)
    edges = [Edge(f"n{u}", f"n{v}", amount(rng)) for u, v in pairs]
    if "loop" in kind.graph:
        for u, v in _loops(rng, pairs):
            edges.append(Edge(f"n{v}", f"n{u}", amount(rng), int(rng.integers(1, 5))))
    return tuple(edges)


def _loops(rng: np.random.Generator, pairs: Pairs) -> Pairs:
    """One or two pairs (u, v) with a way from u to v and no edge back."""
    ways = nx.transitive_closure(nx.DiGraph(pairs)).edges
    free = sorted((u, v) for u, v in ways if u != v and (v, u) not in pairs)
    rng.shuffle(free)
    return [(int(u), int(v)) for u, v in free[: rng.integers(1, 3)]]


def _chain(rng: np.random.Generator, size: int) -> Pairs:
    return [(v - 1, v) for v in range(1, size)]


def _tree(rng: np.random.Generator, size: int) -> Pairs:
    return [(int(rng.integers(0, v)), v) for v in range(1, size)]


def _dag(rng: np.random.Generator, size: int) -> Pairs:
    return _some(rng, [(u, v) for v in range(size) for u in range(v)], 2.5 / size)


def _cycle(rng: np.random.Generator, size: int) -> Pairs:
    length = int(rng.integers(2, size))
    ring = [(v, (v + 1) % length) for v in range(length)]
    every = [(u, v) for u in range(size) for v in range(size) if u != v]
    return sorted({*ring, *_some(rng, every, 1 / size)})


def _loop(rng: np.random.Generator, size: int) -> Pairs:
    return sorted({*_tree(rng, size), *_some(rng, _dag(rng, size), 0.5)})


def _dense(rng: np.random.Generator, size: int) -> Pairs:
    """Every pair of some nodes, three of four in one direction; a tree beside them."""
    core = min(size, int(rng.integers(4, 8)))
    every = [(u, v) if rng.random() < 0.75 else (v, u) for v in range(core) for u in range(v)]
    return every + [(int(rng.integers(0, v)), v) for v in range(core, size)]


def _components(rng: np.random.Generator, size: int) -> Pairs:
    cuts = sorted(rng.choice(np.arange(1, size), size=min(size - 1, 2), replace=False).tolist())
    parts = zip([0, *cuts], [*cuts, size], strict=True)
    return [(u + low, v + low) for low, high in parts for u, v in _dag(rng, high - low)]


def _many_parents(rng: np.random.Generator, size: int) -> Pairs:
    """Every node from the third on has two or three parents, anywhere or of the last three."""
    reach = int(rng.choice([3, size]))
    pairs = []
    for v in range(2, size):
        parents = rng.choice(min(v, reach), size=min(v, int(rng.integers(2, 4))), replace=False)
        pairs += [(v - 1 - int(back), v) for back in parents]
    return pairs


def _some(rng: np.random.Generator, pairs: Pairs, share: float) -> Pairs:
    return [pair for pair in pairs if rng.random() < share]


#: Ordinary edges over nodes 0, 1, ... of every kind of graph; loops get their feedback edges after.
GRAPHS: Mapping[str, Callable[[np.random.Generator, int], Pairs]] = {
    "chain": _chain,
    "tree": _tree,
    "dag": _dag,
    "cycle": _cycle,
    "loop": _loop,
    "cycle and loop": _cycle,
    "dense": _dense,
    "components": _components,
    "many parents": _many_parents,
}

YES_NO = (False, True)

#: Every kind there is where cached input is free.
KINDS = tuple(Kind(*choice) for choice in product(GRAPHS, YES_NO, YES_NO, YES_NO, AMOUNTS))

#: Kinds in which it is charged: with providers that are compared and such that are not.
CACHED_KINDS = tuple(
    Kind(graph, by_tier, False, by_tier, amounts, True)
    for graph, by_tier, amounts in product(GRAPHS, YES_NO, AMOUNTS)
)
