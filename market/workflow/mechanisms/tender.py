"""What every mechanism starts from: the workflow and the offers admitted for it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from market.fields import check_unique
from market.workflow.allocation import AllocationProblem, allocation_problem
from market.workflow.graph import Workflow
from market.workflow.offer import Offer, admitted
from market.workflow.quantities import FloatArray, IntArray
from market.workflow.star import StarOptions


@dataclass(frozen=True)
class Tender:
    """A workflow of n nodes and the N offers admitted for it, in canonical order."""

    workflow: Workflow
    offers: tuple[Offer, ...]
    problem: AllocationProblem

    @classmethod
    def call(cls, workflow: Workflow, offers: Sequence[Offer], options: StarOptions) -> Tender:
        """Decline what ``options.reserve`` declines and see who is capable of what.

        Raises ``BadInput``, and ``Infeasible`` where a node has no capable provider.
        """
        check_unique("providers", [offer.provider for offer in offers])
        bidders = admitted(offers, options.reserve)
        return cls(workflow, bidders, allocation_problem(workflow, bidders, **options.charges))

    @cached_property
    def bids(self) -> FloatArray:
        """(N,) USD per 1e6 output tokens."""
        return np.array([offer.bid for offer in self.offers], dtype=np.float64)

    @cached_property
    def virtual_costs(self) -> FloatArray:
        """(N,) USD per 1e6 output tokens."""
        return np.array([offer.virtual_cost for offer in self.offers], dtype=np.float64)

    def quantity(self, allocation: IntArray) -> FloatArray:
        """q_i(A), (N,) tokens, of ``allocation`` (n,), the position of a provider per node."""
        quantity: FloatArray = self.problem.quantities(allocation[None])[0]
        return quantity

    def position(self, provider: str) -> int | None:
        """Where ``provider`` stands among the offers; None where its bid was declined."""
        names = [offer.provider for offer in self.offers]
        return names.index(provider) if provider in names else None

    def reachable(self, provider: int, bids: Iterable[float | None]) -> tuple[float, ...]:
        """Those of ``bids`` that ``provider`` could make by raising its own, ascending."""
        offer = self.offers[provider]
        return tuple(
            sorted(
                {bid for bid in bids if bid is not None and offer.bid <= bid <= offer.prior.high}
            )
        )

    def names(self, allocation: IntArray) -> Mapping[str, str]:
        """Of every node, the provider that runs it."""
        return {
            node.id: self.offers[i].provider
            for node, i in zip(self.workflow.nodes, allocation.tolist(), strict=True)
        }

    def of_winners(self, allocation: IntArray, amounts: FloatArray) -> Mapping[str, float]:
        """The ``amounts`` (N,) of the providers that run a node, in canonical order."""
        return {self.offers[i].provider: float(amounts[i]) for i in np.unique(allocation).tolist()}
