import math

import pytest

from market.errors import BadInput
from market.workflow import Offer, Uniform
from market.workflow.offer import admitted

PRIOR = Uniform(1.0, 2.0)


def offer(**changes):
    return Offer(
        **{"provider": "p", "tier": 1, "input_ratio": 0.5, "bid": 1.5, "prior": PRIOR, **changes}
    )


def test_an_offer_knows_its_virtual_costs():
    assert offer().virtual_cost == 2.0
    assert offer().top_virtual_cost == 3.0


def test_a_bid_above_its_prior_is_declined_under_the_reserve():
    offers = [offer(), offer(provider="q", bid=2.5), offer(provider="r", bid=2.0)]
    assert [o.provider for o in admitted(offers, "support_top")] == ["p", "r"]


def test_a_bid_above_its_prior_is_bad_input_without_a_reserve():
    with pytest.raises(BadInput) as error:
        admitted([offer(), offer(provider="q", bid=2.5)], "none")
    assert str(error.value) == (
        "provider 'q'.bid: expected a bid <= 2, the top of its prior, under reserve 'none', got 2.5"
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"bid": -1.0}, "provider 'p'.bid: expected a finite number >= 0 and <= 1e+12, got -1.0"),
        (
            {"bid": math.nan},
            "provider 'p'.bid: expected a finite number >= 0 and <= 1e+12, got nan",
        ),
        (
            {"input_ratio": math.inf},
            "provider 'p'.input_ratio: expected a finite number >= 0 and <= 1e+06, got inf",
        ),
        ({"tier": 1.5}, "provider 'p'.tier: expected a whole number, got 1.5"),
        ({"provider": ""}, "provider ''.provider: expected a text, got ''"),
    ],
)
def test_a_bad_offer_is_refused_in_one_line(change, message):
    with pytest.raises(BadInput) as error:
        offer(**change)
    assert str(error.value) == message
