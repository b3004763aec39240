"""Predictors that predict and learn beside the one that a hub acts on, from the same awards."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import astuple, dataclass, replace

import numpy as np
import numpy.typing as npt

from hubs.prediction import (
    PREDICTORS,
    Forecast,
    Length,
    Load,
    Outcome,
    Predictor,
    PredictorParams,
)
from market.messages import ChatRequest, Completion, Expectation
from market.profiles import ProviderProfile

Floats = npt.NDArray[np.float64]

#: Hubs act on this one.
ACTING = "trees"

#: What predicts, by name; whom hubs act on comes first.
SUBJECTS: dict[str, PredictorParams] = {
    "trees": PredictorParams(kind="trees"),
    "trees, all of Eq. (5)": PredictorParams(kind="trees", features="eq5"),
    "analytic": PredictorParams(kind="analytic"),
    "mean": PredictorParams(kind="mean"),
    "last_value": PredictorParams(kind="last_value"),
}


@dataclass(frozen=True)
class Scored:
    """One label, with what every subject had expected at the award."""

    member: ProviderProfile
    turn: int
    completion: Completion
    expected: Mapping[str, Expectation]


class Shadowing:
    """One hub's predictor, the first of ``subjects``, with the others beside it.

    Features carry what each subject learns from and what it had expected from the award to the
    label: those of all subjects, then four expectations of each, then the turn.

    Args:
        members: the hub's providers.
        subjects: predictors of this hub by name.
    """

    def __init__(self, members: Sequence[ProviderProfile], subjects: Mapping[str, Predictor]):
        self._members = members
        self._subjects = subjects
        self._ends: npt.NDArray[np.intp] = np.zeros(0, dtype=np.intp)
        self.scored: list[Scored] = []

    def predict(
        self,
        requests: Sequence[ChatRequest],
        domains: Sequence[str],
        matches: npt.NDArray[np.int64],
        load: Load,
    ) -> Forecast:
        """What the first predicts, with the features of all."""
        forecasts = [
            subject.predict(requests, domains, matches, load) for subject in self._subjects.values()
        ]
        turns = np.array([float(request.turn) for request in requests])
        kept = [
            *(forecast.features for forecast in forecasts),
            *(_expectations(forecast) for forecast in forecasts),
        ]
        self._ends = np.cumsum([part.shape[2] for part in kept])
        turn = np.broadcast_to(turns[:, None, None], (*matches.shape, 1))
        return replace(forecasts[0], features=np.concatenate([*kept, turn], axis=2))

    def learn(self, outcome: Outcome) -> None:
        """Score what everybody had expected, then let everybody learn."""
        *parts, turn = np.split(outcome.features, self._ends)
        count = len(self._subjects)
        expected = [Expectation(*part.tolist()) for part in parts[count:]]
        self.scored.append(
            Scored(
                self._members[outcome.column],
                int(turn[0]),
                outcome.completion,
                dict(zip(self._subjects, expected, strict=True)),
            )
        )
        for subject, features, had in zip(
            self._subjects.values(), parts[:count], expected, strict=True
        ):
            subject.learn(replace(outcome, features=features, expected=had))

    def learn_lengths(self, lengths: Iterable[Length]) -> None:
        """Let everybody learn how long answers were."""
        for length in lengths:
            parts = np.split(length.features, self._ends)
            for subject, features in zip(self._subjects.values(), parts, strict=False):
                subject.learn_lengths([replace(length, features=features)])


def _expectations(forecast: Forecast) -> Floats:
    """(requests, providers, 4), the fields of ``Expectation`` in their order."""
    rows, columns = forecast.ttft_s.shape
    table = [
        [astuple(forecast.at(row, column)) for column in range(columns)] for row in range(rows)
    ]
    return np.array(table)


@contextmanager
def shadowed(subjects: Mapping[str, PredictorParams]) -> Iterator[list[Shadowing]]:
    """While open, hubs that ask for ``ACTING`` get it with all others beside it.

    Yields:
        the predictors of the hubs, as they are made.
    """
    factories = dict(PREDICTORS)
    made: list[Shadowing] = []

    def make(
        members: Sequence[ProviderProfile], domains: Sequence[str], params: PredictorParams
    ) -> Predictor:
        beside = {
            name: factories[stated.kind](members, domains, stated)
            for name, stated in subjects.items()
        }
        made.append(Shadowing(members, beside))
        return made[-1]

    PREDICTORS[ACTING] = make
    try:
        yield made
    finally:
        PREDICTORS[ACTING] = factories[ACTING]
