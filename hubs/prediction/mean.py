"""The mean of all labels so far: the usual baseline of online regression."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from hubs.prediction.analytic import (
    GRADE_DEVIATION,
    SHARE_DEVIATION,
    PublicKnowledge,
    prompt_lengths,
)
from hubs.prediction.params import PredictorParams
from hubs.prediction.role import Forecast, Length, Load, Outcome
from hubs.prediction.running_mean import RunningMeans
from market.messages import ChatRequest
from market.profiles import ProviderProfile

Floats = npt.NDArray[np.float64]


class RunningMean:
    """Every provider's mean TTFT, grade and retained share of a match; the hub's mean length.

    Before the first label of a kind it predicts what is publicly known. An error is that of the
    mean, with one label more that is off by all of the public estimate, a share or a grade by half.

    Args:
        members: the hub's providers; columns follow their order.
        domains: every domain that the classifier can name.
        params: ``output_tokens`` is the length before the first answer.
    """

    def __init__(
        self, members: Sequence[ProviderProfile], domains: Sequence[str], params: PredictorParams
    ):
        self._params = params
        self._public = PublicKnowledge(members)
        self._ttft_s, self._share, self._grade = (RunningMeans(len(members)) for _ in range(3))
        self._length = RunningMeans(1)

    def predict(
        self,
        requests: Sequence[ChatRequest],
        domains: Sequence[str],
        matches: npt.NDArray[np.int64],
        load: Load,
    ) -> Forecast:
        """Predict every pair, whatever it is like but for the size of its match."""
        prompt = prompt_lengths(requests)[:, None]
        own_s = self._public.prefill_s(prompt, np.minimum(matches, prompt - 1))
        guess = self._params.output_tokens
        output = np.maximum(self._known(self._length, guess), 1.0)
        shape = matches.shape
        errors = {name: np.zeros(shape) for name in ("cached", "ttft", "quality")}
        output_error = np.zeros(1)
        if self._params.confidence:
            errors["cached"] = matches * self._share.error(SHARE_DEVIATION)
            errors["ttft"] = self._ttft_s.error(own_s)
            errors["quality"] = np.broadcast_to(self._grade.error(GRADE_DEVIATION), shape)
            output_error = self._length.error(guess)
        return Forecast(
            matched_tokens=matches,
            output_tokens=np.repeat(output, len(requests)),
            cached_tokens=np.minimum(matches * self._known(self._share, 1.0), prompt - 1),
            ttft_s=self._known(self._ttft_s, own_s),
            quality=np.clip(self._known(self._grade, self._public.scores(domains)), 0.0, 1.0),
            output_error=np.repeat(output_error, len(requests)),
            cached_error=errors["cached"],
            ttft_error=errors["ttft"],
            quality_error=errors["quality"],
            features=np.empty((*shape, 0)),
        )

    def learn(self, outcome: Outcome) -> None:
        """Learn from a served request, whenever its labels arrive."""
        completion, column = outcome.completion, outcome.column
        self._ttft_s.learn(column, completion.ttft_s)
        if completion.cached_tokens is not None and outcome.matched_tokens > 0:
            share = min(completion.cached_tokens / outcome.matched_tokens, 1.0)
            self._share.learn(column, share)
        if completion.quality is not None:
            self._grade.learn(column, completion.quality)

    def learn_lengths(self, lengths: Iterable[Length]) -> None:
        """Learn how long answers were; best in the order of their awards."""
        for length in lengths:
            self._length.learn(0, float(length.output_tokens))

    def _known(self, labels: RunningMeans, public: Floats | float) -> Floats:
        """What the labels say, or what is publicly known where there is none."""
        return np.where(labels.labels > 0, self._taken(labels), public)

    def _taken(self, labels: RunningMeans) -> Floats:
        return labels.mean
