import pytest

from market.errors import Infeasible
from market.workflow import Edge, Node, Offer, StarOptions, Uniform, Workflow, star
from market.workflow.allocation import allocation_problem


def offer(provider: str, tier: int, bid: float = 1.0) -> Offer:
    return Offer(provider, tier, 0.5, bid, Uniform(0.5, 2.0))


def test_tiers_and_lists_say_who_is_capable():
    workflow = Workflow(
        (Node("a", 1.0, difficulty=2), Node("b", 1.0, capable=frozenset({"p", "absent"})))
    )
    problem = allocation_problem(
        workflow, [offer("p", 1), offer("q", 2), offer("r", 3)], charge_entry_input=True
    )
    assert [domain.tolist() for domain in problem.domains] == [[1, 2], [0]]
    assert [list(d) for d in problem.among(problem.domains[0][1:]).domains] == [[2], []]


@pytest.mark.parametrize("solver", ["elimination", "highs", "auto"])
@pytest.mark.parametrize(
    ("node", "offers", "message"),
    [
        (
            Node("b", 1.0, difficulty=9),
            [offer("p", 1), offer("q", 3)],
            "node 'b' needs a provider of tier >= 9, but the highest tier that takes part is 3",
        ),
        (
            Node("b", 1.0, capable=frozenset({"y", "x"})),
            [offer("p", 1)],
            "node 'b' needs one of the providers ['x', 'y'], but none of them takes part",
        ),
        (
            Node("b", 1.0, difficulty=3),
            [offer("p", 1), offer("q", 3, bid=2.5)],
            "node 'b' needs a provider of tier >= 3, but the highest tier that takes part is 1",
        ),
    ],
)
def test_an_impossible_node_is_named_with_what_it_needs(solver, node, offers, message):
    workflow = Workflow((Node("a", 1.0, difficulty=1), node), (Edge("a", "b", 1.0),))
    with pytest.raises(Infeasible) as error:
        star(workflow, offers, StarOptions(solver=solver))
    assert str(error.value) == message


def test_nobody_can_run_anything_where_nobody_takes_part():
    with pytest.raises(Infeasible, match="tier >= 1, but no provider takes part"):
        star(Workflow((Node("a", 1.0, difficulty=1),)), [])
