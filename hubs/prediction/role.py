"""The role of a predictor: what a request will take at each provider of a hub (IEMAS, 4.1)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from market.messages import ChatRequest, Completion, Expectation

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Load:
    """How busy a hub and its providers are.

    Attributes:
        hub_inflight: requests being served in the hub.
        hub_rate: requests routed to the hub in this round.
        inflight: (providers,), requests being served.
        rate: (providers,), requests awarded in the round before.
    """

    hub_inflight: int
    hub_rate: int
    inflight: npt.NDArray[np.int64]
    rate: npt.NDArray[np.int64]


@dataclass(frozen=True)
class Length:
    """How long an answer was, with the features of its award."""

    features: Floats
    output_tokens: int


@dataclass(frozen=True)
class Forecast:
    """Predictions for every pair, (requests, providers), but for output: (requests,).

    ``matched_tokens`` is what the ledger expects cached, ``cached_tokens`` what will come true of
    it. An error is the standard error of the predicted mean, in its units, not how far a single
    label may be off it; all are zero where ``PredictorParams.confidence`` is 0. ``features``,
    (requests, providers, features), is what a predictor learns from when the labels come.
    """

    matched_tokens: npt.NDArray[np.int64]
    output_tokens: Floats
    cached_tokens: Floats
    ttft_s: Floats
    quality: Floats
    output_error: Floats
    cached_error: Floats
    ttft_error: Floats
    quality_error: Floats
    features: Floats

    def at(self, row: int, column: int) -> Expectation:
        """The prediction for one pair."""
        return Expectation(
            output_tokens=float(self.output_tokens[row]),
            cached_tokens=float(self.cached_tokens[row, column]),
            ttft_s=float(self.ttft_s[row, column]),
            quality=float(self.quality[row, column]),
        )


@dataclass(frozen=True)
class Outcome:
    """What came of an award, with what was known when it was made.

    Attributes:
        column: the provider that served it.
        domain: what the classifier took it to be about.
        features: (features,), as they were at the award.
        matched_tokens: what the ledger expected cached then.
        expected: what was predicted then.
        completion: what came of it.
    """

    column: int
    domain: str
    features: Floats
    matched_tokens: int
    expected: Expectation
    completion: Completion


class Predictor(Protocol):
    """Predicts for one hub, and learns online: it predicts before it learns.

    Nothing that a client reports moves a prediction, and what is unknown teaches nothing.
    """

    def predict(
        self,
        requests: Sequence[ChatRequest],
        domains: Sequence[str],
        matches: npt.NDArray[np.int64],
        load: Load,
    ) -> Forecast:
        """Predict every pair: quality in [0, 1], cached tokens at most the match and all but one
        of the prompt, at least one output token, a positive time to the first token.

        Args:
            requests: the rows.
            domains: (requests,), what each request is about, by the classifier.
            matches: (requests, providers), prompt tokens that the ledger expects cached.
            load: of the hub and its providers, now.
        """

    def learn(self, outcome: Outcome) -> None:
        """Learn from a served request, whenever its labels arrive."""

    def learn_lengths(self, lengths: Iterable[Length]) -> None:
        """Learn how long answers were; best in the order of their awards."""
