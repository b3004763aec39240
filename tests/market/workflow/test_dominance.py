import numpy as np
import pytest
from hypothesis import given

from market.workflow import Empirical, Node, Offer, Uniform, Workflow, star
from market.workflow.allocation import allocation_problem
from market.workflow.dominance import Front
from market.workflow.elimination import Elimination, EliminationPlan
from market.workflow.quantities import quantities, total_usd
from tests.strategies import Auction, auctions, examples


def front(capable, price, input_price):
    return Front(np.array(capable, dtype=bool), np.array(price), np.array(input_price))


def test_the_cheaper_in_output_and_input_dominates():
    assert front([[1], [1], [1]], [2.0, 1.0, 3.0], [1.0, 0.5, 0.4]).members.tolist() == [1, 2]


def test_a_provider_is_needed_for_what_the_cheaper_cannot_do():
    assert front([[1, 0], [1, 1]], [1.0, 2.0], [1.0, 2.0]).members.tolist() == [0, 1]


def test_of_equals_the_first_stays():
    assert front([[1], [1], [1]], [1.0, 1.0, 1.0], [1.0, 1.0, 1.0]).members.tolist() == [0]


def test_a_tie_in_the_input_price_falls_by_the_order_where_a_node_has_no_output():
    prices, input_prices = [2.0, 1.0], [1.0, 1.0]
    assert front([[1], [1]], prices, input_prices).members.tolist() == [1]
    tied = Front(np.ones((2, 1), bool), np.array(prices), np.ones(2), all_have_output=False)
    assert tied.members.tolist() == [0, 1]


def test_at_a_tie_of_input_alone_no_lie_pays():
    workflow = Workflow((Node("a", 0.0, input_tokens=1e6, difficulty=1),))
    rival = Offer("q", 1, 1.0, 2.125, Uniform(0.0, 10.0))

    def gain(bid: float) -> float:
        prior = Empirical.of([1.0, 5.0, 6.0, 10.0])
        outcome = star(workflow, [Offer("p", 1, 0.5, bid, prior), rival])
        paid, tokens = outcome.payments_usd.get("p", 0.0), outcome.quantities.get("p", 0.0)
        return paid - 3.0 * tokens / 1e6

    assert max(gain(bid) for bid in (0.5, 1.0, 2.0, 4.0, 5.0, 5.5, 8.0)) <= gain(3.0)


def test_without_a_provider_those_return_whom_it_alone_dominated():
    chain = front([[1]] * 4, [1.0, 2.0, 3.0, 4.0], [1.0, 2.0, 3.0, 0.5])
    assert chain.members.tolist() == [0, 3]
    assert chain.without(0).tolist() == [1, 3]
    assert chain.without(3).tolist() == [0]
    assert chain.without(2).tolist() == [0, 3]


@pytest.mark.parametrize("all_have_output", [True, False])
@pytest.mark.parametrize("charged", [False, True])
def test_the_front_is_that_of_comparing_all_pairs(charged: bool, all_have_output: bool):
    rng = np.random.default_rng(5)
    for _ in range(100):
        size, nodes = rng.integers(1, 40), rng.integers(1, 4)
        capable = rng.random((size, nodes)) < 0.6
        price = rng.integers(1, 8, size).astype(float)
        input_price = price * rng.choice([0.5, 0.25, 1.0], size)
        hit_price = input_price * rng.choice([0.25, 0.5, 1.0], size)
        input_prices = [input_price, hit_price] if charged else [input_price]
        everyone = set(range(size))

        def no_dearer(i, j, input_prices=input_prices):
            ties_fall = all_have_output or i < j
            return all(
                prices[i] <= prices[j] and (ties_fall or prices[i] < prices[j])
                for prices in input_prices
            )

        def undominated(others, capable=capable, price=price, no_dearer=no_dearer):
            return [
                j
                for j in sorted(others)
                if not any(
                    (capable[i] >= capable[j]).all()
                    and (price[i], i) < (price[j], j)
                    and no_dearer(i, j)
                    for i in others
                )
            ]

        found = Front(capable, price, *input_prices, all_have_output=all_have_output)
        assert found.members.tolist() == undominated(everyone)
        for i in range(size):
            assert found.without(i).tolist() == undominated(everyone - {i})


@given(auction=auctions())
@examples(400)
def test_pruning_changes_no_optimum_and_with_output_everywhere_no_allocation(auction: Auction):
    problem = allocation_problem(
        auction.workflow, auction.offers, charge_entry_input=auction.charge_entry_input
    )
    prices = np.array([offer.virtual_cost for offer in auction.offers])
    kept = Front(problem.capable, prices, prices * problem.input_ratio).members
    plan = EliminationPlan(problem.tokens)
    full = Elimination(problem, plan).allocate(prices[None])
    pruned = Elimination(problem.among(kept), plan).allocate(prices[None])
    costs = [
        total_usd(prices, quantities(problem.tokens, problem.input_ratio, allocation)[0])
        for allocation in (full, pruned)
    ]
    np.testing.assert_allclose(costs[0], costs[1], rtol=1e-12)
    if all(node.output_tokens > 0 for node in auction.workflow.nodes):
        assert full.tolist() == pruned.tolist()
