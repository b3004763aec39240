"""The clearings of a run, held again from its log and audited with the log's private truth."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

import market.audit as auditor
from hubs.pricing import ForecastErrors, cautious_values_usd, predicted_values_usd
from market.audit import Check, Report
from market.audit.report import check_of
from market.errors import BadInput, Infeasible
from market.matching import MatchingMarket
from market.messages import Valuation
from market.money import nano_usd, nano_usd_array, usd
from market.workflow import StarOutcome, WorkflowAuction
from market.workflow.mechanisms import Outcome
from orchestrator.analysis.logged_run import LoggedRun
from orchestrator.analysis.replay import (
    ChatClearing,
    LoggedAuction,
    chat_clearing,
    workflow_auction,
)


class AuctionRule(NamedTuple):
    """How an auction of a matching hub charges; whether a client's requests pay together."""

    payments: str
    together: bool


#: The mechanisms of matching hubs that are auctions.
AUCTIONS = {
    "auction": AuctionRule("client_clarke", together=True),
    "auction_per_request": AuctionRule("client_clarke", together=False),
    "auction_two_sided": AuctionRule("two_sided", together=True),
}

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
    payment_nano: int

    def __str__(self) -> str:
        return f"workflow {self.workflow} ({self.name}), trial {self.trial}"


def chat_places(run: LoggedRun) -> list[ChatPlace]:
    """The hub auctions that awarded something, most awards first; explored requests do not count.

    None where no auction was held, or where the log has not everyone who took part.
    """
    scenario = run.description.scenario
    if scenario.hubs.mechanism not in AUCTIONS or scenario.log.predictions != "full":
        return []
    hubs = run.table("hubs").select(["trial", "round", "hub", "awarded", "explored"]).to_pylist()
    awarded = {
        ChatPlace(row["trial"], row["round"], row["hub"]): row["awarded"] - row["explored"]
        for row in hubs
    }
    return sorted((place for place in awarded if awarded[place]), key=lambda p: (-awarded[p], p))


def workflow_places(run: LoggedRun) -> list[WorkflowPlace]:
    """The workflows that were bought, the dearest first."""
    rows = run.rows("auctions")
    rows.sort(key=lambda row: (-row["payment_nano"], row["trial"], row["workflow"]))
    return [WorkflowPlace(*(row[key] for key in WorkflowPlace._fields)) for row in rows]


def audit_chat(
    run: LoggedRun,
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
        raise BadInput(str(run.path), f"has no predictions of {place}: the log is not whole")
    payments, together = AUCTIONS[run.description.scenario.hubs.mechanism]
    market = MatchingMarket(
        values=usd(clearing.values),
        costs=usd(clearing.costs),
        allowed=np.ones(clearing.values.shape, dtype=bool),
        capacities=clearing.capacities,
        clients=clearing.clients if together else None,
        payments=payments,
    )
    true_values, unknown = _true_values(run, place, clearing)
    report = auditor.audit_matching(
        market,
        owners=None if together else clearing.clients,
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
    return replace(report, notes=(*report.notes, note))


def audit_workflow(
    run: LoggedRun,
    place: WorkflowPlace,
    *,
    sides: Iterable[str] | None = None,
    only_best_paid: bool = False,
    progress: Told = lambda participant: None,
) -> Report:
    """Audit the auction of a workflow; the truth of providers are their private costs.

    One check more: whether it ends as it did in the log. Raises ``BadInput`` if the log lacks it.
    """
    logged = workflow_auction(run, place.trial, place.workflow)
    hub = run.description.scenario.hubs.workflow
    auction = WorkflowAuction(logged.workflow, logged.offers, hub.rule, hub.options)
    try:
        again = auction.buy()
    except Infeasible as error:
        raise BadInput(f"{run.path}: {place}", f"{error}: the log is not whole") from None
    chosen = (auditor.PROVIDER,) if sides is None else tuple(sides)
    reports = []
    if auditor.PROVIDER in chosen:
        paid = again.payments_usd if only_best_paid else {}
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
    report = auditor.merged(reports)
    return replace(report, checks=(*report.checks, _as_logged(again, logged)))


def _as_logged(again: Outcome, logged: LoggedAuction) -> Check:
    """Whether an auction that is held again fixes the payments that it did, and STAR's optimum."""
    paid = {name: nano_usd(amount) for name, amount in again.payments_usd.items()}
    faults = [
        f"{name} is paid {paid.get(name)} nano-USD, {logged.payments_nano.get(name)} in the log"
        for name in sorted(paid.keys() | logged.payments_nano.keys())
        if not _same(paid.get(name), logged.payments_nano.get(name))
    ]
    cost = again.virtual_cost_usd if isinstance(again, StarOutcome) else None
    if not _same(cost, logged.virtual_cost_usd):
        faults.append(f"virtual cost {cost} USD, {logged.virtual_cost_usd} in the log")
    return check_of("as logged", faults)


def _same(one: float | None, other: float | None) -> bool:
    if one is None or other is None:
        return one is other
    return abs(one - other) <= auditor.TOLERANCE * max(abs(one), abs(other))


def _busiest(market: MatchingMarket, clearing: ChatClearing) -> str:
    """The provider that serves most."""
    match = market.clear().match
    served = np.bincount(match[match >= 0], minlength=len(clearing.providers))
    return clearing.providers[int(served.argmax())]


def _true_values(
    run: LoggedRun, place: ChatPlace, clearing: ChatClearing
) -> tuple[npt.NDArray[np.float64], int]:
    """(requests, providers) USD, and of how many requests the truth is not in the log.

    A request's truth is written when it ends; what was predicted of it is priced by it as a hub
    prices it by the report.
    """
    rows = run.rows("predictions", trial=place.trial, round=place.round, hub=place.hub)
    row_of = {row["request"]: row for row in rows}
    here = pc.is_in(pc.field("request"), pa.array(clearing.requests))
    asked = run.table("requests").filter(here & (pc.field("trial") == place.trial))
    truth = {row["request"]: row for row in asked.to_pylist()}
    confidence = run.description.scenario.hubs.predictor.confidence
    values = clearing.values.copy()
    for position, request in enumerate(clearing.requests):
        if request in truth:
            worth = _priced(row_of[request], truth[request], confidence)
            values[position] = nano_usd_array(worth)
    unknown = sum(request not in truth for request in clearing.requests)
    return usd(values), unknown


def _priced(
    row: Mapping[str, Any], truth: Mapping[str, Any], confidence: float
) -> npt.NDArray[np.float64]:
    """(providers,), what a request is worth by its true valuation, with the hub's caution."""
    valuation = [
        Valuation(
            truth["true_quality_weight"],
            truth["true_quality_usd"],
            truth["true_latency_usd_per_s"],
        )
    ]
    quality, ttft_s = np.array(row["quality"])[None], np.array(row["ttft_s"])[None]
    if confidence:
        columns = ("ttft_error", "quality_error", "charged_error")
        errors = ForecastErrors(*(np.array(row[column])[None] for column in columns))
        values = cautious_values_usd(valuation, quality, ttft_s, errors, confidence)
    else:
        values = predicted_values_usd(valuation, quality, ttft_s)
    worth: npt.NDArray[np.float64] = values[0]
    return worth
