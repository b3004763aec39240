import pytest

from market.errors import BadInput
from market.price_level import at_price_level
from market.workflow import PRIORS, Empirical, TruncatedLognormal, TruncatedNormal, Uniform

PRIOR_OF_EACH_KIND = [
    Uniform(1.0, 3.0),
    TruncatedNormal(mean=1.0, deviation=0.5, low=0.2, high=3.0),
    TruncatedLognormal(median=1.0, sigma=0.4, low=0.0, high=3.0),
    Empirical((2.0, 1.0, 1.5), low=0.5, high=3.0),
]


def test_there_is_one_of_each_kind():
    assert [type(prior) for prior in PRIOR_OF_EACH_KIND] == list(PRIORS.values())


@pytest.mark.parametrize("prior", PRIOR_OF_EACH_KIND)
def test_at_another_price_level_everything_costs_as_much_more(prior):
    dearer = at_price_level(prior, 2.5)
    assert (dearer.low, dearer.high) == (2.5 * prior.low, 2.5 * prior.high)
    for part in range(11):
        bid = prior.low + part / 10 * (prior.high - prior.low)
        assert dearer.virtual_cost(2.5 * bid) == pytest.approx(2.5 * prior.virtual_cost(bid))


@pytest.mark.parametrize("prior", PRIOR_OF_EACH_KIND)
def test_at_the_same_price_level_it_is_the_same_prior(prior):
    assert at_price_level(prior, 1.0) is prior


@pytest.mark.parametrize("prior", PRIOR_OF_EACH_KIND)
def test_prices_out_of_bounds_are_refused(prior):
    with pytest.raises(BadInput, match="expected a finite number"):
        at_price_level(prior, 1e12)


def test_a_prior_of_an_unknown_kind_is_no_guess():
    class Flat:
        low, high = 1.0, 2.0

    with pytest.raises(TypeError, match="no rule scales a Flat"):
        at_price_level(Flat(), 2.0)
