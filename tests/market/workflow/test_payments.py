import pytest

from market.workflow import Offer, Uniform
from market.workflow.breakpoints import Drop, Envelope
from market.workflow.payments import bid_breakpoints, threshold_payment

OFFER = Offer("p", 1, 0.5, 2.0, Uniform(1.0, 4.0))
#: phi = 2b - 1: the drops lie at the bids 2.5 and 3.5.
CURVE = Envelope((Drop(4.0, 1e6), Drop(6.0, 2e6)), 5e5)


def test_breakpoints_are_mapped_back_to_bids():
    assert bid_breakpoints(OFFER, CURVE) == ((2.5, 1e6), (3.5, 2e6))


def test_work_is_paid_at_the_bid_that_loses_it_and_the_rest_at_the_top():
    assert threshold_payment(OFFER, CURVE, "support_top") == 2.5 + 2 * 3.5 + 4.0 / 2


def test_without_a_reserve_work_that_is_never_lost_is_unpaid():
    assert threshold_payment(OFFER, CURVE, "none") == 2.5 + 2 * 3.5


@pytest.mark.parametrize("reserve", ["support_top", "none"])
def test_no_work_is_no_payment(reserve):
    assert threshold_payment(OFFER, Envelope((), 0.0), reserve) == 0.0
