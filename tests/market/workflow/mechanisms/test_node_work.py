import numpy as np
import pytest
from hypothesis import given

from market.workflow.allocation import allocation_problem
from market.workflow.mechanisms.node_work import cold_work, work_left
from market.workflow.quantities import quantities
from tests.market.workflow.mechanisms.builders import CHAIN, LOOP, X, Y, Z
from tests.strategies import Auction, auctions, examples


def test_cold_work_reads_everything_that_comes_in():
    problem = allocation_problem(CHAIN, [X, Y], charge_entry_input=True)
    assert cold_work(problem).tolist() == [[1e6, 1.5e6]] * 2
    loop = allocation_problem(LOOP, [Y, Z], charge_entry_input=True)
    assert cold_work(loop).tolist() == [[6.5e6, 7.5e6]] * 2


def test_work_left_reads_only_what_comes_from_others():
    loop = allocation_problem(LOOP, [Y, Z], charge_entry_input=True)
    assert work_left(loop, np.array([0, 0])).tolist() == [4.5e6, 6e6]
    assert work_left(loop, np.array([0, 1])).tolist() == [6.5e6, 7.5e6]


@given(auction=auctions())
@examples(100)
def test_the_work_left_adds_up_to_the_quantities(auction: Auction):
    charge = auction.charge_entry_input
    problem = allocation_problem(auction.workflow, auction.offers, charge_entry_input=charge)
    allocation = np.array([domain[-1] for domain in problem.domains])
    (expected,) = quantities(problem.tokens, problem.input_ratio, allocation[None])
    added = np.zeros(len(auction.offers))
    np.add.at(added, allocation, work_left(problem, allocation))
    assert added == pytest.approx(expected, rel=1e-12)
