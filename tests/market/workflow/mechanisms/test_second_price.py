import numpy as np
import pytest

from market.errors import BadInput
from market.workflow import Offer, Uniform
from market.workflow.mechanisms.second_price import Sale, second_price

OFFERS = [
    Offer(name, 1, 0.5, bid, Uniform(0.0, 4.0))
    for name, bid in (("p", 2.0), ("q", 1.0), ("r", 3.0))
]
WORK = np.array([1.0, 3.0, 1.0])


def sold(able: list[int], reserve: str = "support_top") -> Sale:
    return second_price(OFFERS, np.array(able), WORK, reserve, "it")


def test_the_least_bid_times_work_wins_at_the_second():
    # The scores are 2, 3 and 3.
    assert sold([0, 1, 2]) == Sale(0, 3.0)


def test_of_equal_scores_the_first_wins_and_is_paid_its_own():
    assert sold([1, 2]) == Sale(1, 3.0)


def test_a_lone_offer_is_paid_the_top_of_its_prior():
    assert sold([1]) == Sale(1, 4.0 * 3)
    with pytest.raises(BadInput, match="nobody but 'q' is capable of it, got 'none'"):
        sold([1], "none")


def test_no_work_is_no_payment():
    assert second_price(OFFERS, np.array([0]), np.zeros(3), "support_top", "it") == Sale(0, 0.0)
