import pytest

from market import BadInput, Infeasible, solve

WORKFLOW = {
    "kind": "workflow",
    "nodes": [{"id": "a", "output_tokens": 1e6, "difficulty": 1}],
    "edges": [],
    "providers": [
        {
            "id": "p",
            "tier": 1,
            "input_ratio": 0.5,
            "bid": 1.0,
            "prior": {"kind": "uniform", "low": 1.0, "high": 3.0},
        }
    ],
}
MATCHING = {"kind": "matching", "values": [[3.0]], "costs": [[1.0]], "capacities": [1]}


def test_each_kind_of_problem_is_solved_by_its_own_mechanism():
    assert solve(WORKFLOW)["payments"] == {"p": 3.0}
    assert solve(MATCHING)["payments"] == [1.0]


def test_an_unknown_kind_names_the_kinds_there_are():
    with pytest.raises(BadInput, match=r"^kind: expected one of workflow, matching; got 'raffle'$"):
        solve(MATCHING | {"kind": "raffle"})
    with pytest.raises(BadInput, match=r"^kind: missing$"):
        solve({})


def test_what_cannot_be_bought_is_infeasible():
    nodes = [{"id": "a", "output_tokens": 1e6, "difficulty": 2}]
    with pytest.raises(Infeasible, match="node 'a'"):
        solve(WORKFLOW | {"nodes": nodes})
