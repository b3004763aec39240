from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubs.params import PriorLearningParams
from hubs.prior_learning import PriorLearning, order_statistics, pools
from market.messages import Bid
from market.workflow import Empirical, TruncatedNormal, Uniform
from tests.hubs.builders import provider
from tests.strategies import examples

#: Six providers whose supports differ in place and width.
LOWS = {f"p{number}": 0.1 * (number + 1) for number in range(6)}
MEMBERS = [provider(name, tier=number % 2 + 1) for number, name in enumerate(LOWS)]

UNIT = st.floats(0.0, 1.0)
ROUNDS = st.lists(st.lists(UNIT, min_size=6, max_size=6), min_size=1, max_size=6)


def learning(source: str = "others", members=MEMBERS, **params) -> PriorLearning:
    usual = {"min_samples": 4, "window": 20} | params
    return PriorLearning(members, PriorLearningParams(source=source, **usual))


def bids_of(values, level: float = 1.0, lows=LOWS) -> list[Bid]:
    """One bid of each at these parts of its support, which is ten times as high as it is low."""
    return [
        Bid(name, 1.0, level * (low + value * 9 * low), level * low, level * 10 * low)
        for (name, low), value in zip(lows.items(), values, strict=True)
    ]


def priors(rounds, source="others", members=MEMBERS, **params):
    """Everyone's prior in the round after ``rounds``."""
    learned = learning(source, members, **params)
    for values in rounds:
        learned.observe(bids_of(values))
    now = learned.round_priors(bids_of([0.5] * len(members)))
    return [now[member] for member in range(len(members))]


@given(rounds=ROUNDS, lies=st.lists(UNIT, min_size=6, max_size=6), liar=st.integers(0, 5))
@examples(100)
def test_nobodys_own_bids_change_its_own_prior(rounds, lies, liar):
    lied = [list(values) for values in rounds]
    for values, lie in zip(lied, lies, strict=False):
        values[liar] = lie
    for source in ("others", "disjoint_pool"):
        assert priors(rounds, source)[liar] == priors(lied, source)[liar]


@given(rounds=ROUNDS, lies=st.lists(UNIT, min_size=6, max_size=6), liar=st.integers(0, 5))
@examples(100)
def test_in_disjoint_pools_nobodys_bids_change_the_prior_of_a_rival(rounds, lies, liar):
    lied = [list(values) for values in rounds]
    for values, lie in zip(lied, lies, strict=False):
        values[liar] = lie
    pool_of = pools(MEMBERS, PriorLearningParams(source="disjoint_pool"))
    pairs = zip(priors(rounds, "disjoint_pool"), priors(lied, "disjoint_pool"), strict=True)
    for pool, (honest, after_lies) in zip(pool_of, pairs, strict=True):
        if pool == pool_of[liar]:
            assert honest == after_lies


@pytest.mark.parametrize("source", ["others", "disjoint_pool"])
def test_bids_change_the_priors_of_some(source):
    """Else the tests above would hold of nothing."""
    rounds = [[0.1, 0.3, 0.5, 0.7, 0.9, 0.2], [0.4] * 6]
    lied = [[0.8, *rounds[0][1:]], rounds[1]]
    pairs = zip(priors(rounds, source), priors(lied, source), strict=True)
    changed = [before != after for before, after in pairs]
    pool_of = pools(MEMBERS, PriorLearningParams(source=source))
    of_rivals = [number != 0 and pool_of[number] == pool_of[0] for number in range(6)]
    others = [pool != pool_of[0] for pool in pool_of]
    assert changed == (of_rivals if source == "others" else others)


def test_a_learned_prior_is_that_of_the_normalised_bids_of_others_on_its_own_support():
    (first, *_) = priors([[0.9, 0.0, 0.25, 0.5, 0.75, 1.0]])
    low, high = 0.1, 1.0
    expected = [low + value * (high - low) for value in (0.0, 0.25, 0.5, 0.75, 1.0)]
    assert isinstance(first, Empirical)
    assert first.samples == pytest.approx(expected)
    assert (first.low, first.high) == (low, high)


def test_base_prices_and_electricity_drop_out():
    learned = learning()
    learned.observe(bids_of([0.1, 0.2, 0.3, 0.4, 0.5, 0.6], level=2.5))
    assert learned.samples(0) == pytest.approx([0.2, 0.3, 0.4, 0.5, 0.6])


def test_a_bid_outside_its_support_counts_as_its_nearest_end():
    learned = learning()
    learned.observe(bids_of([0.5, -0.1, 2.0, 0.4, 0.4, 0.4]))
    assert learned.samples(0) == pytest.approx([0.0, 0.4, 0.4, 0.4, 1.0])


@pytest.mark.parametrize(
    ("source", "of_others_a_round"), [("others", 5), ("disjoint_pool", 3)]
)  # fmt: skip
@pytest.mark.parametrize("rounds", [1, 2, 3])
def test_priors_are_public_until_just_so_many_bids_of_others_are_known(
    source, of_others_a_round, rounds
):
    values = [[0.1, 0.2, 0.3, 0.4, 0.5, 0.6]] * rounds
    known = rounds * of_others_a_round
    for enough, kind in ((known, Empirical), (known + 1, Uniform)):
        kinds = {type(one) for one in priors(values, source, min_samples=enough, window=100)}
        assert kinds == {kind}


def test_fixed_priors_never_learn():
    assert {type(one) for one in priors([[0.5] * 6] * 9, "fixed", min_samples=1)} == {Uniform}


def test_only_the_last_bids_of_a_pool_are_remembered():
    learned = learning(window=20)
    for value in np.linspace(0.0, 1.0, 50).tolist():
        learned.observe(bids_of([value] * 6))
    # of the last 20 bids, the first two are of p4 and p5, four rounds ago
    assert len(learned.samples(0)) == 17
    assert len(learned.samples(5)) == 16
    assert learned.samples(0).min() == pytest.approx(46 / 49)
    halves = learning("disjoint_pool", window=20)
    for value in np.linspace(0.0, 1.0, 50).tolist():
        halves.observe(bids_of([value] * 6))
    assert {len(halves.samples(member)) for member in range(6)} == {20}


def test_of_uniform_costs_the_learned_virtual_cost_comes_close_to_twice_the_cost_less_the_lowest():
    rng = np.random.default_rng(3)

    def worst(rounds: int) -> float:
        """The error of phi-bar over the width of the support, away from its ends."""
        prior = priors(rng.random((rounds, 6)).tolist(), window=100_000, quantiles=10_000)[2]
        width = prior.high - prior.low
        bids = np.linspace(prior.low + 0.1 * width, prior.high - 0.1 * width, 101).tolist()
        return max(abs(prior.virtual_cost(bid) - (2 * bid - prior.low)) for bid in bids) / width

    few, many = worst(10), worst(4000)
    assert many < 0.12 < few


def test_a_support_that_is_a_point_teaches_nothing_and_stays_as_it_is():
    learned = learning(min_samples=1)
    point = Empirical((2.0,), low=2.0, high=2.0)
    alone = Bid("p0", 1.0, 2.0, 2.0, 2.0, point)
    learned.observe([alone, *bids_of([0.5] * 6)[1:]])
    assert len(learned.samples(1)) == 4
    assert learned.round_priors([alone, *bids_of([0.5] * 6)[1:]])[0] == point


def test_a_prior_is_made_once_a_round_and_a_public_one_once_for_all_who_share_it():
    belief = TruncatedNormal(mean=1.0, deviation=1.0, low=0.5, high=2.0)
    shared = [replace(bid, prior=belief, price_level=2.0) for bid in bids_of([0.5] * 6)]
    now = learning().round_priors(shared)
    assert len({id(now[member]) for member in range(6)}) == 1
    assert now[0] == TruncatedNormal(mean=2.0, deviation=2.0, low=1.0, high=4.0)
    learned = learning()
    learned.observe(bids_of([0.5] * 6))
    now = learned.round_priors(shared)
    assert now[1] is now[1]
    assert isinstance(now[1], Empirical)


def test_pools_are_halves_of_every_tier_that_bids_cannot_influence():
    members = [provider(f"p{number:02}", tier=number % 3 + 1) for number in range(60)]
    params = PriorLearningParams(source="disjoint_pool")
    pool_of = pools(members, params)
    for tier in (1, 2, 3):
        assert (
            sum(pool for pool, one in zip(pool_of, members, strict=True) if one.tier == tier) == 10
        )
    assert pools(members, params.model_copy(update={"pool_seed": 1})) != pool_of
    backwards = pools(members[::-1], params)
    assert backwards[::-1] == pool_of
    for source in ("fixed", "others"):
        assert set(pools(members, PriorLearningParams(source=source))) == {0}


def test_workflows_are_auctioned_in_either_pool_by_their_id():
    learned = learning("disjoint_pool")
    drawn = [learned.pool(f"d0-{number:05d}") for number in range(400)]
    assert drawn == [learned.pool(f"d0-{number:05d}") for number in range(400)]
    assert 150 < sum(drawn) < 250
    assert {learning().pool(f"d0-{number:05d}") for number in range(9)} == {0}


@given(values=st.lists(UNIT, min_size=1, max_size=60), most=st.integers(1, 60))
@examples(100)
def test_order_statistics_are_some_of_the_values_in_order(values, most):
    ascending = np.sort(values)
    kept = order_statistics(ascending, most)
    assert len(kept) == min(most, len(values))
    assert (np.diff(kept) >= 0).all()
    assert set(kept.tolist()) <= set(values)
    if most >= len(values):
        assert kept.tolist() == ascending.tolist()


def test_order_statistics_are_evenly_spaced():
    assert order_statistics(np.arange(1.0, 100.0), 9).tolist() == [10.0 * k for k in range(1, 10)]
    assert order_statistics(np.arange(1.0, 4.0), 1).tolist() == [2.0]
