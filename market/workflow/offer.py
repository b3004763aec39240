"""What a provider brings to the auction: its public traits, its bid and the prior of its cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from market.errors import BadInput
from market.fields import Fields
from market.workflow.priors import MAX_PRICE, Prior

#: An input token that costs more than this many output tokens is surely a mistake.
MAX_INPUT_RATIO = 1e6

#: What happens above the highest cost of a prior, see ``admitted``.
RESERVES = ("support_top", "none")


@dataclass(frozen=True)
class Offer:
    """One provider's offer for a workflow.

    ``input_ratio`` (rho) is the public price of an input token over that of an output token, and
    ``hit_ratio`` (kappa) likewise of an input token that is cached, which counts only where cached
    input is charged; ``bid`` is USD per 1e6 output tokens.
    """

    provider: str
    tier: int
    input_ratio: float
    bid: float
    prior: Prior
    hit_ratio: float = 0.0

    def __post_init__(self) -> None:
        fields = Fields(vars(self), f"provider {self.provider!r}")
        fields.text("provider")
        fields.integer("tier", low=1)
        fields.number("input_ratio", low=0, high=MAX_INPUT_RATIO)
        fields.number("hit_ratio", low=0, high=MAX_INPUT_RATIO)
        fields.number("bid", low=0, high=MAX_PRICE)

    @property
    def virtual_cost(self) -> float:
        """phi(bid), USD per 1e6 output tokens."""
        return self.prior.virtual_cost(self.bid)

    @property
    def top_virtual_cost(self) -> float:
        """phi of the highest bid that the prior allows."""
        return self.prior.virtual_cost(self.prior.high)


def check_hit_ratio(provider: str, input_ratio: float, hit_ratio: float) -> None:
    """Raise ``BadInput`` where a cached token costs more than one that is not."""
    if hit_ratio > input_ratio:
        problem = f"expected at most its input_ratio, {input_ratio:g}, where cached input is"
        raise BadInput(f"provider {provider!r}.hit_ratio", f"{problem} charged; got {hit_ratio:g}")


def admitted(offers: Sequence[Offer], reserve: str) -> tuple[Offer, ...]:
    """The offers that take part, in their order.

    A bid above the top of its prior is declined under ``support_top``. Without a reserve nothing
    says what such a bid is worth, so it raises ``BadInput``.
    """
    above = [offer for offer in offers if offer.bid > offer.prior.high]
    if above and reserve == "none":
        offer = above[0]
        problem = f"expected a bid <= {offer.prior.high:g}, the top of its prior, under"
        problem += f" reserve 'none', got {offer.bid:g}"
        raise BadInput(f"provider {offer.provider!r}.bid", problem)
    return tuple(offer for offer in offers if offer.bid <= offer.prior.high)
