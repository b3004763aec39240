"""What the market believes of a provider's cost, as a scenario states it."""

from __future__ import annotations

from functools import cached_property
from typing import Annotated, ClassVar, Literal, NamedTuple

from pydantic import Field, model_validator

from agents.cost import Cost
from agents.params import Params
from market.errors import BadInput
from market.fields import Fields
from market.price_level import at_price_level
from market.workflow import PRIORS, Prior


class Belief(NamedTuple):
    """What is publicly known of a cost at one time; a ``Bid`` has the same fields."""

    low: float
    high: float
    prior: Prior | None = None
    price_level: float = 1.0


class FromCost(Params):
    """The prior is the public support of the cost, electricity included: what an insider knows."""

    kind: Literal["from_cost"] = "from_cost"

    def belief(self, cost: Cost, time_s: float) -> Belief:
        """What the market believes at ``time_s``, USD per 1e6 output tokens."""
        return Belief(*cost.support(time_s))

    def check_level(self, level: float) -> None:
        """Nothing is stated that could leave its bounds."""

    def check_reach(self, cost: Cost) -> None:
        """Raise ``BadInput`` if nothing of the cost is private: a point is no prior."""
        low, high = cost.support(0.0)
        if low >= high:
            problem = "expected a cost of which something is private, such as scarcity or load"
            raise BadInput("prior", f"from_cost: {problem}; got one that everyone knows")


class StatedPrior(Params):
    """The market believes in a stated prior, right or wrong; its bounds are the market's own."""

    kind: str
    scaled: bool = True
    """Whether the public electricity factor of each round multiplies its prices; false: they hold
    in all rounds."""

    #: Whether bids carry the prior itself; of a uniform one the support says all.
    _carried: ClassVar[bool] = True

    @model_validator(mode="after")
    def _is_a_prior(self) -> StatedPrior:
        try:
            _ = self.prior
        except BadInput as error:
            where = error.where.removeprefix(f"{self.kind}.")
            raise ValueError(f"{where}: {error.problem}") from None
        return self

    @cached_property
    def prior(self) -> Prior:
        """The prior as it is stated."""
        stated = self.model_dump(exclude={"kind", "scaled"}, exclude_none=True)
        return PRIORS[self.kind].read(Fields(stated, self.kind))

    def belief(self, cost: Cost, time_s: float) -> Belief:
        """What the market believes at ``time_s``, USD per 1e6 output tokens."""
        level = cost.price_level(time_s) if self.scaled else 1.0
        low, high = self.prior.low * level, self.prior.high * level
        return Belief(low, high, self.prior, level) if self._carried else Belief(low, high)

    def check_level(self, level: float) -> None:
        """Raise ``BadInput`` if a price leaves its bounds at this factor on all costs."""
        if self.scaled:
            at_price_level(self.prior, level)

    def check_reach(self, cost: Cost) -> None:
        """Raise ``BadInput`` if every true cost is above it, at whatever hour.

        Electricity moves a scaled prior with the cost, and leaves one that is not: either way the
        cost comes within reach, if ever, at a factor of 1.
        """
        high = self.prior.high
        if high < cost.lowest:
            problem = f"expected a high end of at least its lowest cost, {cost.lowest:.6g}"
            raise BadInput("prior", f"{problem}, got {high:g}")


class UniformPrior(StatedPrior):
    """Every cost in [low, high] is equally likely."""

    kind: Literal["uniform"]
    low: float
    """The lowest cost, USD per 1e6 output tokens."""
    high: float
    """The highest cost, USD per 1e6 output tokens."""

    _carried: ClassVar[bool] = False


class TruncatedNormalPrior(StatedPrior):
    """A normal distribution that is cut to [low, high]."""

    kind: Literal["truncated_normal"]
    mean: float
    """The mean before it is cut, USD per 1e6 output tokens."""
    deviation: float
    """The standard deviation before it is cut, USD per 1e6 output tokens."""
    low: float
    """The lowest cost, USD per 1e6 output tokens."""
    high: float
    """The highest cost, USD per 1e6 output tokens."""


class TruncatedLognormalPrior(StatedPrior):
    """A log-normal distribution that is cut to [low, high]."""

    kind: Literal["truncated_lognormal"]
    median: float
    """The median before it is cut, USD per 1e6 output tokens."""
    sigma: float
    """The deviation of the logarithm before it is cut."""
    low: float
    """The lowest cost, USD per 1e6 output tokens."""
    high: float
    """The highest cost, USD per 1e6 output tokens."""


class EmpiricalPrior(StatedPrior):
    """Costs that were seen."""

    kind: Literal["empirical"]
    samples: tuple[float, ...]
    """The costs, USD per 1e6 output tokens."""
    low: float | None = None
    """The lowest cost, USD per 1e6 output tokens; null: that of the samples."""
    high: float | None = None
    """The highest cost, USD per 1e6 output tokens; null: that of the samples."""


PriorParams = Annotated[
    FromCost | UniformPrior | TruncatedNormalPrior | TruncatedLognormalPrior | EmpiricalPrior,
    Field(discriminator="kind"),
]
