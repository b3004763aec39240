"""The figures of a run, computed from its log alone."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from market.messages import CHAT
from market.money import usd
from orchestrator.analysis.columns import columns_of, missing, where
from orchestrator.analysis.faults import FaultSummary, faults
from orchestrator.analysis.presence import PresenceSummary, presence
from orchestrator.analysis.served_chat import served_chat
from orchestrator.analysis.served_work import served_work
from orchestrator.runs.directory import read_description


@dataclass(frozen=True)
class Endings:
    """How what was asked ended.

    ``reauctioned`` counts what failed and was auctioned again; how that ended counts in the others.
    """

    served: int
    refused: int
    failed: int
    reauctioned: int

    @property
    def asked(self) -> int:
        """All that was asked."""
        return self.served + self.refused + self.failed


@dataclass(frozen=True)
class ChatSummary(Endings):
    """The chat market; money in USD.

    ``reported_welfare`` is predicted value less cost at the bids, what the clearings maximised;
    ``realized_welfare`` is the true value of the answers less what they truly cost. The two
    violations count served requests whose client paid more than the answer was worth to it, or
    whose provider got less than it cost. What was promised is by the predictions at the award:
    matches whose client would pay more than its answer is worth, and clearings of a hub in which
    clients would pay less than providers receive. Errors of predictions are normalised mean
    absolute ones (NMAE), and the Brier score of quality. The wait is from arrival to the award,
    TTFT from there to the first token; valuations count the latter, which the match decides.
    """

    reported_welfare_usd: float
    realized_welfare_usd: float
    clients_paid_usd: float
    providers_received_usd: float
    hubs_kept_usd: float
    client_surplus_usd: float
    provider_surplus_usd: float
    client_losses: int
    provider_losses: int
    promised_client_losses: int
    promised_hub_losses: int
    ttft_nmae: float
    cost_nmae: float
    brier: float
    median_value_usd: float
    median_cost_usd: float
    hit_rate: float
    wait_mean_s: float
    wait_p99_s: float
    ttft_mean_s: float
    ttft_p99_s: float
    quality: float


@dataclass(frozen=True)
class WorkflowSummary(Endings):
    """The workflow market; money in USD, over the workflows that were served.

    ``paid`` is what clients paid in the end, ``true_cost`` what the work that was done cost at the
    winners' private costs. ``realized_less_predicted`` is what payments in proportion to the
    realised work come to, less those of the awards, whichever were paid; None where all lengths
    were as predicted. ``mechanism`` bought them, which is ``truthful`` or not, and took priors from
    ``prior_source``.
    """

    paid_usd: float
    true_cost_usd: float
    realized_less_predicted_usd: float | None
    prior_source: str
    mechanism: str
    truthful: bool


@dataclass(frozen=True)
class RunSummary:
    """One run; with ``overflow`` what was reported in a round routes requests in later ones."""

    chat: ChatSummary
    workflows: WorkflowSummary
    presence: PresenceSummary
    faults: FaultSummary
    rounds: int
    overflow: bool

    @property
    def provider_profit_usd(self) -> float:
        """Of all providers in both markets: what they were paid, less true and fixed costs."""
        of_workflows = self.workflows.paid_usd - self.workflows.true_cost_usd
        return self.chat.provider_surplus_usd + of_workflows - self.presence.fixed_cost_usd


def summarize(run: Path) -> RunSummary:
    """Read a run's log and add it up.

    Raises:
        BadInput: parts of the log are missing.
    """
    return RunSummary(
        chat=_chat(run),
        workflows=_workflows(run),
        presence=presence(run),
        faults=faults(run),
        rounds=len(columns_of(run, "rounds", "round")["round"]),
        overflow=read_description(run).scenario.hubs.overflow,
    )


def _chat(run: Path) -> ChatSummary:
    asked = columns_of(run, "requests", "status")
    served = served_chat(run)
    awards = columns_of(run, "awards", "kind", "value_nano", "cost_nano")
    awards = where(awards, awards["kind"] == CHAT)
    wait_s = served["submitted_s"] - served["arrival_s"]
    value, cost = served["realized_value_nano"], served["realized_cost_nano"]
    reported = awards["value_nano"].astype(np.int64) - awards["cost_nano"]
    known = ~missing(served["cached_tokens"])
    client_gain = value - served["client_paid_nano"]
    promised = columns_of(
        run, "hubs", "promised_client_losses", "promised_by_clients_nano",
        "promised_to_providers_nano",
    )  # fmt: skip
    off = _prequential(run)
    short = promised["promised_by_clients_nano"] < promised["promised_to_providers_nano"]
    provider_gain = served["provider_received_nano"] - cost
    return ChatSummary(
        **_statuses(asked["status"]),
        reported_welfare_usd=usd(int(reported.sum())),
        realized_welfare_usd=usd(int((value - cost).sum())),
        clients_paid_usd=usd(int(served["client_paid_nano"].sum())),
        providers_received_usd=usd(int(served["provider_received_nano"].sum())),
        hubs_kept_usd=usd(int(served["hub_kept_nano"].sum())),
        client_surplus_usd=usd(int(client_gain.sum())),
        provider_surplus_usd=usd(int(provider_gain.sum())),
        client_losses=int((client_gain < 0).sum()),
        provider_losses=int((provider_gain < 0).sum()),
        promised_client_losses=int(promised["promised_client_losses"].sum()),
        promised_hub_losses=int(short.sum()),
        ttft_nmae=_ratio(off["ttft_abs_error_s"], off["ttft_s"]),
        cost_nmae=_ratio(off["cost_abs_error_tokens"], off["cost_tokens"]),
        brier=_ratio(off["quality_squared_error"], off["graded"]),
        median_value_usd=usd(_median(awards["value_nano"].astype(float))),
        median_cost_usd=usd(_median(awards["cost_nano"].astype(float))),
        hit_rate=_ratio(
            float(served["cached_tokens"][known].sum()), float(served["prompt_tokens"][known].sum())
        ),
        wait_mean_s=_mean(wait_s),
        wait_p99_s=_p99(wait_s),
        ttft_mean_s=_mean(served["ttft_s"]),
        ttft_p99_s=_p99(served["ttft_s"]),
        quality=_mean(served["quality"].astype(float)),
    )


def _prequential(run: Path) -> dict[str, float]:
    """Sums of errors of what was predicted before it was learned, over providers and rounds."""
    columns = columns_of(
        run, "prequential", "ttft_abs_error_s", "ttft_s", "cost_abs_error_tokens", "cost_tokens",
        "quality_squared_error", "graded",
    )  # fmt: skip
    return {name: float(column.sum()) for name, column in columns.items()}


def _workflows(run: Path) -> WorkflowSummary:
    workflows = columns_of(run, "workflows", "status")
    done = served_work(run)
    hub = read_description(run).scenario.hubs.workflow
    return WorkflowSummary(
        **_statuses(workflows["status"]),
        paid_usd=usd(_total(done["client_paid_nano"])),
        true_cost_usd=usd(_total(done["done_cost_nano"])),
        realized_less_predicted_usd=_realized_less_predicted(done),
        prior_source=hub.prior.source,
        mechanism=hub.described,
        truthful=hub.truthful,
    )


def _realized_less_predicted(done: pa.Table) -> float | None:
    """Over the winners of served workflows, payments by realised work less those awarded."""
    realized, predicted = done["realized_quantity_tokens"], done["quantity_tokens"]
    if np.allclose(realized.to_numpy(), predicted.to_numpy(), rtol=1e-9, atol=0.0):
        return None
    less = _total(done["realized_payment_nano"]) - _total(done["client_pays_nano"])
    return float(usd(less))


def _total(nano: pa.ChunkedArray) -> int:
    return round(pc.sum(nano).as_py() or 0)


_STATUSES = ("served", "refused", "failed", "reauctioned")


def _statuses(status: npt.NDArray[Any]) -> dict[str, int]:
    return {name: int((status == name).sum()) for name in _STATUSES}


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else float("nan")


def _mean(column: npt.NDArray[Any]) -> float:
    return float(column.mean()) if len(column) else float("nan")


def _p99(column: npt.NDArray[Any]) -> float:
    return float(np.quantile(column, 0.99)) if len(column) else float("nan")


def _median(column: npt.NDArray[Any]) -> float:
    return float(np.median(column)) if len(column) else float("nan")
