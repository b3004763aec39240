"""Online prediction of what a request will take at a provider (IEMAS, section 4.1, Eq. 5).

Every provider has Hoeffding trees of its own, each for a correction to what is publicly known: how
long a request waits beyond the time of its own prompt, how much of an expected cache hit comes
true, and how far its answers are from its benchmark score. Output length does not depend on who
answers and is learned by the hub. A correction counts for more as labels come in.

A wait is that for others' prompts, mostly those of the same clearing, so it is added to the time of
the own prompt. It is learned in units of the geometric mean of that time and of the average one in
the clearing: prompts that are not cached meet others like them where slots are free, but a ratio to
the own time alone would promise them many times the wait of those that are.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from hubs.prediction.analytic import (
    GRADE_DEVIATION,
    SHARE_DEVIATION,
    PublicKnowledge,
    prompt_lengths,
    score,
)
from hubs.prediction.features import PairFeatures
from hubs.prediction.online_trees import OnlineTrees
from hubs.prediction.params import PredictorParams
from hubs.prediction.role import Forecast, Length, Load, Outcome
from hubs.prediction.shrunk_mean import Prior
from market.messages import ChatRequest
from market.profiles import ProviderProfile

Floats = npt.NDArray[np.float64]

# An engine is at most so many times as fast as its profile says.
MOST_SPEED = 10.0

# How far one wait is taken to be from none before any label, in its unit.
WAIT_DEVIATION = 1.0


class HubTrees:
    """All trees of one hub.

    Args:
        members: the hub's providers; columns follow their order.
        domains: every domain that the classifier can name.
        params: how to learn.
    """

    def __init__(
        self, members: Sequence[ProviderProfile], domains: Sequence[str], params: PredictorParams
    ):
        self._members = members
        self._params = params
        self._public = PublicKnowledge(members)
        self._features = PairFeatures(members, domains, with_capacity=params.features == "eq5")
        names, of_request = self._features.names, self._features.of_request
        wait = Prior(0.0, params.prior_labels, WAIT_DEVIATION)
        share = Prior(1.0, params.prior_labels, SHARE_DEVIATION)
        surprise = Prior(0.0, params.prior_grades, GRADE_DEVIATION)
        length = Prior(params.output_tokens, 0.0, params.output_tokens)
        self._wait = OnlineTrees(len(members), names, params, wait)
        self._retention = OnlineTrees(len(members), names, params, share)
        self._quality = OnlineTrees(len(members), names, params, surprise)
        self._output = OnlineTrees(1, of_request, params, length)

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
        features = self._features.of(requests, domains, matches, load)
        prompt = prompt_lengths(requests)[:, None]
        retained = self._retention.predict(features)
        cached = np.minimum(matches * retained, prompt - 1)
        own_s = self._public.prefill_s(prompt, cached)
        unit_s = np.sqrt(own_s * own_s.mean(axis=0))
        wait_s = unit_s * self._wait.predict(features)
        correction = self._quality.predict(features)
        by_request = features[:, :1, : len(self._features.of_request)]
        errors = self._errors(features, by_request, matches, unit_s)
        return Forecast(
            matched_tokens=matches,
            output_tokens=np.maximum(self._output.predict(by_request)[:, 0], 1.0),
            cached_tokens=cached,
            ttft_s=np.maximum(own_s + wait_s, own_s / MOST_SPEED),
            quality=np.clip(self._public.scores(domains) + correction, 0.0, 1.0),
            features=np.concatenate([features, unit_s[:, :, None]], axis=2),
            **errors,
        )

    def learn(self, outcome: Outcome) -> None:
        """Learn from a served request, whenever its labels arrive."""
        completion, column = outcome.completion, outcome.column
        features, unit_s = outcome.features[:-1], outcome.features[-1]
        member = self._members[column]
        own_s = member.engine.prefill_s(completion.prompt_tokens, outcome.expected.cached_tokens)
        wait = (completion.ttft_s - own_s) / unit_s
        self._wait.learn(column, features, min(wait, self._params.wait_cap))
        if completion.cached_tokens is not None and outcome.matched_tokens > 0:
            retained = min(completion.cached_tokens / outcome.matched_tokens, 1.0)
            self._retention.learn(column, features, retained)
        if completion.quality is not None:
            surprise = completion.quality - score(member, outcome.domain)
            self._quality.learn(column, features, surprise)

    def learn_lengths(self, lengths: Iterable[Length]) -> None:
        """Learn how long answers were; best in the order of their awards."""
        for length in lengths:
            row = length.features[: len(self._features.of_request)]
            self._output.learn(0, row, float(length.output_tokens))

    def _errors(
        self,
        features: Floats,
        by_request: Floats,
        matches: npt.NDArray[np.int64],
        unit_s: Floats,
    ) -> dict[str, Floats]:
        """The standard errors of a forecast; that of the wait and of the cache add up in TTFT."""
        if not self._params.confidence:
            none = np.zeros(matches.shape)
            names = ("cached_error", "ttft_error", "quality_error")
            return {"output_error": none[:, 0], **dict.fromkeys(names, none)}
        cached = matches * self._retention.error(features)
        wait_s = unit_s * self._wait.error(features)
        return {
            "output_error": self._output.error(by_request)[:, 0],
            "cached_error": cached,
            "ttft_error": np.hypot(wait_s, self._public.s_per_token * cached),
            "quality_error": self._quality.error(features),
        }
