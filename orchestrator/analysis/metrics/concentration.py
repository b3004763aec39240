"""How concentrated and how unequal what providers receive is, in each market and over both."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from market.messages import CHAT, WORKFLOW
from orchestrator.analysis.columns import columns_of, where
from orchestrator.analysis.logged_run import LoggedRun
from orchestrator.analysis.metrics.metric import Family, Measured, Metric

#: The share of revenue is in per cent in the index of the antitrust authorities.
MOST_HHI = 10_000.0

#: The kinds of settlements, and the columns of slots, that make a market; by prefix of its metrics.
_MARKETS = {
    "chat_": ((CHAT,), ("chat_slots",)),
    "workflow_": ((WORKFLOW,), ("workflow_slots",)),
    "": ((CHAT, WORKFLOW), ("chat_slots", "workflow_slots")),
}
_NAMES = {"chat_": "chat", "workflow_": "workflows", "": "all markets"}


def _metrics(prefix: str) -> dict[str, Metric]:
    place = _NAMES[prefix]
    return {
        f"{prefix}revenue_hhi": Metric(
            f"HHI of revenue, {place}",
            "points",
            "lower",
            "Herfindahl-Hirschman index: the sum of squared shares, in per cent, of what providers "
            "received; 10,000 where one has all",
        ),
        f"{prefix}effective_providers": Metric(
            f"effective providers, {place}",
            "providers",
            "higher",
            "10,000 over that index: how many providers with equal revenue would make it",
        ),
        f"{prefix}revenue_gini": Metric(
            f"Gini of revenue, {place}",
            "ratio",
            None,
            "Gini coefficient of what each provider with slots there received, those with nothing "
            "included; 0 where all have the same",
        ),
    }


METRICS = {name: one for prefix in _MARKETS for name, one in _metrics(prefix).items()}

Amounts = npt.NDArray[np.float64]


def hhi(revenue: Amounts) -> float:
    """The Herfindahl-Hirschman index of revenues (n,) in points; NaN where there are none.

    Source: Hirschman (1964), "The paternity of an index".
    """
    total = float(revenue.sum())
    if not total > 0:
        return float("nan")
    return MOST_HHI * float(((revenue / total) ** 2).sum())


def gini(revenue: Amounts) -> float:
    """The Gini coefficient of revenues (n,), none below 0, in [0, 1 - 1/n]; NaN where all are 0.

    Half the mean absolute difference of two of them, over their mean.
    Source: Sen (1973), "On economic inequality", chapter 2.
    """
    count, total = len(revenue), float(revenue.sum())
    if not total > 0:
        return float("nan")
    rank = np.arange(1, count + 1)
    return float(((2 * rank - count - 1) * (np.sort(revenue) / total)).sum()) / count


def measure(run: LoggedRun) -> Measured:
    """All of them, of every trial in whose markets providers received anything."""
    slots = columns_of(run.path, "providers", "trial", "provider", "chat_slots", "workflow_slots")
    settled = columns_of(
        run.path, "settlements", "trial", "kind", "provider", "provider_received_nano"
    )
    measured: Measured = {}
    for trial in np.unique(slots["trial"]).tolist():
        own = where(slots, slots["trial"] == trial)
        received = where(settled, settled["trial"] == trial)
        place_of = {name: place for place, name in enumerate(own["provider"].tolist())}
        place = np.array([place_of[name] for name in received["provider"].tolist()], dtype=np.intp)
        found = measured[trial] = {}
        for prefix, (kinds, offered) in _MARKETS.items():
            here = np.isin(received["kind"].astype(str), kinds)
            amounts = received["provider_received_nano"][here].astype(float)
            sums = np.bincount(place[here], weights=amounts, minlength=len(place_of))
            revenue = sums.astype(np.float64)
            sells = np.any([own[name] > 0 for name in offered], axis=0)
            index = hhi(revenue)
            found[f"{prefix}revenue_hhi"] = index
            found[f"{prefix}effective_providers"] = MOST_HHI / index
            found[f"{prefix}revenue_gini"] = gini(revenue[sells])
    return measured


FAMILY = Family(METRICS, measure)
