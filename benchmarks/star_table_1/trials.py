"""The paper's market, drawn: one trial after the other, the same draws whatever is bought.

Source: STAR, section 5.1 and appendix D. A trial's hour is common knowledge, so the support of
every prior scales with it; bids are truthful.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np

from agents.electricity import Electricity
from benchmarks.star_table_1.printed import BASE_PRICES, LENGTH_NOISE, SPOT
from market.money import TOKENS_PER_MTOK
from market.seeding import stream
from market.workflow import Offer, StarOptions, Uniform, Workflow
from market.workflow.mechanisms import MECHANISMS, Outcome
from market.workflow.quantities import FloatArray
from orchestrator.demand.paper_workflows import PAPER_WORKFLOWS, s1

#: The price of an input token over that of an output token; section 3.2 says "typically priced 2x
#: to 8x lower". None: every provider has its own, drawn anew in every trial from that range.
INPUT_RATIOS: Mapping[str, float | None] = {"1/8": 1 / 8, "1/4": 1 / 4, "1/2": 1 / 2, "drawn": None}
DRAWN_RATIOS = (1 / 8, 1 / 2)

#: Name, tier and base price of every provider.
PROVIDERS = [
    (f"t{tier}_{rank}", tier, base)
    for tier, prices in enumerate(BASE_PRICES, start=1)
    for rank, base in enumerate(prices, start=1)
]


@dataclass(frozen=True)
class Case:
    """One of the paper's workflows under one reading of its lengths."""

    workflow: str
    cycles: int = 1
    transfer: str = "input_share"

    @cached_property
    def graph(self) -> Workflow:
        """The workflow with the lengths of the paper's tables."""
        if self.workflow == "S1":
            return s1(self.cycles, transfer=self.transfer)
        return PAPER_WORKFLOWS[self.workflow](transfer=self.transfer)


@dataclass(frozen=True)
class Purchase:
    """A case, the rule by which it is bought, and the price of input.

    ``cold``: every node reads all of its input afresh, whoever runs its parents. ``ceiling`` is
    the top of the priors over the highest cost there is; the virtual cost of a uniform prior,
    2b - low, does not depend on its top.
    """

    case: Case
    mechanism: str
    options: StarOptions
    input_ratio: str = "1/4"
    cold: bool = False
    ceiling: float = 1.0


class Bought(NamedTuple):
    """One purchase in every trial: what was paid, and what its work cost the providers; USD."""

    paid: FloatArray
    cost: FloatArray


class Trial:
    """Trial ``number`` of the market under ``seed``."""

    def __init__(self, seed: int, number: int):
        self._key = (seed, "star-table-1", number)
        hour = self._stream("hour").uniform(0.0, 24.0)
        #: 1 + 1.5 E(t), the factor on every cost.
        self.electricity = Electricity(start_hour=0.0).factor(3600.0 * hour)
        self._spot = self._stream("spot").uniform(*SPOT, size=len(PROVIDERS)).tolist()
        self._ratio = self._stream("ratio").uniform(*DRAWN_RATIOS, size=len(PROVIDERS)).tolist()
        self._workflows: dict[Case, Workflow] = {}
        self._offers: dict[tuple[str, float], Sequence[Offer]] = {}

    def offers(self, input_ratio: str, ceiling: float = 1.0) -> Sequence[Offer]:
        """The truthful offers of the nine providers."""
        if (input_ratio, ceiling) not in self._offers:
            ratio = INPUT_RATIOS[input_ratio]
            self._offers[input_ratio, ceiling] = [
                Offer(
                    provider=provider,
                    tier=tier,
                    input_ratio=drawn if ratio is None else ratio,
                    bid=spot * base * self.electricity,
                    prior=Uniform(
                        SPOT[0] * base * self.electricity,
                        SPOT[1] * base * self.electricity * ceiling,
                    ),
                )
                for (provider, tier, base), spot, drawn in zip(
                    PROVIDERS, self._spot, self._ratio, strict=True
                )
            ]
        return self._offers[input_ratio, ceiling]

    def workflow(self, case: Case) -> Workflow:
        """The workflow with this trial's lengths; what a node passes on moves with its output."""
        if case not in self._workflows:
            noise = self._stream("lengths", case.workflow).uniform(
                1 - LENGTH_NOISE, 1 + LENGTH_NOISE, size=len(case.graph.nodes)
            )
            self._workflows[case] = _scaled(case.graph, noise.tolist())
        return self._workflows[case]

    def buy(self, purchase: Purchase) -> Outcome:
        """Clear one auction."""
        workflow, options = self.workflow(purchase.case), purchase.options
        if purchase.cold:
            workflow = _cold(workflow, charge_entry_input=options.charge_entry_input)
            options = replace(options, charge_entry_input=True)
        offers = self.offers(purchase.input_ratio, purchase.ceiling)
        return MECHANISMS[purchase.mechanism].buy(workflow, offers, options)

    def _stream(self, *key: str) -> np.random.Generator:
        return stream(*self._key, *key)


def measure(
    purchases: Iterable[Purchase],
    trials: int,
    seed: int,
    progress: Callable[[int], None] = lambda done: None,
) -> dict[Purchase, Bought]:
    """Every purchase in the same ``trials`` trials; ``progress`` hears how many are done."""
    distinct = list(dict.fromkeys(purchases))
    figures = np.empty((len(distinct), 2, trials))
    for number in range(trials):
        trial = Trial(seed, number)
        for row, purchase in enumerate(distinct):
            figures[row, :, number] = _paid_and_cost(trial, purchase)
        progress(number + 1)
    return {purchase: Bought(*rows) for purchase, rows in zip(distinct, figures, strict=True)}


def _paid_and_cost(trial: Trial, purchase: Purchase) -> tuple[float, float]:
    outcome = trial.buy(purchase)
    bids = {offer.provider: offer.bid for offer in trial.offers(purchase.input_ratio)}
    cost = sum(bids[provider] * tokens for provider, tokens in outcome.quantities.items())
    return sum(outcome.payments_usd.values()), cost / TOKENS_PER_MTOK


def _scaled(workflow: Workflow, factors: Sequence[float]) -> Workflow:
    by = {node.id: factor for node, factor in zip(workflow.nodes, factors, strict=True)}
    nodes = tuple(
        replace(
            node,
            output_tokens=node.output_tokens * by[node.id],
            input_tokens=node.input_tokens * by[node.id],
        )
        for node in workflow.nodes
    )
    edges = tuple(
        replace(edge, transfer_tokens=edge.transfer_tokens * by[edge.source])
        for edge in workflow.edges
    )
    return Workflow(nodes, edges)


def _cold(workflow: Workflow, *, charge_entry_input: bool) -> Workflow:
    """Without edges: what came along them is external input, charged everywhere."""
    entries = workflow.entry_nodes if charge_entry_input else ()
    arrived = {node.id: node.input_tokens if node.id in entries else 0.0 for node in workflow.nodes}
    for edge in workflow.edges:
        arrived[edge.target] += edge.transfer_tokens
    return Workflow(tuple(replace(node, input_tokens=arrived[node.id]) for node in workflow.nodes))
