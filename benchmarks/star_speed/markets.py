"""The markets that are measured: the paper's populations at any size, and the hard case."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import click
import numpy as np

from market.workflow import Offer, Uniform, Workflow
from market.workflow.quantities import FloatArray
from orchestrator.demand.paper_workflows import PAPER_WORKFLOWS

#: Base prices of the three tiers, USD per 1e6 output tokens: STAR, table 2.
BASES_USD_PER_MTOK = ((0.1, 0.3), (0.5, 1.5), (2.5, 7.5))

#: A cost is a base price times a number drawn from here: STAR, appendix D.2.
SPOT = (0.1, 1.0)

#: The paper states no input ratios but "2 to 8 times lower" in general; each provider has its own.
INPUT_RATIO = (0.1, 0.5)


@dataclass(frozen=True)
class Market:
    """One auction."""

    workflow: Workflow
    offers: tuple[Offer, ...]

    @property
    def prices(self) -> FloatArray:
        """The virtual costs (N,), USD per 1e6 output tokens."""
        return np.array([offer.virtual_cost for offer in self.offers])


def paper_market(workflow: str, providers: int, seed: int) -> Market:
    """One of the paper's workflows, its objects new and nothing in them computed yet."""
    rng = np.random.default_rng((seed, providers))
    return Market(PAPER_WORKFLOWS[workflow](), tiered_offers(providers, rng))


def small_market() -> Market:
    """What every subject solves before it is measured."""
    return paper_market("S4", 9, 0)


def tiered_offers(providers: int, rng: np.random.Generator) -> tuple[Offer, ...]:
    """A third of the providers in each tier, their base prices evenly over the tier's."""
    tiers = np.array_split(np.arange(providers), len(BASES_USD_PER_MTOK))
    return tuple(
        _offer(int(number), tier, float(base), rng)
        for tier, (numbers, bases) in enumerate(zip(tiers, BASES_USD_PER_MTOK, strict=True), 1)
        for number, base in zip(numbers, np.linspace(*bases, len(numbers)), strict=True)
    )


def incomparable_market(workflow: Workflow, providers: int, rng: np.random.Generator) -> Market:
    """A market in which nobody dominates anybody.

    Every provider is capable of half the nodes, no two of the same ones: of two sets of one size
    neither holds the other. All base prices are those of the middle tier.
    """
    bases = np.linspace(*BASES_USD_PER_MTOK[1], providers)
    offers = tuple(_offer(number, 1, float(base), rng) for number, base in enumerate(bases))
    sets = _sets_of_half(len(workflow.nodes), providers, rng)
    nodes = tuple(
        replace(
            node,
            difficulty=None,
            capable=frozenset(
                offer.provider for offer, own in zip(offers, sets, strict=True) if position in own
            ),
        )
        for position, node in enumerate(workflow.nodes)
    )
    return Market(Workflow(nodes, workflow.edges), offers)


def _sets_of_half(nodes: int, count: int, rng: np.random.Generator) -> Sequence[frozenset[int]]:
    """Distinct sets of half the nodes, rounded up; the first two hold every node."""
    half = math.ceil(nodes / 2)
    if math.comb(nodes, half) < count:
        problem = f"{nodes} nodes have {math.comb(nodes, half)} sets of half of them"
        raise click.ClickException(f"{problem}, too few for {count} incomparable providers")
    order = rng.permutation(nodes).tolist()
    sets = dict.fromkeys([frozenset(order[:half]), frozenset(order[-half:])])
    while len(sets) < count:
        sets[frozenset(rng.permutation(nodes)[:half].tolist())] = None
    return list(sets)[:count]


def _offer(number: int, tier: int, base: float, rng: np.random.Generator) -> Offer:
    prior = Uniform(SPOT[0] * base, SPOT[1] * base)
    return Offer(
        provider=f"p{number}",
        tier=tier,
        input_ratio=float(rng.uniform(*INPUT_RATIO)),
        bid=float(rng.uniform(prior.low, prior.high)),
        prior=prior,
    )
