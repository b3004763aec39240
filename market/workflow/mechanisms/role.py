"""The role of a workflow mechanism: who runs what, and what each winner is paid for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from market.fields import check_unique
from market.workflow.graph import Workflow
from market.workflow.offer import Offer
from market.workflow.star import StarOptions


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


@dataclass(frozen=True)
class Rule:
    """A mechanism under the name it is asked for by.

    ``exact``: whether its allocation is an optimum of its objective. ``truthful``: whether, under
    the default options, no misreport gains for a provider whose cost is its base cost times the
    work it is paid for.
    """

    name: str
    buy: Mechanism
    exact: bool
    truthful: bool


def by_name(*rules: Rule) -> Mapping[str, Rule]:
    """The rules by their names; raises ``BadInput`` if a name stands twice."""
    check_unique("mechanisms", [rule.name for rule in rules])
    return {rule.name: rule for rule in rules}
