"""What every predictor must do, whatever it knows."""

import pickle
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import get_args

import numpy as np
import pytest
from pydantic import ValidationError

from hubs.prediction import PREDICTORS, Forecast, Length, Load, Outcome, Predictor, PredictorParams
from market.messages import ChatRequest, Valuation
from market.prompt import Span
from tests.hubs.builders import DOMAINS, completion, provider, request

MEMBERS = [
    provider("p", chat_slots=4, scores={"code": 0.3, "law": 0.9}),
    provider("q", chat_slots=2, scores={"law": 0.6}),
    provider("r", scores={"code": 1.0, "law": 0.0}),
]
ERRORS = ("output_error", "cached_error", "ttft_error", "quality_error")
PREDICTED = ("output_tokens", "cached_tokens", "ttft_s", "quality", *ERRORS)

kinds = pytest.mark.parametrize("kind", PREDICTORS)


@dataclass(frozen=True)
class Asked:
    """What a predictor is asked in one round."""

    requests: Sequence[ChatRequest]
    domains: Sequence[str]
    matches: np.ndarray
    load: Load

    def of(self, predictor: Predictor) -> Forecast:
        return predictor.predict(self.requests, self.domains, self.matches, self.load)


def asked(rng: np.random.Generator, count: int = 4) -> Asked:
    """Some requests of all lengths, matched to a part of their prompts or all of it."""
    prompts = rng.integers(1, 3000, count)
    requests = [
        request(f"d{number}.{turn}", (Span(number, int(tokens)),), turn=int(turn))
        for number, (tokens, turn) in enumerate(
            zip(prompts, rng.integers(1, 9, count), strict=True)
        )
    ]
    share = rng.choice([0.0, 0.5, 1.0], (count, len(MEMBERS)))
    load = Load(int(rng.integers(50)), count, rng.integers(0, 4, 3), rng.integers(0, 4, 3))
    return Asked(
        requests, rng.choice(DOMAINS, count).tolist(), (share * prompts[:, None]).astype(int), load
    )


def made(kind: str, **params: object) -> Predictor:
    # shallow trees that split early, so that they are as large as they get after few labels
    eager = {"kind": kind, "confidence": 1.0, "grace_period": 20, "max_depth": 2}
    return PREDICTORS[kind](MEMBERS, DOMAINS, PredictorParams(**eager | params))


def outcome(now: Asked, forecast: Forecast, row: int, column: int, **came: object) -> Outcome:
    """What came of a request at a provider."""
    done = completion(
        now.requests[row].request, prompt_tokens=now.requests[row].prompt_tokens, **came
    )
    return Outcome(
        column,
        now.domains[row],
        forecast.features[row, column],
        int(now.matches[row, column]),
        forecast.at(row, column),
        done,
    )


def drawn(now: Asked, forecast: Forecast, rng: np.random.Generator) -> Outcome:
    """An outcome of the first request; some are extreme, some say nothing of cache or quality."""
    prompt = now.requests[0].prompt_tokens
    return outcome(
        now,
        forecast,
        0,
        int(rng.integers(3)),
        first_token_s=1.0 + float(rng.choice([1e-6, 0.01, 0.3, 1e5])),
        cached_tokens=rng.choice([None, 0, prompt - 1]),
        output_tokens=int(rng.choice([0, 1, 50, 100_000])),
        quality=rng.choice([None, 0.0, 1.0]),
    )


def taught(kind: str, labels: int, seed: int = 1, **params: object) -> Predictor:
    """A predictor that has seen so many outcomes, drawn from the seed."""
    rng = np.random.default_rng(seed)
    predictor = made(kind, **params)
    for _ in range(labels):
        now = asked(rng, 2)
        learn(predictor, drawn(now, now.of(predictor), rng))
    return predictor


def learn(predictor: Predictor, came: Outcome) -> None:
    predictor.learn(came)
    predictor.learn_lengths([Length(came.features, came.completion.output_tokens)])


def same(one: Forecast, other: Forecast) -> bool:
    return all((getattr(one, name) == getattr(other, name)).all() for name in PREDICTED)


SOME = asked(np.random.default_rng(99), 20)


@kinds
@pytest.mark.parametrize("labels", [0, 1, 80])
def test_every_prediction_is_finite_and_within_its_bounds(kind, labels):
    forecast = SOME.of(taught(kind, labels))
    pairs = (20, 3)
    for name in PREDICTED:
        shape = pairs[:1] if name.startswith("output") else pairs
        assert getattr(forecast, name).shape == shape
        assert np.isfinite(getattr(forecast, name)).all()
    assert forecast.features.shape[:2] == pairs
    assert forecast.matched_tokens.tolist() == SOME.matches.tolist()
    prompt = np.array([[one.prompt_tokens] for one in SOME.requests])
    assert (forecast.quality >= 0).all()
    assert (forecast.quality <= 1).all()
    assert (forecast.cached_tokens >= 0).all()
    assert (forecast.cached_tokens <= np.minimum(SOME.matches, prompt - 1)).all()
    assert (forecast.output_tokens >= 1).all()
    assert (forecast.ttft_s > 0).all()
    assert all((getattr(forecast, name) >= 0).all() for name in ERRORS)


@kinds
def test_a_time_to_the_first_token_is_positive_where_engines_take_some(kind):
    predictor = made(kind)
    for _ in range(30):
        forecast = SOME.of(predictor)
        learn(predictor, outcome(SOME, forecast, 0, 0, submitted_s=0.0, first_token_s=1e-6))
    assert (SOME.of(predictor).ttft_s > 0).all()


@kinds
def test_before_any_label_it_predicts_what_is_publicly_known(kind):
    assert all(
        np.allclose(getattr(SOME.of(made(kind)), name), getattr(SOME.of(made("analytic")), name))
        for name in PREDICTED
        if name not in ERRORS
    )


@kinds
def test_predicting_changes_nothing(kind):
    predictor = taught(kind, 80)
    before = pickle.dumps(predictor)
    first = SOME.of(predictor)
    asked(np.random.default_rng(3)).of(predictor)
    assert same(first, SOME.of(predictor))
    again = pickle.loads(before)
    assert same(first, SOME.of(again))


@kinds
def test_labels_may_come_late_and_in_another_order(kind):
    """Predictions follow the labels that are there, with the features of their awards."""
    rng = np.random.default_rng(4)
    predictor = made(kind)
    rounds = [asked(rng, 2) for _ in range(30)]
    early = [drawn(now, now.of(predictor), rng) for now in rounds]
    for came in early[::-1]:
        learn(predictor, came)
        assert np.isfinite(SOME.of(predictor).ttft_s).all()
    other = made(kind)
    for came in early[::-1]:
        learn(other, came)
    assert same(SOME.of(predictor), SOME.of(other))


@kinds
def test_the_same_labels_make_the_same_predictions(kind):
    assert same(SOME.of(taught(kind, 80)), SOME.of(taught(kind, 80)))


@kinds
def test_no_report_moves_a_prediction(kind):
    predictor = taught(kind, 80)
    greedy = [replace(one, reported=Valuation(1.0, 1e6, 0.0)) for one in SOME.requests]
    lied = replace(SOME, requests=greedy).of(predictor)
    assert same(lied, SOME.of(predictor))
    assert (lied.features == SOME.of(predictor).features).all()


@kinds
def test_what_is_unknown_teaches_nothing(kind):
    predictor = taught(kind, 80)
    before = SOME.of(predictor)
    for _ in range(20):
        now = SOME.of(predictor)
        row = int(np.flatnonzero(SOME.matches[:, 0])[0])
        predictor.learn(outcome(SOME, now, row, 0, cached_tokens=None, quality=None))
    after = SOME.of(predictor)
    for name in ("output_tokens", "cached_tokens", "quality", "cached_error", "quality_error"):
        assert (getattr(after, name) == getattr(before, name)).all()


@kinds
def test_errors_shrink_with_labels_that_agree(kind):
    predictor = made(kind)
    row = int(np.flatnonzero(SOME.matches[:, 0])[0])
    before = SOME.of(predictor)
    half = int(SOME.matches[row, 0]) // 2
    for _ in range(60):
        now = SOME.of(predictor)
        learn(predictor, outcome(SOME, now, row, 0, cached_tokens=half, quality=1.0))
    after = SOME.of(predictor)
    for name in ERRORS:
        at = row if name == "output_error" else (row, 0)
        was, is_now = getattr(before, name)[at], getattr(after, name)[at]
        assert is_now < was or was == is_now == 0.0


@kinds
def test_no_error_is_computed_where_nobody_asks(kind):
    forecast = SOME.of(taught(kind, 40, confidence=0.0))
    assert not any(getattr(forecast, name).any() for name in ERRORS)
    assert all(
        (getattr(forecast, name) == getattr(SOME.of(taught(kind, 40)), name)).all()
        for name in PREDICTED
        if name not in ERRORS
    )


@kinds
def test_memory_does_not_grow_with_the_labels(kind):
    few, many = (len(pickle.dumps(taught(kind, labels))) for labels in (400, 1200))
    assert many < 1.5 * few


@pytest.mark.parametrize("kind", [kind for kind in PREDICTORS if kind != "analytic"])
def test_what_was_learned_shows(kind):
    predictor = made(kind)
    before = SOME.of(predictor)
    row = int(np.flatnonzero(SOME.matches[:, 0])[0])
    for _ in range(30):
        now = SOME.of(predictor)
        learn(
            predictor,
            outcome(
                SOME, now, row, 0, first_token_s=3.0, cached_tokens=0, output_tokens=7, quality=0.0
            ),
        )
    after = SOME.of(predictor)
    assert after.ttft_s[row, 0] > before.ttft_s[row, 0]
    assert after.cached_tokens[row, 0] < before.cached_tokens[row, 0]
    assert after.output_tokens[row] == pytest.approx(7.0)
    assert after.quality[row, 0] < before.quality[row, 0] or before.quality[row, 0] == 0.0
    for name in ("cached_tokens", "quality"):
        assert (getattr(after, name)[:, 1] == getattr(before, name)[:, 1]).all()


def test_the_analytic_predictor_never_learns():
    assert same(SOME.of(taught("analytic", 80)), SOME.of(made("analytic")))


def test_a_scenario_can_name_every_predictor_and_is_told_them():
    assert get_args(PredictorParams.model_fields["kind"].annotation) == tuple(PREDICTORS)
    with pytest.raises(ValidationError, match="'trees', 'analytic', 'mean' or 'last_value'"):
        PredictorParams(kind="oracle")
