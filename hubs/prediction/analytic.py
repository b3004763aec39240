"""What is publicly known, as a predictor of its own, which never learns, and for the others."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from hubs.prediction.params import PredictorParams
from hubs.prediction.role import Forecast, Length, Load, Outcome
from market.messages import ChatRequest
from market.profiles import ProviderProfile, prefill_s

Floats = npt.NDArray[np.float64]

# What to expect of a provider in a domain that it publishes no score for.
UNKNOWN_SCORE = 0.5

# How far one label is taken to be from what is known before any, as a standard deviation: the most
# that of a share or a grade can be.
SHARE_DEVIATION = 0.5
GRADE_DEVIATION = 0.5


class PublicKnowledge:
    """What the profiles of providers say of requests.

    Args:
        members: the providers; columns follow their order.
    """

    def __init__(self, members: Sequence[ProviderProfile]):
        self._members = members
        engines = [member.engine for member in members]
        self._step_s = np.array([engine.step_s for engine in engines])
        self.s_per_token = np.array([engine.prefill_s_per_token for engine in engines])
        self._s_per_pair = np.array([engine.attention_s_per_pair for engine in engines])
        self._budget = np.array([engine.max_num_batched_tokens for engine in engines])

    def prefill_s(self, prompt_tokens: Floats, cached_tokens: Floats) -> Floats:
        """Time to compute prompts alone, ``cached_tokens`` (requests, providers) of them cached.

        ``prompt_tokens`` (requests, 1). Returns (requests, providers), seconds.
        """
        return prefill_s(
            self._step_s,
            self.s_per_token,
            self._s_per_pair,
            self._budget,
            prompt_tokens,
            cached_tokens,
        )

    def scores(self, domains: Sequence[str]) -> Floats:
        """(requests, providers), the scores that providers publish for requests' domains."""
        known = {name: [score(member, name) for member in self._members] for name in set(domains)}
        return np.array([known[name] for name in domains])


def score(member: ProviderProfile, domain: str) -> float:
    """What a provider publishes for a domain, or what to expect where it publishes nothing."""
    return member.scores.get(domain, UNKNOWN_SCORE)


def prompt_lengths(requests: Sequence[ChatRequest]) -> Floats:
    """(requests,), tokens."""
    return np.array([float(request.prompt_tokens) for request in requests])


class Analytic:
    """The engines' profiles, all of every match, the published scores and a guess of the length.

    Args:
        members: the hub's providers; columns follow their order.
        domains: every domain that the classifier can name.
        params: ``output_tokens`` is the length of every answer.
    """

    def __init__(
        self, members: Sequence[ProviderProfile], domains: Sequence[str], params: PredictorParams
    ):
        self._public = PublicKnowledge(members)
        self._output_tokens = params.output_tokens

    def predict(
        self,
        requests: Sequence[ChatRequest],
        domains: Sequence[str],
        matches: npt.NDArray[np.int64],
        load: Load,
    ) -> Forecast:
        """Predict every pair; the errors are zero."""
        prompt = prompt_lengths(requests)
        cached = np.minimum(matches, prompt[:, None] - 1)
        none = np.zeros(matches.shape)
        return Forecast(
            matched_tokens=matches,
            output_tokens=np.full(len(requests), self._output_tokens),
            cached_tokens=cached,
            ttft_s=self._public.prefill_s(prompt[:, None], cached),
            quality=np.clip(self._public.scores(domains), 0.0, 1.0),
            output_error=none[:, 0],
            cached_error=none,
            ttft_error=none,
            quality_error=none,
            features=np.empty((*matches.shape, 0)),
        )

    def learn(self, outcome: Outcome) -> None:
        """Learn nothing."""

    def learn_lengths(self, lengths: Iterable[Length]) -> None:
        """Learn nothing."""
