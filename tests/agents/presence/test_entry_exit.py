import pytest

from agents.presence.entry_exit import EntryExit, EntryExitParams

FIXED = 1000e-9  # a thousand nano-USD a second


def seller(**changes) -> EntryExit:
    stated = {"window_s": 5.0, "away_s": 3.0} | changes
    return EntryExit(EntryExitParams(**stated), FIXED)


def played(one: EntryExit, earned: list[int]) -> list[bool]:
    """Whether it is away after each second, in which it earned so much."""
    away = []
    for second, nano in enumerate(earned, start=1):
        one.earn(nano)
        one.advance(float(second))
        away.append(one.away)
    return away


def test_who_earns_nothing_leaves_after_a_window_and_is_back_after_a_while():
    away = played(seller(), [0] * 16)
    assert away == [False] * 4 + [True] * 3 + [False] * 5 + [True] * 3 + [False]


def test_who_earns_just_its_fixed_cost_stays_and_a_nano_less_is_too_little():
    assert not any(played(seller(), [1000] * 30))
    assert any(played(seller(), [1000] * 20 + [999] + [1000] * 9))


def test_only_the_profit_within_the_window_counts():
    rich_once = [10_000] + [1000] * 4 + [0] * 10
    assert played(seller(), rich_once)[:6] == [False] * 5 + [True]


def test_it_is_paid_for_while_in_the_market_alone():
    one = seller()
    fixed = [one.advance(float(second)) for second in range(1, 14)]
    assert fixed == [1000] * 5 + [0] * 3 + [1000] * 5
    assert seller().advance(2.5) == 2500


def test_a_threshold_may_ask_for_more_than_nothing_or_bear_a_loss():
    assert any(played(seller(leave_below_usd=1e-6), [1100] * 10))
    assert not any(played(seller(leave_below_usd=1e-6), [1200] * 10))
    assert not any(played(seller(leave_below_usd=-5e-6), [0] * 10))


def test_what_is_earned_while_away_sways_nothing():
    one = seller()
    assert played(one, [0] * 5)[-1]
    one.earn(1_000_000)
    for second in range(6, 13):
        one.advance(float(second))
    assert not one.away
    one.advance(13.0)
    assert one.away


def test_fixed_costs_are_drawn_for_each_provider_by_itself():
    params = EntryExitParams(fixed_usd_per_s={"uniform": [1e-6, 9e-6]})
    costs = [params.of(name, seed).advance(1.0) for name in "pqr" for seed in (1, 2)]
    assert len(set(costs)) == 6
    assert all(1000 <= cost <= 9000 for cost in costs)
    assert costs[0] == params.of("p", 1).advance(1.0)


def test_rounds_of_a_tenth_of_a_second_fill_a_window_though_tenths_do_not_add_up():
    one = seller(window_s=0.7)
    for tenth in range(1, 8):
        assert not one.away
        one.advance(tenth / 10)
    assert one.away


def test_in_a_window_shorter_than_a_clock_can_tell_the_last_round_counts():
    assert played(seller(window_s=1e-10), [1000, 1000, 999]) == [False, False, True]


@pytest.mark.parametrize("wrong", [{"window_s": 0}, {"away_s": -1}, {"leave_below_usd": 1e10}])
def test_malformed_rules_are_refused(wrong):
    with pytest.raises(ValueError, match="Input should be"):
        EntryExitParams(**wrong)
