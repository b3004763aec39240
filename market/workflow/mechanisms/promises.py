"""What every purchase owes, looked for in those of plug-ins before they count."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from market.plugins import Plugin
from market.workflow.graph import Workflow
from market.workflow.mechanisms.role import Mechanism, Outcome, Rule
from market.workflow.offer import Offer
from market.workflow.star import StarOptions


def guarded(rule: Rule, plugin: Plugin) -> Rule:
    """The rule of a plug-in, which ends in ``BadInput`` where a purchase breaks a promise."""
    return replace(rule, buy=Guarded(rule.buy, plugin))


@dataclass(frozen=True)
class Guarded:
    """The mechanism of a plug-in, whose purchases are looked at."""

    mechanism: Mechanism
    plugin: Plugin

    def __call__(
        self, workflow: Workflow, offers: Sequence[Offer], options: StarOptions | None = None
    ) -> Outcome:
        """As the mechanism does; raises ``BadInput`` with the first promise that it breaks."""
        outcome = self.mechanism(workflow, offers, options)
        broken = _broken(workflow, offers, outcome)
        if broken:
            raise self.plugin.wrong(f"expected of every purchase: {broken}")
        return outcome


def _broken(workflow: Workflow, offers: Sequence[Offer], outcome: Outcome) -> str:
    """What does not hold; empty where everything does."""
    if not all(hasattr(outcome, name) for name in ("allocation", "quantities", "payments_usd")):
        return "it has an allocation, quantities and payments_usd"
    if outcome.allocation.keys() != {node.id for node in workflow.nodes}:
        return "allocation has a provider for every node"
    winners = set(outcome.allocation.values())
    if not winners <= {offer.provider for offer in offers}:
        return "allocation names providers that made an offer"
    for name in ("quantities", "payments_usd"):
        amounts = getattr(outcome, name)
        if amounts.keys() != winners:
            return f"{name} has whoever runs a node and nobody else"
        if not all(0 <= amount < math.inf for amount in amounts.values()):
            return f"{name} are finite and 0 or more"
    return ""
