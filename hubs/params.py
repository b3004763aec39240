"""The parameters of hubs, as a scenario states them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Literal

from pydantic import Field, ValidationInfo, field_validator, model_validator

from hubs.admission import AdmissionParams
from hubs.clustering import CLUSTERINGS
from hubs.mechanisms import NAMES, ExplorationParams, truthful_for
from hubs.prediction import PredictorParams
from hubs.routing import ROUTINGS
from hubs.validated import Params
from market.errors import BadInput
from market.plugins import Role
from market.workflow import StarOptions
from market.workflow.auction import described
from market.workflow.mechanisms import NAMES as RULE_NAMES
from market.workflow.mechanisms import Rule, rule_named


class PriorLearningParams(Params):
    """Where the priors of workflow auctions come from, see ``hubs.prior_learning``.

    Under ``others`` the truth is best in each auction given its history, but not over the rounds: a
    bid moves the priors of its rivals later. Under the two others no bid ever moves the prior of a
    rival. Under all of them a slot links auctions, of one round and of several.
    """

    source: Literal["fixed", "others", "disjoint_pool"] = "fixed"
    """``fixed``: the public ones. ``others``: a provider's is learned from the past bids of all
    others. ``disjoint_pool``: each workflow is bought in one half of the providers, by priors
    learned in the other."""
    min_samples: int = Field(50, ge=1)
    """Bids of others that must be known before priors are learned from them."""
    window: int = Field(1000, le=100_000)
    """How many of the last bids of each pool are remembered; at least twice ``min_samples``."""
    quantiles: int = Field(100, ge=1, le=10_000)
    """The most order statistics of the bids that make a prior."""
    pool_seed: int = Field(0, ge=0, lt=2**63)
    """The seed that draws the halves of ``disjoint_pool``."""

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
    """How the workflow hub buys; most of it are options of ``walras solve`` too."""

    mechanism: str = "star"
    """How a workflow is bought: STAR, a baseline, or a rule with a flaw for audits to catch."""
    solver: Literal["auto", "elimination", "highs"] = "auto"
    """How the cheapest allocation is found, always exactly; auto: by the work that it would
    take."""
    workload: Literal["cost_bearing", "published"] = "cost_bearing"
    """What is paid for: ``cost_bearing``, the quantity that the objective multiplies, or
    ``published``, the paper's, which can make a lie profitable."""
    payment_method: Literal["exact", "bisection"] = "exact"
    """How threshold payments are found: at exact breakpoints, or by the paper's bisection."""
    reserve: Literal["support_top", "none"] = "support_top"
    """``support_top``: work that is never lost is paid at the top of the prior, and bids above it
    are declined. ``none``: as the paper prints it."""
    charge_entry_input: bool = True
    """Whether the external input of entry nodes counts as work."""
    charge_cached_input: bool = False
    """Whether what a node reads from its own provider's nodes counts too, at the hit ratio."""
    patience_rounds: int = Field(10, ge=1, le=10**9)
    """Rounds that a workflow waits for providers before it is refused."""
    prior: PriorLearningParams = PriorLearningParams()
    """Where the priors of its auctions come from."""
    settle: Literal["predicted", "realized"] = "predicted"
    """``predicted``: pays what was fixed at the award. ``realized``: in proportion to the work that
    it turned out to be."""

    @field_validator("mechanism")
    @classmethod
    def _known(cls, name: str) -> str:
        return check_named(name, RULE_NAMES, rule_named)

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
        return rule_named(self.mechanism)

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
    """The matching hubs and the workflow hub of a scenario."""

    count: int = Field(8, ge=0)
    """How many matching hubs there are: at most one for each provider with chat slots, 0 without
    such providers."""
    cluster: str = "domain"
    """How providers are put into hubs."""
    routing: str = "content"
    """How new dialogues are put to hubs."""
    overflow: bool = False
    """Whether a full hub sends requests elsewhere; the market is then not truthful over rounds."""
    admission: AdmissionParams = AdmissionParams()
    """How much of a hub one client may ask for at a time."""
    mechanism: str = "auction"
    """How a matching hub clears: an auction, or a baseline router that pays the bid."""
    exploration: ExplorationParams = ExplorationParams()
    """How often a request goes to a random provider, so that hubs learn of all."""
    patience_rounds: int = Field(3, ge=1, le=10**9)
    """Clearings that an unmatched request waits for before it is refused."""
    ledger_entries: int = Field(20_000, ge=1, le=10**9)
    """The most prompts that a hub remembers to predict cache hits by."""
    predictor: PredictorParams = PredictorParams()
    """How hubs predict tokens, cache hits, latency and quality."""
    workflow: WorkflowHubParams = WorkflowHubParams()
    """How the workflow hub buys."""

    @field_validator("mechanism")
    @classmethod
    def _plays(cls, name: str) -> str:
        return check_named(name, NAMES, truthful_for)

    @field_validator("cluster", "routing")
    @classmethod
    def _known(cls, name: str, info: ValidationInfo) -> str:
        return _choice(name, _CHOICES[str(info.field_name)])


#: What a name may be, by key.
_CHOICES: Mapping[str, Collection[str]] = {
    "cluster": CLUSTERINGS,
    "routing": ROUTINGS,
}


def _choice(name: str, choices: Collection[str]) -> str:
    if name not in choices:
        raise ValueError(f"expected one of {', '.join(choices)}; got {name!r}")
    return name


def check_named(name: str, role: Role, load: Callable[[str], object]) -> str:
    """The name, if it is built in or that of a plug-in which can be loaded; ``ValueError`` else."""
    try:
        role.get(name)
        load(name)
    except BadInput as error:
        raise ValueError(error.problem) from None
    return name
