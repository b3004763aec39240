"""Online prediction of what a request will take at a provider (IEMAS, section 4.1, Eq. 5).

Every provider has Hoeffding trees of its own, each for a correction to what is publicly known: the
latency over the analytic estimate from its engine profile, how much of an expected cache hit comes
true, and how far its answers are from its benchmark score. Output length does not depend on who
answers and is learned by the hub. A correction counts for more as labels come in.

Of the features of Eq. (5) a provider's capacity B_i and utilisation I_i / B_i are left out: within
one provider's tree the first is constant and the second is I_i again, and two features that split
alike keep a Hoeffding tree from ever splitting.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from river import tree

from hubs.flat_tree import FlatTree
from hubs.params import PredictorParams
from market.messages import ChatRequest, Completion, Expectation
from market.profiles import ProviderProfile

Floats = npt.NDArray[np.float64]

# Bins of river's quantised splitter: features are scaled so that a tenth is a fine step.
SPLIT_RADIUS = 0.1

# What to expect of a provider in a domain that it publishes no score for.
UNKNOWN_SCORE = 0.5


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
    """Predictions for every pair, (requests, providers), but ``output_tokens``: (requests,).

    ``matched_tokens`` is what the ledger expects cached, ``cached_tokens`` what will come true of
    it; ``features``, (requests, providers, features), is what the trees learn from later.
    """

    matched_tokens: npt.NDArray[np.int64]
    output_tokens: Floats
    cached_tokens: Floats
    ttft_s: Floats
    quality: Floats
    features: Floats

    def at(self, row: int, column: int) -> Expectation:
        """The prediction for one pair."""
        return Expectation(
            output_tokens=float(self.output_tokens[row]),
            cached_tokens=float(self.cached_tokens[row, column]),
            ttft_s=float(self.ttft_s[row, column]),
            quality=float(self.quality[row, column]),
        )


class OnlineTree:
    """A river regression tree that leans on a prior, with a flat copy for many rows.

    Args:
        names: the features, in the order of a row's columns.
        params: how to learn.
    """

    def __init__(self, names: Sequence[str], params: PredictorParams):
        self._tree = tree.HoeffdingTreeRegressor(
            grace_period=params.grace_period,
            max_depth=params.max_depth,
            delta=params.split_delta,
            tau=params.split_tau,
            leaf_prediction="mean",
            splitter=tree.splitter.QOSplitter(radius=SPLIT_RADIUS),
        )
        self._names = names
        self._columns = {name: column for column, name in enumerate(names)}
        self._prior_labels = params.prior_labels
        self._labels = 0
        self._flat: FlatTree | None = None

    def predict(self, rows: Floats, prior: float) -> Floats:
        """Predictions for ``rows``, (n, features); ``prior`` counts for the prior labels."""
        if not self._labels:
            return np.full(len(rows), prior)
        if self._flat is None:
            self._flat = FlatTree.of(self._tree, self._columns)
        weight = self._prior_labels
        return (weight * prior + self._labels * self._flat.predict(rows)) / (weight + self._labels)

    def learn(self, row: Floats, label: float) -> None:
        """Learn one label."""
        self._tree.learn_one(dict(zip(self._names, row.tolist(), strict=True)), label)
        self._labels += 1
        self._flat = None


class HubPredictor:
    """All predictors of one hub.

    Args:
        members: the hub's providers; columns follow their order.
        domains: every domain that the classifier can name.
        params: how to learn.
    """

    def __init__(
        self, members: Sequence[ProviderProfile], domains: Sequence[str], params: PredictorParams
    ):
        self._members = members
        self._domains = list(domains)
        self._params = params
        request_names = ["log_prompt", "log_turn", *(f"domain={name}" for name in domains[1:])]
        hub_names = ["log_hub_inflight", "log_hub_rate"]
        pair_names = ["affinity", "log_inflight", "log_rate"]
        names = [*request_names, *hub_names, *pair_names]
        self._latency = [OnlineTree(names, params) for _ in members]
        self._retention = [OnlineTree(names, params) for _ in members]
        self._quality = [OnlineTree(names, params) for _ in members]
        self._output = OnlineTree(request_names, params)
        self._request_features = len(request_names)

    def predict(
        self,
        requests: Sequence[ChatRequest],
        domains: Sequence[str],
        matches: npt.NDArray[np.int64],
        load: Load,
    ) -> Forecast:
        """Predict every pair.

        Args:
            requests: the rows.
            domains: (requests,), what each request is about, by the classifier.
            matches: (requests, providers), prompt tokens that the ledger expects cached.
            load: of the hub and its providers, now.
        """
        features = self._features(requests, domains, matches, load)
        prompt = np.array([float(request.prompt_tokens) for request in requests])
        output = self._output.predict(
            features[:, 0, : self._request_features], self._params.output_tokens
        )
        cached, ttft, quality = (np.empty(matches.shape) for _ in range(3))
        for column, member in enumerate(self._members):
            rows = features[:, column]
            retention = self._retention[column].predict(rows, 1.0)
            cached[:, column] = np.minimum(matches[:, column] * retention, prompt - 1)
            analytic = member.engine.step_s + member.engine.prefill_s_per_token * (
                prompt - cached[:, column]
            )
            ttft[:, column] = analytic * self._latency[column].predict(rows, 1.0)
            score = np.array([_score(member, domain) for domain in domains])
            correction = self._quality[column].predict(rows, 0.0)
            quality[:, column] = np.clip(score + correction, 0.0, 1.0)
        return Forecast(matches, np.maximum(output, 1.0), cached, ttft, quality, features)

    def learn(
        self,
        column: int,
        domain: str,
        features: Floats,
        matched_tokens: int,
        expected: Expectation,
        completion: Completion,
    ) -> None:
        """Learn from a served request, whenever its labels arrive.

        Args:
            column: the provider that served it.
            domain: what the classifier took it to be about.
            features: (features,), as they were when the request was awarded.
            matched_tokens: what the ledger expected cached then.
            expected: what was predicted then.
            completion: what came of it.
        """
        engine = self._members[column].engine
        analytic = engine.prefill_s(completion.prompt_tokens) - engine.prefill_s_per_token * (
            expected.cached_tokens
        )
        ratio = min(completion.ttft_s / analytic, self._params.latency_ratio_cap)
        self._latency[column].learn(features, ratio)
        if completion.cached_tokens is not None and matched_tokens > 0:
            retained = min(completion.cached_tokens / matched_tokens, 1.0)
            self._retention[column].learn(features, retained)
        if completion.quality is not None:
            surprise = completion.quality - _score(self._members[column], domain)
            self._quality[column].learn(features, surprise)

    def learn_lengths(self, lengths: Iterable[Length]) -> None:
        """Learn how long answers were; best in the order of their awards."""
        for length in lengths:
            row = length.features[: self._request_features]
            self._output.learn(row, float(length.output_tokens))

    def _features(
        self,
        requests: Sequence[ChatRequest],
        domains: Sequence[str],
        matches: npt.NDArray[np.int64],
        load: Load,
    ) -> Floats:
        """(requests, providers, features); counts in logs, all domains but the first one-hot."""
        prompt = np.array([float(request.prompt_tokens) for request in requests])
        turn = np.array([request.turn for request in requests])
        known = np.array(self._domains[1:])
        by_request = np.column_stack(
            [np.log1p(prompt), np.log1p(turn), np.array(domains)[:, None] == known[None, :]]
        )
        of_hub = np.log1p([load.hub_inflight, load.hub_rate])
        by_provider = np.log1p(np.column_stack([load.inflight, load.rate]))
        shape = matches.shape
        return np.concatenate(
            [
                np.broadcast_to(by_request[:, None, :], (*shape, by_request.shape[1])),
                np.broadcast_to(of_hub, (*shape, len(of_hub))),
                (matches / prompt[:, None])[:, :, None],
                np.broadcast_to(by_provider, (*shape, by_provider.shape[1])),
            ],
            axis=2,
        )


def _score(member: ProviderProfile, domain: str) -> float:
    return member.scores.get(domain, UNKNOWN_SCORE)
