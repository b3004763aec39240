"""What holds of every prior, and the uniform one."""

import math
import pickle
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.errors import BadInput
from market.fields import Fields
from market.workflow import (
    PRIORS,
    Empirical,
    Prior,
    TruncatedLognormal,
    TruncatedNormal,
    Uniform,
    solve_workflow,
)
from tests.strategies import examples, fractions, priors

RECORDS = {
    "uniform": {"low": 1, "high": 2},
    "truncated_normal": {"mean": -1, "deviation": 0.5, "low": 1, "high": 2},
    "truncated_lognormal": {"median": 1.5, "sigma": 0.5, "low": 1, "high": 2},
    "empirical": {"samples": [1, 2, 1.5], "high": 3},
}


def scaled(prior: Prior, factor: float) -> Prior:
    """The prior in another currency."""
    changes = {
        key: tuple(factor * one for one in value) if key == "samples" else factor * value
        for key, value in vars(prior).items()
        if key in ("low", "high", "mean", "deviation", "median", "samples")
    }
    return replace(prior, **changes)


@given(prior=priors, parts=st.lists(st.floats(0, 1), min_size=2, max_size=8))
@examples(500)
def test_the_virtual_cost_never_falls_and_is_at_least_the_bid(prior: Prior, parts: list[float]):
    bids = sorted(part * prior.high for part in parts)
    bids = sorted({*bids, *(min(math.nextafter(bid, math.inf), prior.high) for bid in bids)})
    costs = [prior.virtual_cost(bid) for bid in bids]
    if isinstance(prior, Uniform | Empirical):
        assert costs == sorted(costs)
    for cost, later in pairwise(costs):
        assert later >= cost * (1 - 1e-13)
    assert all(cost >= bid for bid, cost in zip(bids, costs, strict=True))


@given(prior=priors, part=st.floats(0, 1))
@examples(300)
def test_below_the_support_the_virtual_cost_is_the_bid_and_above_it_infinite(
    prior: Prior, part: float
):
    assert prior.virtual_cost(part * prior.low) == part * prior.low
    assert prior.virtual_cost(prior.low) == prior.low
    assert prior.virtual_cost(math.nextafter(prior.high, math.inf)) == math.inf
    assert prior.virtual_cost(prior.high) < math.inf


@given(prior=priors, part=fractions, beside=st.sampled_from([-1.0, 1.0]))
@examples(800)
def test_the_inverse_is_where_the_virtual_cost_is_reached(prior: Prior, part: float, beside: float):
    reached = prior.virtual_cost(part * prior.high)
    for virtual_cost in (reached, max(math.nextafter(reached, beside * math.inf), 0.0)):
        bid = prior.bid_at(virtual_cost)
        assert 0 <= bid <= prior.high
        margin = 1e-12 * prior.high
        if bid + margin < prior.high:
            assert prior.virtual_cost(bid + margin) >= virtual_cost
        if bid > margin:
            assert prior.virtual_cost(bid - margin) <= virtual_cost


@given(prior=priors)
@examples(300)
def test_the_float_after_a_flat_is_mapped_to_its_right_end(prior: Prior):
    assert list(prior.flats) == sorted(set(prior.flats))
    for flat in prior.flats:
        left = prior.bid_at(flat)
        right = prior.bid_at(math.nextafter(flat, math.inf))
        assert left < right <= prior.high
        assert prior.virtual_cost(math.nextafter(left, math.inf)) == flat
        assert prior.virtual_cost(right) == flat
        assert prior.virtual_cost(math.nextafter(right, math.inf)) > flat


@given(prior=priors, part=fractions, power=st.integers(-20, 20), factor=st.floats(0.1, 10.0))
@examples(300)
def test_in_another_currency_everything_is_the_same(prior, part, power, factor):
    bid = part * prior.high
    whole = scaled(prior, 2.0**power)
    by_two = whole.virtual_cost(2.0**power * bid)
    assert by_two == pytest.approx(2.0**power * prior.virtual_cost(bid), rel=1e-12)
    if not isinstance(prior, Empirical):  # a bid that is rounded may leave its step
        other = scaled(prior, factor).virtual_cost(factor * bid * (1 - 1e-15))
        assert other == pytest.approx(factor * prior.virtual_cost(bid), rel=1e-9)


@given(prior=priors)
@examples(50)
def test_a_prior_survives_pickling(prior: Prior):
    assert pickle.loads(pickle.dumps(prior)) == prior


def test_the_virtual_cost_of_a_uniform_prior_is_twice_the_bid_less_the_lowest_cost():
    prior = Uniform(1.0, 3.0)
    assert [prior.virtual_cost(bid) for bid in (1.0, 2.0, 3.0)] == [1.0, 3.0, 5.0]


def test_the_inverse_stops_at_the_top_of_the_support():
    assert Uniform(1.0, 3.0).bid_at(1e9) == 3.0


def test_every_kind_is_read_by_its_name():
    assert {
        kind: PRIORS[kind].read(Fields(record, "prior")) for kind, record in RECORDS.items()
    } == {
        "uniform": Uniform(1.0, 2.0),
        "truncated_normal": TruncatedNormal(-1.0, 0.5, 1.0, 2.0),
        "truncated_lognormal": TruncatedLognormal(1.5, 0.5, 1.0, 2.0),
        "empirical": Empirical((1.0, 2.0, 1.5), 1.0, 3.0),
    }
    assert set(PRIORS) == set(RECORDS)


def problem(kind: str, **changes: object) -> dict:
    record = {"kind": kind, **RECORDS[kind], **changes}
    provider = {"id": "p", "tier": 1, "input_ratio": 0.5, "bid": 1.5, "prior": record}
    node = {"id": "n", "output_tokens": 1e6, "difficulty": 1}
    return {"kind": "workflow", "nodes": [node], "edges": [], "providers": [provider]}


@pytest.mark.parametrize("kind", RECORDS)
def test_a_monopolist_of_any_prior_is_paid_the_top_of_its_support(kind):
    top = {"empirical": 3.0}.get(kind, 2.0)
    assert solve_workflow(problem(kind))["payments"] == {"p": top}


PRICE = ">= 0 and <= 1e+12"


@pytest.mark.parametrize(
    ("kind", "changes", "message"),
    [
        ("uniform", {"low": 2}, "high: expected a number above low = 2, got 2"),
        ("uniform", {"low": -1}, f"low: expected a finite number {PRICE}, got -1.0"),
        ("uniform", {"low": math.nan}, "low: expected a finite number, got nan"),
        ("truncated_normal", {"high": 1}, "high: expected a number above low = 1, got 1"),
        ("truncated_normal", {"high": math.inf}, "high: expected a finite number, got inf"),
        (
            "truncated_normal",
            {"deviation": 0},
            "deviation: expected a finite number >= 1e-12 and <= 1e+12, got 0.0",
        ),
        ("truncated_normal", {"mean": "x"}, "mean: expected a finite number, got 'x'"),
        (
            "truncated_normal",
            {"sigma": 1},
            "sigma: unknown key; known here: deviation, high, kind, low, mean",
        ),
        (
            "truncated_lognormal",
            {"median": 0},
            "median: expected a finite number >= 1e-12 and <= 1e+12, got 0.0",
        ),
        (
            "truncated_lognormal",
            {"sigma": 1e4},
            "sigma: expected a finite number >= 1e-06 and <= 1000, got 10000.0",
        ),
        ("empirical", {"samples": []}, "samples: expected 1 to 100000 numbers, got 0"),
        ("empirical", {"samples": 3}, "samples: expected a list, got 3"),
        (
            "empirical",
            {"samples": [0.0] * 100_001},
            "samples: expected 1 to 100000 numbers, got 100001",
        ),
        (
            "empirical",
            {"samples": [1, True]},
            f"samples.1: expected a finite number {PRICE}, got True",
        ),
        (
            "empirical",
            {"samples": [1, -2.0]},
            f"samples.1: expected a finite number {PRICE}, got -2.0",
        ),
        (
            "empirical",
            {"high": 1.5},
            "high: expected a number >= 2, the highest sample, got 1.5",
        ),
        ("empirical", {"low": 1.2}, "low: expected a number <= 1, the lowest sample, got 1.2"),
        ("empirical", {"low": -1}, f"low: expected a finite number {PRICE}, got -1.0"),
    ],
)
def test_a_bad_prior_is_refused_in_one_line_with_its_key(kind, changes, message):
    with pytest.raises(BadInput) as error:
        solve_workflow(problem(kind, **changes))
    assert str(error.value) == f"providers.0.prior.{message}"
