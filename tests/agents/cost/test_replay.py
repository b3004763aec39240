from collections import Counter
from dataclasses import replace

import pytest
from pydantic import ValidationError

from agents.cost.replay import PriceSeries
from market.errors import BadInput
from tests.agents.cost.costs import ELECTRICITY, ENGINE, PARAMS, SPOT, drawn

#: Four requests of 1,024 tokens: a step of 10 ms, 4 of 0.5 ms, 4,096 of 1 us makes four tokens.
TOKENS_PER_S = 4 / (0.010 + 4 * 0.0005 + 4096e-6)


def test_electricity_is_power_times_price_over_throughput():
    cost = drawn(ELECTRICITY | {"usd_per_unit": 1.1, "pue": 1.25})
    hours_per_mtok = 1e6 / TOKENS_PER_S / 3600
    mwh_per_mtok = 400 * 1.25 / 1e6 * hours_per_mtok
    assert cost.usd_per_mtok(0.0) == pytest.approx(30.0 * 1.1 * mwh_per_mtok, rel=1e-12)
    assert cost.support(0.0) == (cost.usd_per_mtok(0.0),) * 2


def test_a_day_of_the_series_may_last_minutes_and_its_last_price_holds_on():
    cost = drawn(ELECTRICITY)  # a second of the trial is a minute of the series
    first = cost.usd_per_mtok(0.0)
    assert cost.usd_per_mtok(29.9) == first
    seconds = (30.0, 89.9, 90.0, 149.9, 150.0, 1e6)
    prices = [cost.usd_per_mtok(second) / first * 30.0 for second in seconds]
    assert prices == pytest.approx([1.0, 1.0, 1.0, 1.0, 163.5, 163.5])  # two are below the floor


def test_prices_below_the_floor_are_taken_for_it():
    floored, lower = drawn(ELECTRICITY), drawn(ELECTRICITY | {"floor_per_mwh": 0.25})
    assert floored.usd_per_mtok(30.0) == pytest.approx(4 * lower.usd_per_mtok(30.0))
    assert lower.usd_per_mtok(90.0) == pytest.approx(2 * lower.usd_per_mtok(30.0))
    assert floored.lowest == floored.usd_per_mtok(30.0)


def test_the_power_is_the_profiles_unless_it_is_stated():
    silent = replace(ENGINE, power_w=None)
    usual = drawn(ELECTRICITY).usd_per_mtok(0.0)
    stated = drawn(ELECTRICITY | {"power_w": 800.0}, engine=silent)
    assert stated.usd_per_mtok(0.0) == pytest.approx(2 * usual)
    with pytest.raises(BadInput, match="power_w: expected a number, as the profile e states none"):
        drawn(ELECTRICITY, engine=silent)


def test_a_spot_price_is_over_what_the_engines_gpus_make_in_an_hour():
    only = SPOT | {"series": {"a": SPOT["series"]["a"]}}
    cost = drawn(only)
    assert cost.usd_per_mtok(0.0) == pytest.approx(0.9 / (3600 * TOKENS_PER_S) * 1e6, rel=1e-12)
    assert cost.usd_per_mtok(120.0) == pytest.approx(cost.usd_per_mtok(0.0) * 1.2 / 0.9)
    two_of_eight = drawn(only | {"instance_gpus": 8}, engine=replace(ENGINE, gpus=2))
    assert two_of_eight.usd_per_mtok(0.0) == pytest.approx(cost.usd_per_mtok(0.0) / 4)


def test_tokens_are_cheaper_in_a_larger_batch_which_is_the_slots_or_stated():
    def cost(slots: int, **stated: int) -> float:
        return drawn(ELECTRICITY | stated, slots=slots).usd_per_mtok(0.0)

    assert cost(1) > cost(2) > cost(8) == cost(100)  # the engine runs eight at a time
    assert cost(1, batch=2) == cost(2)


def test_each_zone_has_about_as_many_providers():
    costs = Counter(drawn(SPOT, f"p-{number}").usd_per_mtok(0.0) for number in range(600))
    assert len(costs) == 3
    assert all(150 < count < 250 for count in costs.values())


@pytest.mark.parametrize(
    ("times_s", "prices", "complaint"),
    [
        ([0.0, 1.0], [1.0], "a time for each price, got 2 times_s and 1 prices"),
        ([1.0], [1.0], "expected the first at most 0, got 1"),
        ([0.0, 5.0, 5.0], [1.0, 2.0, 3.0], "expected ascending, got 5 before 5"),
        ([], [], "at least 1 item"),
        ([0.0], [2e6], "less than or equal to 1000000"),
    ],
)
def test_malformed_series_are_refused(times_s, prices, complaint):
    with pytest.raises(ValidationError, match=complaint):
        PriceSeries(times_s=times_s, prices=prices)


def test_a_spot_price_is_above_zero():
    free = SPOT | {"series": {"a": {"times_s": [0], "prices": [0.0]}}}
    with pytest.raises(ValidationError, match=r"series.a: expected prices above 0, got 0"):
        PARAMS.validate_python(free)
