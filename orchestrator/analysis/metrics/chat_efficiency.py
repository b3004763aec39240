"""How much of the welfare that each clearing could have had it had, by the truth of both sides.

The values of requests are priced by their clients' true valuations as a hub prices them by the
reports, costs are scaled from the bid to the private cost, and predictions, requests and free slots
stay what they were: that matrix is matched anew, at most welfare. Explored requests count, so what
exploration takes is a loss. Later rounds are taken as they came, whatever an optimum of this round
would have made of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby, pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from hubs.pricing import ForecastErrors, cautious_values_usd, predicted_values_usd
from market.errors import BadInput
from market.matching import UNMATCHED, max_weight_matching
from market.matching.assignment import matched_weight
from market.messages import CHAT, Valuation
from market.money import nano_usd_array
from orchestrator.analysis.bid_panel import BidPanel, bid_panels
from orchestrator.analysis.columns import Columns, columns_of, where
from orchestrator.analysis.logged_run import LoggedRun
from orchestrator.analysis.metrics.metric import Family, Measured, Metric, over
from orchestrator.log.reader import read_pieces
from orchestrator.verify.clearing import ERRORS, Clearing, clearings

METRICS = {
    "chat_efficiency": Metric(
        "chat efficiency",
        "share",
        "higher",
        "welfare of the logged matches over that of the best matches of the same requests, slots "
        "and predictions, both at true values and costs, over all clearings; each clearing is "
        "judged by itself, not by what it left to later ones; below 0 where matches lose; needs "
        "log.predictions: full",
    )
}

Nano = npt.NDArray[np.int64]

_COLUMNS = ("trial", "round", "hub", "request", "capacities", "ttft_s", "quality", "cost_nano")
_TRUTH = ("true_quality_weight", "true_quality_usd", "true_latency_usd_per_s")


class _Unended(LookupError):
    """A request's truth is not in the log yet."""


@dataclass(frozen=True)
class _Tables:
    """What the truth of all trials is taken from."""

    asked: Columns
    awards: Columns
    profiles: Columns
    bids: Mapping[int, BidPanel]

    @classmethod
    def of(cls, run: Path) -> _Tables:
        awards = columns_of(run, "awards", "trial", "round", "kind", "request", "provider")
        return cls(
            asked=columns_of(run, "requests", "trial", "request", *_TRUTH),
            awards=where(awards, awards["kind"] == CHAT),
            profiles=columns_of(run, "providers", "trial", "hub", "provider"),
            bids=bid_panels(run, "true_cost", "chat_bid"),
        )


class _Truth:
    """What is private in one trial: valuations, costs over bids; and where requests went."""

    def __init__(self, tables: _Tables, trial: int, confidence: float):
        asked, awards, profiles = (
            where(table, table["trial"] == trial)
            for table in (tables.asked, tables.awards, tables.profiles)
        )
        told = zip(*(asked[name].tolist() for name in _TRUTH), strict=True)
        self._valuation = {
            request: Valuation(*one)
            for request, one in zip(asked["request"].tolist(), told, strict=True)
        }
        won = zip(awards["round"].tolist(), awards["request"].tolist(), strict=True)
        self._won = dict(zip(won, awards["provider"].tolist(), strict=True))
        self._members: dict[str, list[str]] = {}
        for hub, name in zip(profiles["hub"], profiles["provider"], strict=True):
            self._members.setdefault(hub, []).append(name)
        self._bids = tables.bids[trial]
        self._place = {name: place for place, name in enumerate(self._bids.providers)}
        self._confidence = confidence

    def weights(self, clearing: Clearing) -> Nano:
        """(requests, providers), true value less true cost, as predicted."""
        row = self._bids.row(clearing.round)
        own = [self._place[name] for name in self._members.get(clearing.hub, [])]
        for name in ("capacities", "ttft_s", "quality", "cost_nano"):
            if any(length != len(own) for length in clearing.lengths(name)):
                problem = f"expected one for each of {len(own)} providers of {clearing.hub}"
                raise BadInput(f"predictions.{name}", f"{problem}: the log is not whole")
        bid, cost = (self._bids.values[name][row, own] for name in ("chat_bid", "true_cost"))
        true_costs = np.rint(clearing.matrix("cost_nano") * (cost / bid)).astype(np.int64)
        return nano_usd_array(self._values(clearing)) - true_costs

    def _values(self, clearing: Clearing) -> npt.NDArray[np.float64]:
        try:
            worth = [self._valuation[request] for request in clearing.requests]
        except KeyError:
            raise _Unended from None
        quality, ttft_s = clearing.matrix("quality"), clearing.matrix("ttft_s")
        if not self._confidence:
            return predicted_values_usd(worth, quality, ttft_s)
        errors = ForecastErrors(*(clearing.matrix(name) for name in ERRORS))
        return cautious_values_usd(worth, quality, ttft_s, errors, self._confidence)

    def match(self, clearing: Clearing) -> npt.NDArray[np.intp]:
        """(requests,), where each went."""
        column = {name: place for place, name in enumerate(self._members.get(clearing.hub, []))}
        won = (self._won.get((clearing.round, request)) for request in clearing.requests)
        places = [UNMATCHED if name is None else column[name] for name in won]
        return np.array(places, dtype=np.intp)


def measure(run: LoggedRun) -> Measured:
    """Efficiency by trial; none of a trial in which requests have not ended, or nothing to have."""
    if run.description.scenario.log.predictions != "full":
        return {}
    confidence = run.description.scenario.hubs.predictor.confidence
    pieces = read_pieces(run.path, "predictions", [*_COLUMNS, *(ERRORS if confidence else ())])
    tables, measured = _Tables.of(run.path), {}
    for trial, rows in groupby(_by_trial(pieces), lambda piece: int(piece["trial"][0].as_py())):
        try:
            share = _efficiency(_Truth(tables, trial, confidence), clearings(rows, trial))
        except _Unended:
            continue
        measured[trial] = {"chat_efficiency": share}
    return measured


def _efficiency(truth: _Truth, held: Iterable[Clearing]) -> float:
    """Of all clearings of a trial."""
    had = possible = 0
    for clearing in held:
        weights = truth.weights(clearing)
        best = max_weight_matching(weights, clearing.matrix("capacities")[0])
        had += matched_weight(weights, truth.match(clearing))
        possible += matched_weight(weights, best)
    return over(had, possible)


def _by_trial(pieces: Iterable[pa.Table]) -> Iterator[pa.Table]:
    """The same rows in pieces of one trial each; trials follow each other."""
    for piece in pieces:
        trials = piece["trial"].to_numpy()
        cuts = [0, *(np.flatnonzero(np.diff(trials)) + 1).tolist(), len(trials)]
        yield from (piece.slice(a, b - a) for a, b in pairwise(cuts) if b > a)


FAMILY = Family(METRICS, measure)
