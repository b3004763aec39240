import pytest

from hubs.routing.overflow import Overflow
from tests.hubs.routing.builders import signal


def heard(*signals) -> Overflow:
    overflow = Overflow()
    overflow.hear(signals)
    return overflow


def test_before_anything_is_published_nobody_is_sent_elsewhere():
    assert Overflow().redirect("a") == "a"


def test_a_hub_with_a_free_slot_keeps_all_its_requests():
    overflow = heard(signal("a", 1), signal("b", 50))
    assert [overflow.redirect("a") for _ in range(5)] == ["a"] * 5


def test_a_full_hub_sends_its_requests_where_most_slots_are_free():
    assert heard(signal("a", 0), signal("b", 2), signal("c", 3)).redirect("a") == "c"


def test_what_was_routed_since_counts_whether_sent_there_or_at_home():
    overflow = heard(signal("a", 0), signal("b", 2), signal("c", 4))
    assert [overflow.redirect("c") for _ in range(2)] == ["c", "c"]
    assert [overflow.redirect("a") for _ in range(4)] == ["b", "c", "b", "c"]


def test_where_no_slot_is_left_anywhere_a_request_stays():
    overflow = heard(signal("a", 0), signal("b", 1))
    assert [overflow.redirect("a") for _ in range(3)] == ["b", "a", "a"]


def test_ties_fall_to_the_lowest_mean_scarcity_price_then_to_the_first_name():
    dear, cheap = signal("b", 3, 5, 5), signal("c", 3, 0, 9)
    assert heard(signal("a", 0), dear, cheap).redirect("a") == "c"
    assert heard(signal("a", 0), signal("c", 3, 4), signal("b", 3, 0, 8)).redirect("a") == "b"


@pytest.mark.parametrize("free", [0, -1])
def test_only_what_was_published_last_counts(free):
    overflow = heard(signal("a", free), signal("b", 3))
    overflow.hear([signal("a", 1), signal("b", 3)])
    assert overflow.redirect("a") == "a"
    overflow.hear([signal("a", free), signal("b", 3)])
    assert overflow.redirect("a") == "b"
