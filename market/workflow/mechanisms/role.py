"""The role of a workflow mechanism: who runs what, and what each winner is paid for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from market.fields import check_unique
from market.workflow.graph import Workflow
from market.workflow.offer import Offer
from market.workflow.star import StarOptions

#: What a provider's cost grows with: what it runs, q_i(A), or the cold work of its nodes, which
#: does without whatever a cache would save.
COST_BASES = ("run", "cold")


class Outcome(Protocol):
    """What every mechanism answers; ``StarOutcome`` is one.

    Keys are node ids in ``allocation`` and providers elsewhere; only providers that run a node
    appear.
    """

    @property
    def allocation(self) -> Mapping[str, str]:
        """Of every node, the provider that runs it."""

    @property
    def quantities(self) -> Mapping[str, float]:
        """What each winner runs, q_i(A): tokens, in output-token equivalents."""

    @property
    def payments_usd(self) -> Mapping[str, float]:
        """What each winner is paid."""


@dataclass(frozen=True)
class Purchase:
    """An ``Outcome`` and nothing else."""

    allocation: Mapping[str, str]
    quantities: Mapping[str, float]
    payments_usd: Mapping[str, float]


class Mechanism(Protocol):
    """A rule by which a workflow is bought."""

    def __call__(
        self, workflow: Workflow, offers: Sequence[Offer], options: StarOptions | None = None
    ) -> Outcome:
        """Buy ``workflow`` from ``offers``, whose order is the canonical order that breaks ties.

        Raises ``BadInput`` and ``Infeasible`` where nobody can do what has to be done.
        """


class CriticalBids(Protocol):
    """The bids at which one provider's quantity changes, or more, the others' bids being fixed."""

    def __call__(
        self,
        workflow: Workflow,
        offers: Sequence[Offer],
        provider: str,
        options: StarOptions | None = None,
    ) -> tuple[float, ...]:
        """The critical bids from the bid of ``provider`` up to the top of its prior, ascending.

        In between the provider's quantity stays the same, in both senses of ``COST_BASES``, and
        its payment is a line as a function of its bid. Raises what the mechanism raises.
        """


@dataclass(frozen=True)
class Rule:
    """A mechanism under the name it is asked for by.

    ``truthful``: whether, under the default options, no misreport gains for a provider whose cost
    is its base cost times the work it is paid for. ``critical_bids`` let an audit be exact; None
    where it has to search. ``minimises``: the price of a provider's quantity in the objective that
    an exact allocation is an optimum of; None where it is inexact. ``cost_basis``: one of
    ``COST_BASES``, the work that is paid for.
    """

    name: str
    buy: Mechanism
    truthful: bool
    critical_bids: CriticalBids | None = None
    minimises: Callable[[Offer], float] | None = None
    cost_basis: str = "run"

    @property
    def exact(self) -> bool:
        """Whether its allocation is an optimum of its objective."""
        return self.minimises is not None


def by_name(*rules: Rule) -> Mapping[str, Rule]:
    """The rules by their names; raises ``BadInput`` if a name stands twice."""
    check_unique("mechanisms", [rule.name for rule in rules])
    return {rule.name: rule for rule in rules}
