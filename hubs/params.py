"""The parameters of hubs, as a scenario states them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Literal

from pydantic import Field, ValidationInfo, field_validator, model_validator

from hubs.admission import AdmissionParams
from hubs.clustering import CLUSTERINGS
from hubs.mechanisms import MECHANISMS, ExplorationParams
from hubs.prediction import PredictorParams
from hubs.routing import ROUTINGS
from hubs.validated import Params
from market.workflow import StarOptions
from market.workflow.auction import described
from market.workflow.mechanisms import MECHANISMS as WORKFLOW_MECHANISMS
from market.workflow.mechanisms import Rule


class PriorLearningParams(Params):
    """Where the priors of workflow auctions come from, see ``hubs.prior_learning``.

    ``source``: ``fixed`` takes those that are public; ``others`` learns a provider's from the past
    bids of all others; ``disjoint_pool`` halves the providers, buys each workflow in one half and
    learns the priors there from the bids of the other. Under ``others`` the truth is best in each
    auction given its history, but not over the rounds: a bid moves the priors of its rivals later.
    Under the two others no bid ever moves the prior of a rival. Under all of them a slot links
    auctions, of one round and of several.

    Until ``min_samples`` bids of others are known, priors are those that are public. The last
    ``window`` bids of each pool are remembered, at most ``quantiles`` of their order statistics
    make a prior. ``pool_seed`` draws the halves.
    """

    source: Literal["fixed", "others", "disjoint_pool"] = "fixed"
    min_samples: int = Field(50, ge=1)
    window: int = Field(1000, le=100_000)
    quantiles: int = Field(100, ge=1, le=10_000)
    pool_seed: int = Field(0, ge=0, lt=2**63)

    @model_validator(mode="after")
    def _window_holds_enough(self) -> PriorLearningParams:
        # up to half of what a pool of two remembers is of the one that must not learn from it
        if self.window < 2 * self.min_samples:
            raise ValueError(
                f"expected a window of at least 2 * min_samples = {2 * self.min_samples}, "
                f"got {self.window}"
            )
        return self


#: Workflow mechanisms that pay what the second offer asks.
SECOND_PRICES = ("homogeneous", "myopic", "myopic_as_printed")


class WorkflowHubParams(Params):
    """How the workflow hub buys; the first seven are options of ``walras solve``.

    ``settle``: ``predicted`` pays what was fixed at the award; ``realized`` pays it in proportion
    to the work that it turned out to be, see ``hubs.settlement``.
    """

    mechanism: str = "star"
    solver: Literal["auto", "elimination", "highs"] = "auto"
    workload: Literal["cost_bearing", "published"] = "cost_bearing"
    payment_method: Literal["exact", "bisection"] = "exact"
    reserve: Literal["support_top", "none"] = "support_top"
    charge_entry_input: bool = True
    charge_cached_input: bool = False
    patience_rounds: int = Field(10, ge=1, le=10**9)
    prior: PriorLearningParams = PriorLearningParams()
    settle: Literal["predicted", "realized"] = "predicted"

    @field_validator("mechanism")
    @classmethod
    def _known(cls, name: str) -> str:
        return _choice(name, WORKFLOW_MECHANISMS)

    @model_validator(mode="after")
    def _somebody_sets_the_price(self) -> WorkflowHubParams:
        if self.reserve == "none" and self.mechanism in SECOND_PRICES:
            raise ValueError(
                f"reserve: expected support_top under {self.mechanism}, since a lone provider "
                "leaves no second offer; got 'none'"
            )
        return self

    @property
    def rule(self) -> Rule:
        """The mechanism."""
        return WORKFLOW_MECHANISMS[self.mechanism]

    @property
    def described(self) -> str:
        """The mechanism and the options that are not the default."""
        return described(self.rule, self.options)

    @property
    def truthful(self) -> bool:
        """Whether the truth is best for providers in each auction, their slots aside."""
        exactly = self.workload == "cost_bearing" and self.payment_method == "exact"
        return self.rule.truthful and exactly

    @property
    def covers_cost(self) -> bool:
        """Whether a truthful winner is sure to be paid at least the cost of what was predicted."""
        return self.mechanism == "star" and self.truthful and self.reserve == "support_top"

    @property
    def options(self) -> StarOptions:
        """Its options."""
        return StarOptions(
            solver=self.solver,
            workload=self.workload,
            payment_method=self.payment_method,
            reserve=self.reserve,
            charge_entry_input=self.charge_entry_input,
            charge_cached_input=self.charge_cached_input,
        )


class HubParams(Params):
    """The matching hubs and the workflow hub of a scenario.

    ``cluster`` puts providers into hubs, ``routing`` new dialogues; with ``overflow`` a full hub
    sends requests elsewhere, and the market is no longer truthful over rounds. ``mechanism`` is how
    a matching hub clears: an auction, or a baseline router that pays the bid. An unmatched request
    waits ``patience_rounds`` clearings, then is refused. A hub's ledger remembers at most
    ``ledger_entries`` prompts.
    """

    count: int = Field(8, ge=0)
    cluster: str = "domain"
    routing: str = "content"
    overflow: bool = False
    admission: AdmissionParams = AdmissionParams()
    mechanism: str = "auction"
    exploration: ExplorationParams = ExplorationParams()
    patience_rounds: int = Field(3, ge=1, le=10**9)
    ledger_entries: int = Field(20_000, ge=1, le=10**9)
    predictor: PredictorParams = PredictorParams()
    workflow: WorkflowHubParams = WorkflowHubParams()

    @field_validator("mechanism", "cluster", "routing")
    @classmethod
    def _known(cls, name: str, info: ValidationInfo) -> str:
        return _choice(name, _CHOICES[str(info.field_name)])


#: What a name may be, by key.
_CHOICES: Mapping[str, Collection[str]] = {
    "mechanism": MECHANISMS,
    "cluster": CLUSTERINGS,
    "routing": ROUTINGS,
}


def _choice(name: str, choices: Collection[str]) -> str:
    if name not in choices:
        raise ValueError(f"expected one of {', '.join(choices)}; got {name!r}")
    return name
