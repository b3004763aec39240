from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from hubs.prediction import Forecast, Length, Load, Outcome, PredictorParams
from hubs.prediction.trees import HubTrees
from market.messages import Expectation, Valuation
from market.prompt import Span
from tests.hubs.builders import DOMAINS, completion, provider, request

MEMBERS = [
    provider("p", chat_slots=4, scores={"code": 0.3, "law": 0.9}),
    provider("q", chat_slots=2, scores={"law": 0.6}),
]
IDLE = Load(0, 0, np.zeros(2, dtype=np.int64), np.zeros(2, dtype=np.int64))
REQUESTS = [request("a.1", (Span(1, 400),)), request("b.3", (Span(2, 100),), turn=3)]
NO_MATCH = np.zeros((2, 2), dtype=np.int64)


def predictor(**params: Any) -> HubTrees:
    return HubTrees(MEMBERS, DOMAINS, PredictorParams(**params))


def forecast(of: HubTrees, *, matches=NO_MATCH, load=IDLE, domains=("law", "code")) -> Forecast:
    return of.predict(REQUESTS, domains, matches, load)


def test_with_nothing_learned_everything_is_what_is_publicly_known():
    expected = forecast(predictor(output_tokens=80.0))
    engine = MEMBERS[0].engine
    assert expected.output_tokens.tolist() == [80.0, 80.0]
    assert expected.cached_tokens.tolist() == [[0.0, 0.0], [0.0, 0.0]]
    assert expected.ttft_s == pytest.approx(
        np.array([[engine.prefill_s(400)] * 2, [engine.prefill_s(100)] * 2])
    )
    # q publishes no score for code
    assert expected.quality.tolist() == [[0.9, 0.6], [0.3, 0.5]]


def test_an_expected_match_is_cached_but_for_the_last_token_and_saves_its_time():
    matches = np.array([[160, 0], [0, 100]])
    expected = forecast(predictor(), matches=matches)
    engine = MEMBERS[0].engine
    assert expected.cached_tokens.tolist() == [[160.0, 0.0], [0.0, 99.0]]
    assert expected.matched_tokens.tolist() == matches.tolist()
    assert expected.ttft_s[0, 0] == pytest.approx(engine.prefill_s(240))
    assert expected.ttft_s[1, 1] == pytest.approx(engine.prefill_s(1))


def test_the_prediction_of_one_pair_is_that_of_the_tables():
    tables = forecast(predictor(), matches=np.array([[160, 0], [0, 50]]))
    one = tables.at(1, 1)
    assert one == Expectation(
        output_tokens=float(tables.output_tokens[1]),
        cached_tokens=50.0,
        ttft_s=float(tables.ttft_s[1, 1]),
        quality=float(tables.quality[1, 1]),
    )


def learn(of: HubTrees, labels: int, column: int = 0, *, matched: int = 0, **changes) -> None:
    """Learn the same completion of the first request again and again."""
    matches = np.array([[matched, 0], [0, 0]])
    for _ in range(labels):
        now = forecast(of, matches=matches)
        came = completion("a.1", **{"prompt_tokens": 400} | changes)
        features, expected = now.features[0, column], now.at(0, column)
        of.learn(Outcome(column, "law", features, matched, expected, came))
        of.learn_lengths([Length(now.features[0, column], came.output_tokens)])


def unit_s(tokens: int) -> float:
    """What a wait is counted in: between the own time and that of the average of both requests."""
    engine = MEMBERS[0].engine
    average_s = (engine.prefill_s(400) + engine.prefill_s(100)) / 2
    return float(np.sqrt(engine.prefill_s(tokens) * average_s))


def test_a_wait_is_learned_in_prompts_and_for_its_provider_alone():
    engine = MEMBERS[0].engine
    model = predictor(prior_labels=5.0)
    late = engine.prefill_s(400) + 2.0 * unit_s(400)
    learn(model, 15, submitted_s=0.0, first_token_s=late, finish_s=9.0)
    expected = forecast(model)
    wait = (5 * 0.0 + 15 * 2.0) / 20
    assert expected.ttft_s[0, 0] == pytest.approx(engine.prefill_s(400) + wait * unit_s(400))
    assert expected.ttft_s[1, 0] == pytest.approx(engine.prefill_s(100) + wait * unit_s(100))
    assert expected.ttft_s[:, 1] == pytest.approx([engine.prefill_s(400), engine.prefill_s(100)])


def test_the_same_wait_is_longer_where_others_prompts_are():
    model = predictor(prior_labels=0.0)
    late = MEMBERS[0].engine.prefill_s(400) + unit_s(400)
    learn(model, 1, submitted_s=0.0, first_token_s=late, finish_s=9.0)
    alone = model.predict(REQUESTS[:1], ("law",), NO_MATCH[:1], IDLE)
    assert alone.ttft_s[0, 0] == pytest.approx(2 * MEMBERS[0].engine.prefill_s(400))


def test_one_terrible_wait_is_capped():
    model = predictor(prior_labels=0.0, wait_cap=10.0)
    learn(model, 1, submitted_s=0.0, first_token_s=1e6, finish_s=1e6)
    expected = MEMBERS[0].engine.prefill_s(400) + 10 * unit_s(400)
    assert forecast(model).ttft_s[0, 0] == pytest.approx(expected)


def test_an_engine_that_is_faster_than_its_profile_never_answers_before_it_is_asked():
    model = predictor(prior_labels=0.0)
    learn(model, 5, submitted_s=0.0, first_token_s=1e-6, finish_s=1.0)
    engine = MEMBERS[0].engine
    faster = forecast(model).ttft_s[:, 0]
    assert faster == pytest.approx([engine.prefill_s(400) / 10, engine.prefill_s(100) / 10])


def test_how_much_of_a_match_comes_true_is_learned():
    model = predictor(prior_labels=5.0)
    learn(model, 15, matched=200, cached_tokens=100)
    assert forecast(model, matches=np.array([[200, 200], [0, 0]])).cached_tokens[0] == (
        pytest.approx([200 * (5 + 15 * 0.5) / 20, 200.0])
    )


def test_a_cache_that_is_reported_empty_is_learned_as_empty():
    model = predictor(prior_labels=5.0)
    learn(model, 15, matched=200, cached_tokens=0)
    assert forecast(model, matches=np.array([[200, 0], [0, 0]])).cached_tokens[0, 0] == 50.0


def test_a_wait_is_compared_with_what_was_expected_after_the_cache():
    engine = MEMBERS[0].engine
    model = predictor(prior_labels=0.0)
    half = 0.5 * engine.prefill_s(200)
    learn(model, 1, matched=200, cached_tokens=200, submitted_s=0.0, first_token_s=half)
    expected = forecast(model, matches=np.array([[200, 0], [0, 0]]))
    assert expected.ttft_s[0, 0] == pytest.approx(half)


@pytest.mark.parametrize(("matched", "cached"), [(200, None), (0, 0)])
def test_tokens_not_reported_or_not_expected_say_nothing_of_the_cache(matched, cached):
    model = predictor()
    learn(model, 15, matched=matched, cached_tokens=cached)
    assert forecast(model, matches=np.array([[200, 0], [0, 0]])).cached_tokens[0, 0] == 200.0


def test_quality_is_learned_from_the_grades_and_for_its_provider_alone():
    model = predictor(prior_grades=5.0)
    learn(model, 10, quality=0.0)
    learn(model, 5, quality=1.0)
    expected = forecast(model, domains=("law", "law")).quality
    assert expected[0] == pytest.approx([0.9 + 15 * (5 / 15 - 0.9) / 20, 0.6])


def test_a_score_by_domain_is_not_forgotten_when_grades_come_in():
    """A provider that is good at law and bad at code, and says so, stays told apart."""
    truth = {"law": 0.92, "code": 0.30}
    model = HubTrees([provider("p", scores={"law": 0.9, "code": 0.35})], DOMAINS, PredictorParams())
    idle = Load(0, 0, np.zeros(1, dtype=np.int64), np.zeros(1, dtype=np.int64))
    rng = np.random.default_rng(8)
    brier, by_score = [], []
    for number in range(800):
        domain = "law" if rng.random() < 0.5 else "code"
        asked = [request(f"a{number}.1", (Span(number, 200),))]
        now = model.predict(asked, (domain,), np.zeros((1, 1), dtype=np.int64), idle)
        right = float(rng.random() < truth[domain])
        brier.append((now.quality[0, 0] - right) ** 2)
        by_score.append(({"law": 0.9, "code": 0.35}[domain] - right) ** 2)
        came = completion(f"a{number}.1", prompt_tokens=200, quality=right)
        model.learn(Outcome(0, domain, now.features[0, 0], 0, now.at(0, 0), came))
    assert np.mean(brier) < np.mean(by_score) + 0.005


def test_a_wait_that_grows_with_the_load_is_learned_from_few_labels():
    """No two features of a tree split alike, which would keep it from ever splitting."""
    model = predictor()
    rng = np.random.default_rng(9)
    engine = MEMBERS[0].engine
    for _ in range(300):
        inflight = int(rng.integers(0, 4))
        hub_inflight = int(rng.integers(10, 100))
        load = Load(hub_inflight, 5, np.array([inflight, 0]), np.array([1, 1]))
        now = forecast(model, load=load)
        wait = engine.prefill_s(400) * (1 + 2 * inflight)
        came = completion(
            "a.1", prompt_tokens=400, submitted_s=0.0, first_token_s=wait, finish_s=wait
        )
        model.learn(Outcome(0, "law", now.features[0, 0], 0, now.at(0, 0), came))
    busy, idle = (
        forecast(model, load=Load(50, 5, np.array([n, 0]), np.array([1, 1]))).ttft_s[0, 0]
        for n in (3, 0)
    )
    assert busy > 3 * idle


def test_an_answer_without_a_grade_says_nothing_of_quality():
    model = predictor()
    learn(model, 15, quality=None)
    assert forecast(model).quality.tolist() == [[0.9, 0.6], [0.3, 0.5]]


def test_the_length_of_answers_is_learned_by_the_whole_hub_and_the_guess_is_gone():
    model = predictor(output_tokens=100.0)
    learn(model, 5, column=0, output_tokens=200)
    learn(model, 5, column=1, output_tokens=300)
    assert forecast(model).output_tokens == pytest.approx([250.0, 250.0])


def test_an_answer_has_at_least_one_token():
    model = predictor(prior_labels=0.0)
    learn(model, 3, output_tokens=0)
    assert forecast(model).output_tokens.tolist() == [1.0, 1.0]


ERRORS = ("output_error", "cached_error", "ttft_error", "quality_error")


def test_errors_are_those_of_the_priors_before_any_label():
    matches = np.array([[200, 0], [0, 50]])
    model = predictor(confidence=1.0, prior_labels=4.0, prior_grades=25.0, output_tokens=80.0)
    expected = forecast(model, matches=matches)
    engine = MEMBERS[0].engine
    own_s = np.array([engine.prefill_s(200), engine.prefill_s(100)])
    wait_s = np.sqrt(own_s * own_s.mean()) / np.sqrt(4)
    cached = 200 * 0.5 / 2
    assert expected.output_error.tolist() == [80.0, 80.0]
    assert expected.cached_error[0].tolist() == [cached, 0.0]
    assert expected.ttft_error[0, 0] == pytest.approx(
        np.hypot(wait_s[0], engine.prefill_s_per_token * cached)
    )
    assert expected.ttft_error[1, 0] == pytest.approx(wait_s[1])
    assert expected.quality_error == pytest.approx(np.full((2, 2), 0.5 / 5))


def test_errors_shrink_where_labels_come_in():
    matches = np.array([[200, 200], [0, 0]])
    model = predictor(confidence=1.0)
    before = forecast(model, matches=matches)
    soon = MEMBERS[0].engine.prefill_s(400)
    came = {"submitted_s": 0.0, "first_token_s": soon, "cached_tokens": 150, "quality": 1.0}
    learn(model, 45, matched=200, **came)
    after = forecast(model, matches=matches)
    for name in ERRORS:
        assert getattr(after, name).flat[0] < 0.9 * getattr(before, name).flat[0]
    assert after.quality_error[0, 1] == before.quality_error[0, 1]


def test_without_confidence_no_errors_are_computed():
    model = predictor()
    learn(model, 20, matched=200, cached_tokens=150)
    expected = forecast(model, matches=np.array([[200, 0], [0, 50]]))
    assert not any(getattr(expected, name).any() for name in ERRORS)


def test_with_all_of_equation_5_it_learns_from_two_features_more():
    reduced, whole = (forecast(predictor(features=kind)).features for kind in ("reduced", "eq5"))
    assert whole.shape[2] == reduced.shape[2] + 2


def test_reported_valuations_do_not_move_predictions():
    model = predictor()
    learn(model, 60)
    honest = forecast(model)
    greedy = [replace(one, reported=Valuation(1.0, 1e6, 0.0)) for one in REQUESTS]
    lied = model.predict(greedy, ("law", "code"), NO_MATCH, IDLE)
    assert (lied.features == honest.features).all()
    assert (lied.quality == honest.quality).all()
