import numpy as np
import pytest

from market.errors import NotProvenOptimal
from market.workflow import Edge, Node, Offer, Uniform, Workflow, highs
from market.workflow.allocation import allocation_problem


def two_nodes():
    workflow = Workflow(
        (Node("a", 10.0, difficulty=1), Node("b", 10.0, difficulty=2)), (Edge("a", "b", 8.0),)
    )
    offers = [Offer(f"p{i}", i + 1, 0.5, 1.0, Uniform(0.5, 2.0)) for i in range(2)]
    return allocation_problem(workflow, offers, charge_entry_input=True)


def test_context_from_a_node_that_a_provider_cannot_run_is_charged():
    # p1 runs b; a at p0 costs 10 p0 and makes p1 read 8 tokens at half its price.
    prices = np.array([[1.0, 1.2], [1.0, 3.0], [0.0, 0.0]])
    allocation = highs.Highs(two_nodes()).allocate(prices)
    assert allocation[:2].tolist() == [[1, 1], [0, 1]]
    assert allocation[2, 1] == 1


def test_an_answer_without_a_proof_is_an_error(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(highs._OPTIONS, "time_limit", 0.0)
    monkeypatch.setitem(highs._OPTIONS, "presolve", "off")
    with pytest.raises(NotProvenOptimal, match="HiGHS stopped with status 'Time limit reached'"):
        highs.Highs(two_nodes()).allocate(np.array([[1.0, 1.2]]))


def test_a_very_large_price_does_not_drown_the_others():
    offers = [Offer(f"p{i}", 1, 0.5, 1.0, Uniform(0.5, 2.0)) for i in range(3)]
    workflow = Workflow((Node("a", 10.0, difficulty=1), Node("b", 10.0, difficulty=1)))
    problem = allocation_problem(workflow, offers, charge_entry_input=True)
    prices = np.array([[1e13, 1.0 + 1e-9, 1.0], [1e13, 1.0, 1.0 + 1e-9]])
    assert highs.Highs(problem).allocate(prices).tolist() == [[2, 2], [1, 1]]
