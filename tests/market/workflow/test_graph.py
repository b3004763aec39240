import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.errors import BadInput
from market.workflow import Edge, Node, Workflow
from tests.oracles import executions
from tests.strategies import Auction, auctions, examples


def nodes(names: str) -> tuple[Node, ...]:
    return tuple(Node(name, 10.0, difficulty=1) for name in names)


def edges(*pairs: str) -> tuple[Edge, ...]:
    """``ab`` is an ordinary edge, ``ba3`` a feedback edge with three iterations."""
    return tuple(Edge(pair[0], pair[1], 1.0, int(pair[2:]) if pair[2:] else None) for pair in pairs)


def test_every_node_of_a_graph_without_loops_runs_once():
    workflow = Workflow(nodes("abc"), edges("ab", "ac", "bc"))
    assert workflow.node_executions == (1, 1, 1)
    assert workflow.edge_executions == (1, 1, 1)
    assert workflow.entry_nodes == ("a",)
    assert workflow.parents == {"a": (), "b": ("a",), "c": ("a", "b")}


def test_a_loop_multiplies_its_nodes_and_edges_and_its_feedback_edge_once_less():
    workflow = Workflow(nodes("abcd"), edges("ab", "bc", "cd", "ca3"))
    assert workflow.node_executions == (3, 3, 3, 1)
    assert workflow.edge_executions == (3, 3, 1, 2)


def test_nested_loops_multiply():
    workflow = Workflow(nodes("abc"), edges("ab", "bc", "ca3", "ba2"))
    assert workflow.node_executions == (6, 6, 3)
    assert workflow.edge_executions == (6, 3, 2, 3)


def test_a_loop_holds_all_branches_between_its_ends_and_nothing_else():
    workflow = Workflow(nodes("abcdx"), edges("ab", "ac", "bd", "cd", "ax", "da2"))
    assert workflow.node_executions == (2, 2, 2, 2, 1)
    assert workflow.edge_executions == (2, 2, 2, 2, 1, 1)


def test_a_feedback_edge_of_one_iteration_is_never_passed():
    assert Workflow(nodes("ab"), edges("ab", "ba1")).edge_executions == (1, 0)


def test_a_feedback_edge_leaves_its_target_an_entry_node_and_an_ordinary_edge_does_not():
    assert Workflow(nodes("ab"), edges("ab", "ba2")).entry_nodes == ("a",)
    assert Workflow(nodes("ab"), edges("ab", "ba")).entry_nodes == ()


@given(auction=st.one_of(auctions(graph="loop"), auctions(graph="cycle_and_loop")))
@examples(300)
def test_execution_counts_are_those_of_the_oracle(auction: Auction):
    workflow = auction.workflow
    by_node, by_edge = executions(workflow)
    assert workflow.node_executions == tuple(by_node[node.id] for node in workflow.nodes)
    ends = [(edge.source, edge.target) for edge in workflow.edges]
    assert workflow.edge_executions == tuple(map(by_edge.__getitem__, ends))


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: Workflow(()), "nodes: expected at least one node"),
        (lambda: Workflow(nodes("aba")), "nodes.2.id: duplicate id 'a', first used at nodes.0"),
        (
            lambda: Workflow(nodes("ab"), edges("ab", "ax")),
            "edges.1.target: expected the id of a node, got 'x'",
        ),
        (
            lambda: Workflow(nodes("ab"), edges("xb")),
            "edges.0.source: expected the id of a node, got 'x'",
        ),
        (
            lambda: Workflow(nodes("ab"), edges("ab", "ab")),
            "edges.1.target: 'a' -> 'b' stands already at edges.0; add their tokens into one edge",
        ),
        (
            lambda: Workflow(nodes("abc"), edges("ab", "ca2")),
            "edges.1.iterations: expected a loop to close, but ordinary edges do not lead from"
            " 'a' to 'c'",
        ),
        (
            lambda: Workflow(nodes("ab"), edges("ab", "ba" + "9" * 15)),
            "nodes.0.output_tokens: expected at most 9007199254740992 tokens over all executions,"
            " got 10 tokens 999999999999999 times",
        ),
        (
            lambda: Edge("a", "a", 1.0),
            "edge 'a' -> 'a'.target: expected another node than the source, got 'a'",
        ),
        (
            lambda: Edge("a", "b", -1.0),
            "edge 'a' -> 'b'.transfer_tokens: expected a finite number >= 0 and <= 9.0072e+15,"
            " got -1.0",
        ),
        (
            lambda: Edge("a", "b", 1.0, iterations=0),
            "edge 'a' -> 'b'.iterations: expected a finite number >= 1 and <= 9.0072e+15, got 0",
        ),
        (
            lambda: Node("a", float("nan"), difficulty=1),
            "node 'a'.output_tokens: expected a finite number >= 0 and <= 9.0072e+15, got nan",
        ),
        (
            lambda: Node("a", 1.0),
            "node 'a'.difficulty: expected exactly one of difficulty and capable, got neither",
        ),
        (
            lambda: Node("a", 1.0, difficulty=1, capable=frozenset({"p"})),
            "node 'a'.difficulty: expected exactly one of difficulty and capable, got both",
        ),
        (
            lambda: Node("a", 1.0, difficulty=0),
            "node 'a'.difficulty: expected a finite number >= 1 and <= 9.0072e+15, got 0",
        ),
    ],
)
def test_a_bad_graph_is_refused_in_one_line(build, message):
    with pytest.raises(BadInput) as error:
        build()
    assert str(error.value) == message
