"""How far predictions are off what came, for single requests and for means of dialogue turns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from benchmarks.predictors.shadowing import Scored
from market.messages import Expectation

Floats = npt.NDArray[np.float64]

#: A turn with fewer labels than this is left out of the means of turns.
LEAST_LABELS = 30

CALIBRATION_BINS = 10


@dataclass(frozen=True)
class Pairs:
    """Labels of one factor with what was predicted: (labels,) each."""

    turn: npt.NDArray[np.intp]
    observed: Floats
    predicted: Floats


@dataclass(frozen=True)
class Accuracy:
    """Errors of one factor.

    Attributes:
        nmae: of single requests: the sum of absolute errors over the sum of what was observed.
        turns: of the means of dialogue turns: the sum of their absolute errors over the sum of the
            observed means, each turn counting alike, as in the paper's Fig. 3.
        chance: what ``turns`` would be, on average, of an unbiased predictor with errors as
            scattered: sqrt(2 / pi) standard errors of each turn's mean.
        nrmse: of single requests: the root of the mean squared error over the mean observed. A
            median has the least ``nmae``, a mean the least of this; costs and values need means.
        squared: the mean squared error; of a grade, the Brier score.
        calibration: the mean distance between predictions and what came of them, over ten bins of
            the predictions weighed by their labels (of quality: the expected calibration error).
    """

    nmae: float
    turns: float
    chance: float
    nrmse: float
    squared: float
    calibration: float


def accuracy_of(pairs: Pairs) -> Accuracy:
    """All errors of one factor."""
    error = pairs.predicted - pairs.observed
    turns = list(_turns(pairs.turn))
    observed = sum(abs(pairs.observed[at].mean()) for at in turns)
    off = sum(abs(error[at].mean()) for at in turns)
    chance = sum(np.sqrt(2 / np.pi) * error[at].std() / np.sqrt(len(error[at])) for at in turns)
    return Accuracy(
        nmae=float(np.abs(error).sum() / pairs.observed.sum()),
        turns=float(off / observed),
        chance=float(chance / observed),
        nrmse=float(np.sqrt(np.mean(error**2)) / pairs.observed.mean()),
        squared=float(np.mean(error**2)),
        calibration=_calibration(pairs),
    )


def _turns(turn: npt.NDArray[np.intp]) -> Iterator[npt.NDArray[np.bool_]]:
    """Where the labels of every turn are that has enough."""
    for number in np.unique(turn):
        at = turn == number
        if at.sum() >= LEAST_LABELS:
            yield at


def _calibration(pairs: Pairs) -> float:
    low, high = pairs.predicted.min(), pairs.predicted.max()
    width = max(high - low, np.finfo(float).tiny)
    bins = np.minimum((pairs.predicted - low) / width * CALIBRATION_BINS, CALIBRATION_BINS - 1)
    gaps = [
        abs((pairs.predicted - pairs.observed)[bins.astype(int) == one].sum())
        for one in range(CALIBRATION_BINS)
    ]
    return float(sum(gaps) / len(pairs.observed))


#: The factors, in the order of tables.
FACTORS = ("ttft", "cost", "cached", "output", "quality")


def pairs_of(scored: Sequence[Scored], subject: str) -> dict[str, Pairs]:
    """Every factor's labels, with what a subject had expected. Simulated engines report all."""
    observed, predicted = [], []
    for one in scored:
        observed.append(_observed(one))
        predicted.append(_predicted(one, one.expected[subject]))
    turn = np.array([one.turn for one in scored])
    came, expected = np.array(observed), np.array(predicted)
    return {
        factor: Pairs(turn, came[:, column], expected[:, column])
        for column, factor in enumerate(FACTORS)
    }


def _observed(one: Scored) -> tuple[float, ...]:
    came = one.completion
    assert came.cached_tokens is not None  # simulated engines report it
    assert came.quality is not None  # dialogues are graded
    cost = one.member.charged_tokens(came.prompt_tokens, came.cached_tokens, came.output_tokens)
    return came.ttft_s, cost, came.cached_tokens, came.output_tokens, came.quality


def _predicted(one: Scored, had: Expectation) -> tuple[float, ...]:
    prompt = one.completion.prompt_tokens
    cost = one.member.charged_tokens(prompt, had.cached_tokens, had.output_tokens)
    return had.ttft_s, cost, had.cached_tokens, had.output_tokens, had.quality
