import pytest
from pydantic import TypeAdapter, ValidationError

from agents.cost import PaperCost, PaperParams
from agents.cost.constant import ConstantCost
from agents.cost.load import LoadCost
from agents.electricity import Electricity
from agents.prior import Belief, FromCost, PriorParams, UniformPrior
from market.errors import BadInput
from market.workflow import Empirical, TruncatedLognormal, TruncatedNormal

DAY = Electricity(day_s=120.0)

STATED = [
    (
        {"kind": "truncated_normal", "mean": 1.0, "deviation": 0.5, "low": 0.2, "high": 3.0},
        TruncatedNormal(mean=1.0, deviation=0.5, low=0.2, high=3.0),
    ),
    (
        {"kind": "truncated_lognormal", "median": 1.0, "sigma": 0.4, "low": 0.0, "high": 3.0},
        TruncatedLognormal(median=1.0, sigma=0.4, low=0.0, high=3.0),
    ),
    (
        {"kind": "empirical", "samples": [2.0, 1.0, 1.5]},
        Empirical((2.0, 1.0, 1.5), low=1.0, high=2.0),
    ),
    (
        {"kind": "empirical", "samples": [2.0, 1.0], "low": 0.5, "high": 3.0},
        Empirical((2.0, 1.0), low=0.5, high=3.0),
    ),
]


def cost() -> PaperCost:
    return PaperCost(PaperParams(), 2.0, DAY, 3, "provider", "p")


def read(document):
    return TypeAdapter(PriorParams).validate_python(document)


def test_a_prior_from_the_cost_is_its_support():
    assert FromCost().belief(cost(), 30.0) == Belief(*cost().support(30.0))


@pytest.mark.parametrize("scaled", [True, False])
def test_a_uniform_one_is_told_by_its_support(scaled):
    prior = UniformPrior(kind="uniform", low=1.0, high=2.0, scaled=scaled)
    level = DAY.factor(30.0) if scaled else 1.0
    assert prior.belief(cost(), 30.0) == Belief(1.0 * level, 2.0 * level)


@pytest.mark.parametrize(("document", "prior"), STATED)
def test_a_stated_one_is_the_markets_own(document, prior):
    params = read(document)
    assert params.prior == prior
    level = DAY.factor(30.0)
    belief = params.belief(cost(), 30.0)
    assert belief == Belief(prior.low * level, prior.high * level, prior, level)
    fixed = read(document | {"scaled": False}).belief(cost(), 30.0)
    assert fixed == Belief(prior.low, prior.high, prior, 1.0)
    assert TypeAdapter(PriorParams).validate_json(params.model_dump_json()) == params


def test_a_price_level_that_leaves_the_bounds_is_refused_beforehand():
    prior = UniformPrior(kind="uniform", low=1.0, high=5e11)
    prior.check_level(2.0)
    with pytest.raises(BadInput, match="high: expected a finite number"):
        prior.check_level(2.5)
    prior.model_copy(update={"scaled": False}).check_level(2.5)


@pytest.mark.parametrize(
    ("document", "complaint"),
    [
        ({"kind": "uniform", "low": 2.0, "high": 2.0}, "high: expected a number above low = 2"),
        ({"kind": "uniform", "low": -1.0, "high": 2.0}, "low: expected a finite number >= 0"),
        ({"kind": "uniform", "low": 1.0}, "high"),
        ({"kind": "from_cost", "low": 1.0}, "low"),
        ({"kind": "normal"}, "normal"),
        (STATED[0][0] | {"deviation": 0.0}, "deviation: expected a finite number >= 1e-12"),
        (STATED[1][0] | {"sigma": 1e4}, "sigma: expected a finite number >= 1e-06 and <= 1000"),
        (STATED[1][0] | {"mean": 1.0}, "mean"),
        ({"kind": "empirical", "samples": []}, "samples: expected 1 to 100000 numbers, got 0"),
        ({"kind": "empirical", "samples": [1.0, -2.0]}, r"samples.1: expected .* got -2.0"),
        ({"kind": "empirical", "samples": [1.0, 2.0], "high": 1.5}, "high: expected a number >= 2"),
        ({"kind": "empirical", "samples": [1.0], "run": "somewhere"}, "run"),
    ],
)
def test_malformed_priors_are_refused(document, complaint):
    with pytest.raises(ValidationError, match=complaint):
        read(document)


def test_what_everybody_knows_is_no_prior():
    with pytest.raises(BadInput, match="expected a cost of which something is private"):
        FromCost().check_reach(ConstantCost(2.0))
    FromCost().check_reach(LoadCost(0.5, ConstantCost(2.0)))
