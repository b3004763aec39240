"""One auction of a workflow: what is bought, from whose offers, by which rule."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from market.workflow.graph import Workflow
from market.workflow.mechanisms import MECHANISMS, Outcome, Rule
from market.workflow.offer import Offer
from market.workflow.star import StarOptions


@dataclass(frozen=True)
class WorkflowAuction:
    """A workflow, the offers for it in canonical order, and the rule that buys it."""

    workflow: Workflow
    offers: tuple[Offer, ...]
    rule: Rule = MECHANISMS["star"]
    options: StarOptions = field(default_factory=StarOptions)

    @property
    def described(self) -> str:
        """The rule and the options that are not the default."""
        return described(self.rule, self.options)

    def buy(self) -> Outcome:
        """Hold the auction; raises what its rule raises."""
        return self.rule.buy(self.workflow, self.offers, self.options)

    def with_bid(self, provider: str, bid: float) -> WorkflowAuction:
        """The same auction with another bid of one provider."""
        offers = tuple(
            replace(offer, bid=bid) if offer.provider == provider else offer
            for offer in self.offers
        )
        return replace(self, offers=offers)


def described(rule: Rule, options: StarOptions) -> str:
    """The rule and the options that are not the default."""
    defaults = vars(StarOptions())
    told = [f"{key}={value}" for key, value in vars(options).items() if value != defaults[key]]
    return " ".join([rule.name, *told])
