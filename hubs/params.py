"""The parameters of hubs, as a scenario states them."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from hubs.mechanisms import MECHANISMS


class _Params(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class PredictorParams(_Params):
    """How hubs predict.

    ``split_delta`` and ``split_tau`` are the Hoeffding bound's error and its tie threshold, more
    eager than river's defaults because a provider sees few labels. ``grace_period`` labels pass
    between two attempts to split a leaf. ``prior_labels`` is how many labels what is publicly
    known (analytic estimate, benchmark score, ``output_tokens``) counts for.
    ``latency_ratio_cap`` bounds the labels of the latency trees. Lengths of answers are learned in
    the order of their awards, until ``most_held`` of them wait for one that does not come.
    """

    grace_period: int = Field(50, ge=10)
    max_depth: int = Field(8, ge=1)
    split_delta: float = Field(0.01, gt=0, lt=1)
    split_tau: float = Field(0.1, gt=0, lt=1)
    prior_labels: float = Field(5.0, ge=0)
    output_tokens: float = Field(150.0, ge=1)
    latency_ratio_cap: float = Field(50.0, gt=1)
    most_held: int = Field(500, ge=0)


class WorkflowHubParams(_Params):
    """How the workflow hub buys; the options of ``walras solve``."""

    solver: Literal["auto", "elimination", "highs"] = "auto"
    reserve: Literal["support_top", "none"] = "support_top"
    charge_entry_input: bool = True
    patience_rounds: int = Field(10, ge=1)


class HubParams(_Params):
    """The matching hubs and the workflow hub of a scenario.

    ``mechanism`` is how a matching hub clears: the auction, or a baseline router that pays the
    bid. An unmatched request waits ``patience_rounds`` clearings, then is refused. A hub's ledger
    remembers at most ``ledger_entries`` prompts.
    """

    count: int = Field(8, ge=0)
    cluster: Literal["capability"] = "capability"
    mechanism: str = "auction"
    patience_rounds: int = Field(3, ge=1)
    ledger_entries: int = Field(20_000, ge=1)
    predictor: PredictorParams = PredictorParams()
    workflow: WorkflowHubParams = WorkflowHubParams()

    @field_validator("mechanism")
    @classmethod
    def _known(cls, name: str) -> str:
        if name not in MECHANISMS:
            raise ValueError(f"expected one of {', '.join(MECHANISMS)}; got {name!r}")
        return name
