"""The clearings of a run, held again from its log and audited with the log's private truth."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow.compute as pc

import market.audit as auditor
from market.audit import Report
from market.errors import BadInput
from market.matching import MatchingMarket
from market.money import nano_usd_array, usd
from market.workflow import WorkflowAuction
from orchestrator.analysis.replay import ChatClearing, chat_clearing, workflow_auction
from orchestrator.log import read_table
from orchestrator.run_directory import read_description

Told = Callable[[str], None]


class ChatPlace(NamedTuple):
    """One clearing of a matching hub."""

    trial: int
    round: int
    hub: str

    def __str__(self) -> str:
        return f"chat in {self.hub}, trial {self.trial}, round {self.round}"


class WorkflowPlace(NamedTuple):
    """One workflow that was bought."""

    trial: int
    workflow: str
    name: str

    def __str__(self) -> str:
        return f"workflow {self.workflow} ({self.name}), trial {self.trial}"


def chat_places(run: Path) -> list[ChatPlace]:
    """The hub auctions that awarded something, most awards first.

    None where no auction was held, or where the log has not everyone who took part.
    """
    scenario = read_description(run).scenario
    if scenario.hubs.mechanism != "auction" or scenario.log.predictions != "full":
        return []
    rows = read_table(run, "hubs", ["trial", "round", "hub", "awarded"]).to_pylist()
    awarding = [row for row in rows if row["awarded"]]
    awarding.sort(key=lambda row: (-row["awarded"], row["trial"], row["round"], row["hub"]))
    return [ChatPlace(row["trial"], row["round"], row["hub"]) for row in awarding]


def workflow_places(run: Path) -> list[WorkflowPlace]:
    """The workflows that were bought, the dearest first."""
    columns = ["trial", "workflow", "name", "payment_nano"]
    rows = read_table(run, "workflows", columns).to_pylist()
    paid = [row for row in rows if row["payment_nano"]]
    paid.sort(key=lambda row: (-row["payment_nano"], row["trial"], row["workflow"]))
    return [WorkflowPlace(row["trial"], row["workflow"], row["name"]) for row in paid]


def audit_chat(
    run: Path,
    place: ChatPlace,
    *,
    sides: Iterable[str] | None = None,
    only_busiest_provider: bool = False,
    progress: Told = lambda participant: None,
) -> Report:
    """Audit a hub's auction in USD; the truth of everyone is their own in the log.

    Reports of everybody else stay what they were. Raises ``BadInput`` if the log lacks it.
    """
    clearing = chat_clearing(run, *place)
    if clearing is None:
        raise BadInput(str(run), f"has no predictions of {place}: the log is not whole")
    market = MatchingMarket(
        values=usd(clearing.values),
        costs=usd(clearing.costs),
        allowed=np.ones(clearing.values.shape, dtype=bool),
        capacities=clearing.capacities,
        clients=clearing.clients,
    )
    true_values, unknown = _true_values(run, place, clearing)
    report = auditor.audit_matching(
        market,
        true_values=true_values,
        true_factors=clearing.true_over_bid,
        provider_names=clearing.providers,
        sides=(auditor.CLIENT, auditor.PROVIDER) if sides is None else sides,
        participants=[_busiest(market, clearing)] if only_busiest_provider else None,
        progress=progress,
    )
    if not unknown:
        return report
    note = f"{unknown} requests did not end in the log: their values as reported are taken for true"
    return Report(report.mechanism, report.findings, report.checks, (*report.notes, note))


def audit_workflow(
    run: Path,
    place: WorkflowPlace,
    *,
    sides: Iterable[str] | None = None,
    only_best_paid: bool = False,
    progress: Told = lambda participant: None,
) -> Report:
    """Audit the auction of a workflow; the truth of providers are their private costs."""
    logged = workflow_auction(run, place.trial, place.workflow)
    hub = read_description(run).scenario.hubs.workflow
    auction = WorkflowAuction(logged.workflow, logged.offers, hub.rule, hub.options)
    chosen = (auditor.PROVIDER,) if sides is None else tuple(sides)
    reports = []
    if auditor.PROVIDER in chosen:
        paid = auction.buy().payments_usd if only_best_paid else {}
        reports.append(
            auditor.audit_workflow_providers(
                auction,
                true_costs=logged.true_costs,
                providers=[max(paid, key=lambda name: paid[name])] if paid else None,
                progress=progress,
            )
        )
    if auditor.CLIENT in chosen:
        reports.append(
            auditor.audit_workflow_client(auction, settlements=(hub.settle,), progress=progress)
        )
    return auditor.merged(reports)


def _busiest(market: MatchingMarket, clearing: ChatClearing) -> str:
    """The provider that serves most."""
    match = market.clear().match
    served = np.bincount(match[match >= 0], minlength=len(clearing.providers))
    return clearing.providers[int(served.argmax())]


def _true_values(
    run: Path, place: ChatPlace, clearing: ChatClearing
) -> tuple[npt.NDArray[np.float64], int]:
    """(requests, providers) USD, and of how many requests the truth is not in the log.

    A request's truth is written when it ends; what was predicted of it is priced by it as a hub
    prices it by the report.
    """
    here = (pc.field("trial") == place.trial) & (pc.field("round") == place.round)
    columns = ["trial", "round", "hub", "request", "quality", "ttft_s"]
    predicted = read_table(run, "predictions", columns)
    rows = predicted.filter(here & (pc.field("hub") == place.hub)).to_pylist()
    names = [f"true_{key}" for key in ("quality_weight", "quality_usd", "latency_usd_per_s")]
    asked = read_table(run, "requests", ["trial", "request", *names])
    truth = {
        row["request"]: [row[name] for name in names]
        for row in asked.filter(pc.field("trial") == place.trial).to_pylist()
    }
    values = clearing.values.copy()
    for position, row in enumerate(rows):
        if row["request"] in truth:
            weight, quality_usd, latency_usd_per_s = truth[row["request"]]
            values[position] = nano_usd_array(
                weight * quality_usd * np.array(row["quality"])
                - (1 - weight) * latency_usd_per_s * np.array(row["ttft_s"])
            )
    unknown = sum(row["request"] not in truth for row in rows)
    return usd(values), unknown
