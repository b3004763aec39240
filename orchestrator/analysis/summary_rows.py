"""The rows of the table that sets mechanisms side by side, on a terminal and on a page."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from orchestrator.analysis.summary import RunSummary

NONE = "-"


def _usd(amount: float, digits: int = 3) -> str:
    if math.isnan(amount):
        return NONE
    return f"{'-' if amount < 0 else ''}${abs(amount):,.{digits}f}"


def _share(part: float) -> str:
    return NONE if math.isnan(part) else f"{part:.1%}"


def _part(figure: float) -> str:
    return NONE if math.isnan(figure) else f"{figure:.3f}"


def _seconds(*amounts: float) -> str:
    return NONE if any(map(math.isnan, amounts)) else " / ".join(f"{s:.3f}" for s in amounts) + " s"


_Rows = list[tuple[str, Callable[[RunSummary], str]]]

_CHAT: _Rows = [
    ("requests served", lambda run: f"{run.chat.served:,}"),
    ("  refused / failed", lambda run: f"{run.chat.refused:,} / {run.chat.failed:,}"),
    ("welfare, realised", lambda run: _usd(run.chat.realized_welfare_usd)),
    ("  as predicted", lambda run: _usd(run.chat.reported_welfare_usd)),
    ("clients paid", lambda run: _usd(run.chat.clients_paid_usd)),
    ("providers received", lambda run: _usd(run.chat.providers_received_usd)),
    ("hubs kept", lambda run: _usd(run.chat.hubs_kept_usd)),
    ("  clearings at a loss", lambda run: f"{run.chat.promised_hub_losses:,}"),
    ("clients gained", lambda run: _usd(run.chat.client_surplus_usd)),
    ("  matches at a loss", lambda run: f"{run.chat.promised_client_losses:,}"),
    ("  answers at a loss", lambda run: f"{run.chat.client_losses:,}"),
    ("providers gained", lambda run: _usd(run.chat.provider_surplus_usd)),
    ("  answers at a loss", lambda run: f"{run.chat.provider_losses:,}"),
    ("cache hit rate", lambda run: _share(run.chat.hit_rate)),
    (
        "wait for a match, mean / P99",
        lambda run: _seconds(run.chat.wait_mean_s, run.chat.wait_p99_s),
    ),
    ("TTFT after it, mean / P99", lambda run: _seconds(run.chat.ttft_mean_s, run.chat.ttft_p99_s)),
    ("answers right", lambda run: _share(run.chat.quality)),
    (
        "errors, TTFT / cost (NMAE)",
        lambda run: " / ".join(map(_part, (run.chat.ttft_nmae, run.chat.cost_nmae))),
    ),
    ("  quality (Brier score)", lambda run: _part(run.chat.brier)),
    ("median value of a match", lambda run: _usd(run.chat.median_value_usd, 6)),
    ("median cost of a match", lambda run: _usd(run.chat.median_cost_usd, 6)),
]

_OVERFLOW: _Rows = [
    (
        "overflow between hubs",
        lambda run: "on: not truthful over rounds" if run.overflow else "off",
    )
]

_WORKFLOWS: _Rows = [
    ("workflows served", lambda run: f"{run.workflows.served}"),
    ("  refused / failed", lambda run: f"{run.workflows.refused} / {run.workflows.failed}"),
    ("  paid / true cost",
     lambda run: f"{_usd(run.workflows.paid_usd, 2)} / {_usd(run.workflows.true_cost_usd, 2)}"),
]  # fmt: skip

#: Where priors come from, and what that leaves of the truth where the mechanism is truthful.
_SOURCES = {
    "fixed": ("fixed", "truthful in each auction"),
    "others": ("others' bids", "truthful in each auction, not over rounds"),
    "disjoint_pool": ("other pool's bids", "truthful in each auction"),
}


def _priors(run: RunSummary) -> str:
    source, truth = _SOURCES[run.workflows.prior_source]
    return f"{source}: {truth}" if run.workflows.truthful else source


_BUYING: _Rows = [("  mechanism", lambda run: run.workflows.mechanism)]
_LEARNING: _Rows = [("  priors", _priors)]
_SETTLING: _Rows = [
    (
        "  payment by realised work, less awarded",
        lambda run: _usd(run.workflows.realized_less_predicted_usd or 0.0, 2),
    )
]


_PRESENCE: _Rows = [
    (
        "providers in an outage / left",
        lambda run: f"{_share(run.presence.out)} / {_share(run.presence.left)}",
    ),
    (
        "  outages / exits / returns",
        lambda run: f"{run.presence.outages:,} / {run.presence.exits:,} / {run.presence.returns:,}",
    ),
    ("  fixed costs", lambda run: _usd(run.presence.fixed_cost_usd)),
    ("  profit of all markets after them", lambda run: _usd(run.provider_profit_usd)),
]


_FAULTS: _Rows = [
    (
        "providers crashed / hung",
        lambda run: f"{run.faults.crashes:,} / {run.faults.hangs:,}",
    ),
    ("  absent by that", lambda run: _share(run.faults.absent)),
    ("  requests and nodes lost by it", lambda run: f"{run.faults.lost:,}"),
    (
        "  auctioned again, requests / workflows",
        lambda run: f"{run.chat.reauctioned:,} / {run.workflows.reauctioned:,}",
    ),
    ("hubs that began anew", lambda run: f"{run.faults.hub_crashes:,}"),
]


def summary_rows(runs: Sequence[RunSummary]) -> list[tuple[str, list[str]]]:
    """A label, and what it is in every run; an indented label belongs to the one above it.

    A market in which nothing was asked in any run has no rows. How workflows were bought is told
    if not by plain STAR, where priors came from if they were learned, and what realised lengths
    change if they were not as predicted. Who was absent is told if anyone was, or had fixed costs,
    and what broke down if anything did.
    """
    rows: _Rows = []
    if any(run.chat.asked for run in runs):
        rows += _CHAT
        if any(run.overflow for run in runs):
            rows += _OVERFLOW
    markets = [run.workflows for run in runs]
    if any(market.asked for market in markets):
        rows += _WORKFLOWS
        if any(market.mechanism != "star" for market in markets):
            rows += _BUYING
        if any(market.prior_source != "fixed" for market in markets):
            rows += _LEARNING
        if any(market.realized_less_predicted_usd is not None for market in markets):
            rows += _SETTLING
    if not all(run.presence.always for run in runs):
        rows += _PRESENCE
    if not all(run.faults.none for run in runs):
        rows += _FAULTS
    return [(label, [show(run) for run in runs]) for label, show in rows]
