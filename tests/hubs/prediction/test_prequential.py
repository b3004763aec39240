from dataclasses import replace

import numpy as np
import pytest

from hubs.prediction import Outcome, Prequential
from hubs.prediction.prequential import PrequentialErrors
from market.messages import Completion, Expectation
from tests.hubs.builders import completion, provider

MEMBERS = [provider("p", input_ratio=0.5, hit_ratio=0.1), provider("q")]
EXPECTED = Expectation(output_tokens=40.0, cached_tokens=60.0, ttft_s=0.2, quality=0.75)


def outcome(came: Completion, column: int = 0) -> Outcome:
    return Outcome(column, "law", np.empty(0), 64, EXPECTED, came)


def served(**changes: object) -> Completion:
    """An answer of 50 tokens to a prompt of 100, 20 of them cached, half a second late."""
    return replace(completion("a.1", prompt_tokens=100, cached_tokens=20), **changes)


def test_one_label_is_judged_by_what_was_expected_of_it():
    kept = Prequential(MEMBERS)
    kept.observe(outcome(served()))
    (errors,) = kept.of_round()
    cost, expected_cost = 50 + 0.5 * 80 + 0.1 * 20, 40 + 0.5 * 40 + 0.1 * 60
    assert errors == PrequentialErrors(
        provider="p",
        labels=1,
        ttft_abs_error_s=pytest.approx(0.3),
        ttft_s=0.5,
        output_abs_error_tokens=10.0,
        output_tokens=50.0,
        reported=1,
        cached_abs_error_tokens=40.0,
        cached_tokens=20.0,
        cost_abs_error_tokens=pytest.approx(cost - expected_cost),
        cost_tokens=cost,
        graded=1,
        quality_abs_error=0.25,
        quality_squared_error=0.0625,
        quality=1.0,
    )


def test_errors_below_and_above_do_not_cancel():
    kept = Prequential(MEMBERS)
    kept.observe(outcome(served(output_tokens=30)))
    kept.observe(outcome(served(output_tokens=50, quality=0.0)))
    (errors,) = kept.of_round()
    assert (errors.labels, errors.output_abs_error_tokens, errors.output_tokens) == (2, 20.0, 80.0)
    assert (errors.quality_abs_error, errors.quality_squared_error) == (1.0, 0.0625 + 0.5625)


def test_what_is_not_reported_is_not_judged():
    kept = Prequential(MEMBERS)
    kept.observe(outcome(served(cached_tokens=None, quality=None)))
    kept.observe(outcome(served()))
    (errors,) = kept.of_round()
    assert (errors.labels, errors.reported, errors.graded) == (2, 1, 1)
    alone = Prequential(MEMBERS)
    alone.observe(outcome(served()))
    (one,) = alone.of_round()
    assert errors.cost_abs_error_tokens == one.cost_abs_error_tokens
    assert errors.cached_tokens == one.cached_tokens
    assert errors.quality == one.quality


def test_a_round_has_one_record_for_each_provider_with_labels_in_their_order():
    kept = Prequential(MEMBERS)
    for column in (1, 0, 1):
        kept.observe(outcome(served(), column))
    assert [(one.provider, one.labels) for one in kept.of_round()] == [("p", 1), ("q", 2)]
    assert kept.of_round() == ()
    kept.observe(outcome(served(), 1))
    assert [(one.provider, one.labels) for one in kept.of_round()] == [("q", 1)]


def test_a_cost_is_equation_six_at_the_prices_of_the_ratios():
    assert MEMBERS[0].charged_tokens(100, 20.0, 50.0) == pytest.approx(50 + 0.5 * 80 + 0.1 * 20)
