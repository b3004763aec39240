from typing import Any

import networkx as nx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubs.execution import Execution, execution_parents
from hubs.handoff import Handoff
from market.messages import NODE, Completion, NodeDispatch, WorkflowRequest
from market.prompt import Span, prompt_tokens
from market.workflow import Edge, Node, Workflow
from tests.hubs.builders import completion
from tests.strategies import GRAPHS, auctions, examples

DIAMOND = Workflow(
    (
        Node("plan", 100.0, 50.0, difficulty=1),
        Node("left", 200.0, difficulty=1),
        Node("right", 300.0, difficulty=1),
        Node("join", 400.0, difficulty=1),
    ),
    (
        Edge("plan", "left", 100.0),
        Edge("plan", "right", 60.0),
        Edge("left", "join", 200.0),
        Edge("right", "join", 30.0),
    ),
)
AT_ONE = dict.fromkeys(DIAMOND.index, "p")


def asked(workflow: Workflow, scale: float = 1.0, name: str = "w-1") -> WorkflowRequest:
    return WorkflowRequest(name, "client", 0.0, workflow, scale)


def back(tokens: int = 100, **changes: Any) -> Completion:
    """What comes back of a node that wrote so many tokens."""
    return completion("w-1/node", kind=NODE, output_tokens=tokens, **changes)


def nodes(dispatches: list[NodeDispatch]) -> list[str]:
    return [dispatch.node for dispatch in dispatches]


def test_a_node_is_dispatched_when_all_its_parents_are_done():
    execution = Execution(asked(DIAMOND), AT_ONE)
    assert nodes(execution.dispatch_ready()) == ["plan"]
    assert execution.dispatch_ready() == []
    execution.finish("plan", back())
    assert nodes(execution.dispatch_ready()) == ["left", "right"]
    execution.finish("left", back())
    assert execution.dispatch_ready() == []
    execution.finish("right", back())
    assert nodes(execution.dispatch_ready()) == ["join"]
    assert not execution.done
    execution.finish("join", back())
    assert execution.done
    assert execution.dispatch_ready() == []


def test_after_a_failure_nothing_more_is_dispatched_and_what_runs_is_awaited():
    execution = Execution(asked(DIAMOND), AT_ONE)
    execution.dispatch_ready()
    execution.finish("plan", back())
    execution.dispatch_ready()
    execution.finish("left", back(error="prompt too long"))
    assert execution.dispatch_ready() == []
    assert not execution.done
    execution.finish("right", back())
    assert execution.dispatch_ready() == []
    assert execution.done
    assert execution.failed


def test_a_dispatch_names_its_workflow_its_node_and_its_provider():
    (plan,) = Execution(asked(DIAMOND), AT_ONE | {"plan": "q"}).dispatch_ready()
    assert (plan.request, plan.workflow, plan.node, plan.provider) == (
        "w-1/plan",
        "w-1",
        "plan",
        "q",
    )
    assert prompt_tokens(plan.prompt) == 50
    assert plan.output_tokens == 100


def dispatched(workflow: Workflow, allocation: dict[str, str], scale: float = 1.0):
    """All nodes of a workflow as they are dispatched when none fails."""
    execution = Execution(asked(workflow, scale), allocation)
    sent: dict[str, NodeDispatch] = {}
    while not execution.done:
        ready = execution.dispatch_ready()
        assert ready, "an execution that is not done has something to do"
        for one in ready:
            sent[one.node] = one
            execution.finish(one.node, back(one.output_tokens))
    return sent


def test_a_node_goes_on_from_the_session_of_a_parent_at_the_same_provider():
    sent = dispatched(DIAMOND, AT_ONE | {"right": "q"})
    plan, left, right, join = (sent[name] for name in ("plan", "left", "right", "join"))
    said = (*plan.prompt, Span(plan.answer, 100))
    assert left.prompt[:-1] == said
    # right reads the 60 tokens that pass along the edge, at another provider
    assert right.prompt[:-1] == (Span(plan.answer, 60),)
    # join goes on from left, and reads what right passes on
    assert join.prompt[:-1] == (*left.prompt, Span(left.answer, 200), Span(right.answer, 30))


def test_of_two_sessions_at_its_provider_a_node_goes_on_from_the_first_and_reads_the_other():
    sent = dispatched(DIAMOND, AT_ONE)
    left, right, join = (sent[name] for name in ("left", "right", "join"))
    assert join.prompt[:-1] == (*left.prompt, Span(left.answer, 200), Span(right.answer, 30))


def test_an_edge_tells_what_was_assumed_and_what_the_cache_had_of_it():
    execution = Execution(asked(DIAMOND), AT_ONE | {"right": "q"})
    execution.dispatch_ready()
    assert execution.finish("plan", back()) == ()  # nothing leads to it
    execution.dispatch_ready()
    # left goes on from the 50 + 100 tokens of plan, of which 144 were in full blocks
    (edge,) = execution.finish("left", back(200, cached_tokens=144))
    assert edge == Handoff(
        workflow="w-1",
        source="plan",
        target="left",
        source_provider="p",
        target_provider="p",
        continued=True,
        transfer_tokens=100,
        prompt_tokens=150,
        cached_tokens=144,
    )
    assert (edge.switched, edge.assumed_cached_tokens, edge.recomputed_tokens) == (False, 100, 6)
    # right is at another provider, which had seen nothing of it
    (edge,) = execution.finish("right", back(300, cached_tokens=0))
    assert (edge.switched, edge.continued, edge.assumed_cached_tokens) == (True, False, 0)
    assert (edge.prompt_tokens, edge.cached_tokens, edge.recomputed_tokens) == (60, 0, 60)


@pytest.mark.parametrize(
    ("cached", "of_left", "of_right"),
    [(0, 0, 0), (340, 340, 0), (351, 351, 0), (352, 351, 1), (381, 351, 30), (None, None, None)],
)
def test_of_two_parents_at_one_provider_the_second_is_cached_only_behind_the_first(
    cached, of_left, of_right
):
    execution = Execution(asked(DIAMOND), AT_ONE)
    execution.dispatch_ready()
    execution.finish("plan", back())
    execution.dispatch_ready()
    execution.finish("left", back(200))
    execution.finish("right", back(300))
    execution.dispatch_ready()
    left, right = execution.finish("join", back(400, cached_tokens=cached))
    assert (left.continued, right.continued) == (True, False)
    assert (left.assumed_cached_tokens, right.assumed_cached_tokens) == (200, 30)
    # 50 + 100 of plan, 1 of its own and 200 that left wrote; 30 of right are read again
    assert (left.prompt_tokens, right.prompt_tokens) == (351, 30)
    assert (left.cached_tokens, right.cached_tokens) == (of_left, of_right)


def test_a_node_that_failed_hands_nothing_on():
    execution = Execution(asked(DIAMOND), AT_ONE)
    execution.dispatch_ready()
    execution.finish("plan", back())
    execution.dispatch_ready()
    assert execution.finish("left", back(error="prompt too long")) == ()


def test_an_edge_that_closes_a_loop_stands_in_no_prompt():
    loop = Workflow(
        (Node("draft", 10.0, 5.0, difficulty=1), Node("edit", 20.0, difficulty=1)),
        (Edge("draft", "edit", 10.0), Edge("edit", "draft", 20.0, iterations=3)),
    )
    execution = Execution(asked(loop), {"draft": "p", "edit": "p"})
    execution.dispatch_ready()
    (feedback,) = execution.finish("draft", back(30, cached_tokens=3))
    assert (feedback.source, feedback.target, feedback.continued) == ("edit", "draft", False)
    assert (feedback.transfer_tokens, feedback.prompt_tokens, feedback.cached_tokens) == (20, 0, 0)


def test_lengths_are_shrunk_by_the_scale_and_never_to_nothing():
    sent = dispatched(DIAMOND, AT_ONE | {"right": "q"}, scale=0.01)
    assert [sent[name].output_tokens for name in ("plan", "left", "right", "join")] == [1, 2, 3, 4]
    assert prompt_tokens(sent["plan"].prompt) == 1
    assert sent["right"].prompt[0].tokens == 1


def test_sessions_and_transfers_are_as_long_as_a_node_turned_out_to_be():
    execution = Execution(asked(DIAMOND, 0.1), AT_ONE | {"right": "q"})
    (plan,) = execution.dispatch_ready()
    assert plan.output_tokens == 10
    execution.finish("plan", back(15, length_tokens=150.0))
    left, right = execution.dispatch_ready()
    assert left.prompt[:-1] == (*plan.prompt, Span(plan.answer, 15))
    assert right.prompt[:-1] == (Span(plan.answer, 9),)  # of the 60 that were expected, half more
    # what is ahead is expected to be as long as it was
    assert (left.output_tokens, right.output_tokens) == (20, 30)
    execution.finish("left", back(20))
    execution.finish("right", back(15, length_tokens=150.0))
    (join,) = execution.dispatch_ready()
    assert join.prompt[-2] == Span(right.answer, 2)  # 30, halved and shrunk
    execution.finish("join", back(40, length_tokens=400.0))
    lengths = {"plan": 150.0, "left": 200.0, "right": 150.0, "join": 400.0}
    assert execution.length_tokens == lengths


def test_a_loop_runs_once_with_the_tokens_of_all_its_iterations():
    loop = Workflow(
        (Node("draft", 10.0, 5.0, difficulty=1), Node("edit", 20.0, difficulty=1)),
        (Edge("draft", "edit", 10.0), Edge("edit", "draft", 20.0, iterations=3)),
    )
    sent = dispatched(loop, {"draft": "p", "edit": "p"})
    assert [(one.node, one.output_tokens) for one in sent.values()] == [("draft", 30), ("edit", 60)]


def test_in_a_cycle_the_node_that_is_listed_first_runs_first():
    cycle = Workflow(
        tuple(Node(name, 10.0, difficulty=1) for name in "abc"),
        (Edge("b", "a", 1.0), Edge("a", "c", 1.0), Edge("c", "b", 1.0)),
    )
    assert execution_parents(cycle) == {"a": (), "b": (), "c": ("a",)}
    assert list(dispatched(cycle, dict.fromkeys("abc", "p"))) == ["a", "b", "c"]


def test_what_is_equal_in_two_workflows_is_not_the_same_content():
    one, other = (Execution(asked(DIAMOND, name=name), AT_ONE) for name in ("w-1", "w-2"))
    (first,), (second,) = one.dispatch_ready(), other.dispatch_ready()
    assert first.answer != second.answer
    assert first.prompt != second.prompt


@pytest.mark.parametrize("graph", GRAPHS)
@given(data=st.data())
@examples(60)
def test_every_node_of_any_graph_runs_once_and_after_its_parents(graph, data):
    auction = data.draw(auctions(graph, most_nodes=6))
    workflow = auction.workflow
    providers = [offer.provider for offer in auction.offers]
    allocation = {
        node.id: data.draw(st.sampled_from(providers), node.id) for node in workflow.nodes
    }
    ordinary = nx.DiGraph()
    ordinary.add_nodes_from(workflow.index)
    ordinary.add_edges_from((e.source, e.target) for e in workflow.edges if e.iterations is None)
    waits_for = {
        target: {
            source
            for source in ordinary.predecessors(target)
            # an edge that closes a cycle holds nobody up
            if not nx.has_path(ordinary, target, source)
            or workflow.index[source] < workflow.index[target]
        }
        for target in ordinary
    }
    execution = Execution(asked(workflow), allocation)
    done: list[str] = []
    running: list[str] = []
    while not execution.done:
        for one in execution.dispatch_ready():
            assert waits_for[one.node] <= set(done)
            assert one.provider == allocation[one.node]
            running.append(one.node)
        assert running
        finished = running.pop(data.draw(st.integers(0, len(running) - 1)))
        execution.finish(finished, back())
        done.append(finished)
    assert sorted(done) == sorted(workflow.index)
    assert not execution.failed


def test_a_second_auction_asks_for_the_same_input_and_has_outputs_of_its_own():
    first, second = (
        dispatched_first(Execution(asked(DIAMOND, name=name), AT_ONE)) for name in ("w-1", "w-1~2")
    )
    assert second.request == "w-1~2/plan"
    assert second.prompt == first.prompt
    assert second.answer != first.answer


def dispatched_first(execution: Execution) -> NodeDispatch:
    return execution.dispatch_ready()[0]
