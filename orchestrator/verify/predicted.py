"""A clearing beside its hub's members and its awards: what follows from the forecasts."""

from __future__ import annotations

from functools import cached_property

import numpy as np
import numpy.typing as npt

from hubs.pricing import ForecastErrors, cautious_values_usd, predicted_values_usd
from market.matching import UNMATCHED
from market.messages import Valuation
from market.money import TOKENS_PER_MTOK, nano_usd_array
from orchestrator.analysis.logged_run import Rows
from orchestrator.verify.clearing import ERRORS, PER_PROVIDER, Clearing
from orchestrator.verify.findings import Findings
from orchestrator.verify.trial_log import TrialLog

#: The forecast that an award carries along, by the column of predictions.
_EXPECTED = {
    "expected_cached_tokens": "cached_tokens",
    "expected_ttft_s": "ttft_s",
    "expected_quality": "quality",
    "value_nano": "value_nano",
    "cost_nano": "cost_nano",
}


class Predicted:
    """A clearing with its hub's members, and the awards that it made."""

    def __init__(self, log: TrialLog, clearing: Clearing, awards: Rows, found: Findings):
        self._log = log
        self._found = found
        self.clearing = clearing
        self.awards = awards
        self.members = log.members.get(clearing.hub, [])
        self.award_of = {award["request"]: award for award in awards}

    def is_whole(self) -> bool:
        """Whether every list has an entry for every provider; noted where it has not."""
        cautious = bool(self._log.scenario.hubs.predictor.confidence)
        wanted = dict.fromkeys(PER_PROVIDER, len(self.members))
        wanted |= dict.fromkeys(ERRORS, len(self.members) if cautious else 0)
        whole = True
        for column, count in wanted.items():
            for place, length in enumerate(self.clearing.lengths(column)):
                if length != count:
                    row = self.clearing.row(place)
                    self._found.add("predictions", row, column, f"{length} entries", str(count))
                    whole = False
        return whole

    @cached_property
    def free(self) -> npt.NDArray[np.int64]:
        """(providers,), the slots that the clearing says that it had."""
        free: npt.NDArray[np.int64] = self.clearing.matrix("capacities")[0]
        return free

    @cached_property
    def match(self) -> npt.NDArray[np.intp]:
        """(requests,), where the awards send them."""
        column = {name: place for place, name in enumerate(self.members)}
        match = np.full(len(self.clearing.requests), UNMATCHED, dtype=np.intp)
        for place, name in enumerate(self.clearing.requests):
            if name in self.award_of:
                match[place] = column.get(self.award_of[name]["provider"], UNMATCHED)
        return match

    def capacities_are(self, free: npt.NDArray[np.int64], found: Findings) -> None:
        """Every row says the same free slots, which are those that are not held."""
        given = self.clearing.matrix("capacities")
        for place, column in np.argwhere(given != free).tolist():
            row = self.clearing.row(place)
            told = f"{free[column]} at {self.members[column]}"
            found.add("predictions", row, "capacities", int(given[place, column]), told)

    def amounts_follow(self, found: Findings) -> int:
        """Check values and costs of the requests that have ended; returns how many have not."""
        log, clearing = self._log, self.clearing
        ended = [place for place, name in enumerate(clearing.requests) if name in log.requests]
        rows = [log.requests[clearing.requests[place]] for place in ended]
        for place, row in zip(ended, rows, strict=True):
            if clearing.clients[place] != row["client"]:
                at = clearing.row(place)
                found.add("predictions", at, "client", clearing.clients[place], row["client"])
        if ended:
            priced = {
                "value_nano": self._values(ended, rows),
                "cost_nano": self._costs(ended, rows),
            }
            for column, expected in priced.items():
                given = clearing.matrix(column)[ended]
                for place, member in np.argwhere(given != expected).tolist():
                    at = clearing.row(ended[place])
                    told = f"{expected[place, member]} at {self.members[member]}"
                    found.add("predictions", at, column, int(given[place, member]), told)
        return len(clearing.requests) - len(ended)

    def _values(self, ended: list[int], rows: Rows) -> npt.NDArray[np.int64]:
        reported = [
            Valuation(*(row[f"reported_{name}"] for name in Valuation.__slots__)) for row in rows
        ]
        quality, ttft_s = (self.clearing.matrix(name)[ended] for name in ("quality", "ttft_s"))
        confidence = self._log.scenario.hubs.predictor.confidence
        if not confidence:
            return nano_usd_array(predicted_values_usd(reported, quality, ttft_s))
        errors = ForecastErrors(*(self.clearing.matrix(name)[ended] for name in ERRORS))
        return nano_usd_array(cautious_values_usd(reported, quality, ttft_s, errors, confidence))

    def _charged_tokens(self, ended: list[int], rows: Rows) -> npt.NDArray[np.float64]:
        """(ended, providers), output-token equivalents of requests that have ended: Eq. (6)."""
        own = [self._log.providers[name] for name in self.members]
        ratio, hit = (np.array([one[key] for one in own]) for key in ("input_ratio", "hit_ratio"))
        prompt = np.array([row["prompt_tokens"] for row in rows])[:, None]
        cached = self.clearing.matrix("cached_tokens")[ended]
        charged: npt.NDArray[np.float64] = (
            self.clearing.output_tokens[ended][:, None] + ratio * (prompt - cached) + hit * cached
        )
        confidence = self._log.scenario.hubs.predictor.confidence
        if confidence:
            charged = charged + confidence * self.clearing.matrix("charged_error")[ended]
        return charged

    def top_costs(self) -> npt.NDArray[np.int64]:
        """(requests, providers), at the top of each public support; 0 for who has not ended."""
        log, names = self._log, self.clearing.requests
        ended = [place for place, name in enumerate(names) if name in log.requests]
        costs = np.zeros((len(names), len(self.members)), dtype=np.int64)
        if ended:
            rows = [log.requests[names[place]] for place in ended]
            costs[ended] = self._costs(ended, rows, "prior_high")
        return costs

    def _costs(
        self, ended: list[int], rows: Rows, price: str = "chat_bid"
    ) -> npt.NDArray[np.int64]:
        prices = [self._log.bids[self.clearing.round, name][price] for name in self.members]
        charged = self._charged_tokens(ended, rows)
        return nano_usd_array(np.array(prices) * charged / TOKENS_PER_MTOK)

    def awards_follow(self, found: Findings) -> None:
        """Each award says what was predicted of it, and awards follow the order of requests."""
        clearing = self.clearing
        place_of = {name: place for place, name in enumerate(clearing.requests)}
        before = -1
        for award in self.awards:
            place = place_of.get(award["request"])
            if place is None or award["provider"] not in self.members:
                found.add("awards", award, "", "the row", "one of a prediction of its hub")
                continue
            found.require(place > before, "awards", award, "", "one in the order of requests")
            before = place
            column = self.members.index(award["provider"])
            expected = {name: clearing.matrix(of)[place, column] for name, of in _EXPECTED.items()}
            expected["expected_output_tokens"] = clearing.output_tokens[place]
            for name, value in expected.items():
                found.expect("awards", award, name, value.item())
            found.expect("awards", award, "explored", bool(clearing.explored[place]))
            found.expect("awards", award, "client", clearing.clients[place])
