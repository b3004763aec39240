import json
from pathlib import Path

import numpy as np
import pytest

from market.errors import BadInput
from market.workflow import Offer, Uniform, Workflow, star
from orchestrator.demand.graph_lists import read_graphs
from tests import documents
from tests.documents import MISSING

WORKFLOWS = Path(__file__).parents[3] / "../shared/data/workflows"
PLAN = {
    "id": "tea_1",
    "source": "tea",
    "nodes": [["1", "boil water"], ["2", "warm the pot"], ["3", "brew"], ["1", "boil water"]],
    "edges": [["START", "1"], ["START", "2"], ["1", "3"], ["2", "3"], ["1", "3"], ["3", "END"]],
}
FLOWISE = {
    "source": "flowise",
    "path": "flows/review.json",
    "nodes": [
        {"id": "llm_0", "name": "llm", "label": "Writer"},
        {"id": "llm_1", "name": "llm", "label": "Critic"},
        {"id": "start", "name": "start", "label": "Start"},
    ],
    "edges": [["start", "llm_0"], ["llm_0", "llm_1"], ["llm_1", "llm_0"], ["llm_1", "llm_1"]],
}
N8N = {
    "source": "n8n",
    "path": "mail/answer.json",
    "nodes": [{"name": "Mail", "type": "trigger"}, {"name": "START", "type": "agent"}],
    "edges": [["Mail", "START", "main"], ["Mail", "START", "ai_tool"]],
}
GRAPHS = [PLAN, FLOWISE, N8N]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "graphs.json"


@pytest.fixture
def read(path):
    """The workflows of a document."""

    def read_document(document: object) -> list[Workflow]:
        path.write_text(json.dumps(document))
        return read_graphs(path)

    return read_document


def ends(workflow: Workflow) -> list[tuple[str, str]]:
    return [(edge.source, edge.target) for edge in workflow.edges]


def test_a_plan_loses_its_markers_and_repetitions(read):
    [plan] = read([PLAN])
    assert list(plan.index) == ["1", "2", "3"]
    assert ends(plan) == [("1", "3"), ("2", "3")]


def test_an_agent_graph_keeps_its_cycles_but_no_edge_to_itself(read):
    [graph] = read([FLOWISE])
    assert list(graph.index) == ["llm_0", "llm_1", "start"]
    assert ends(graph) == [("start", "llm_0"), ("llm_0", "llm_1"), ("llm_1", "llm_0")]
    assert all(edge.iterations is None for edge in graph.edges)


def test_connections_of_two_kinds_are_one_edge_and_a_node_may_be_called_start(read):
    [graph] = read([N8N])
    assert list(graph.index) == ["Mail", "START"]
    assert ends(graph) == [("Mail", "START")]


def test_an_edge_passes_the_output_of_its_source_and_entry_nodes_read_an_input(read):
    for workflow in read(GRAPHS):
        output = {node.id: node.output_tokens for node in workflow.nodes}
        assert all(edge.transfer_tokens == output[edge.source] for edge in workflow.edges)
        for node in workflow.nodes:
            assert (500 <= node.input_tokens < 5_000) == (node.id in workflow.entry_nodes)
            assert node.input_tokens == 0 or node.id in workflow.entry_nodes


def test_what_is_drawn_depends_on_the_names_of_graph_and_node_alone(read):
    first, again = read([PLAN, FLOWISE])[0], read([N8N, PLAN])[1]
    assert first == again
    renamed = read([{**PLAN, "id": "tea_2"}])[0]
    assert renamed.nodes != first.nodes
    shorter = read([documents.changed(PLAN, "nodes.1", MISSING) | {"edges": [["1", "3"]]}])[0]
    assert shorter.nodes == (first.nodes[0], first.nodes[2])


def test_lengths_are_log_normal_and_difficulties_even(read):
    graph = {"path": "many", "nodes": [{"id": str(k)} for k in range(3_000)], "edges": []}
    [workflow] = read([graph])
    logarithms = np.log([node.output_tokens for node in workflow.nodes])
    assert np.exp(np.mean(logarithms)) == pytest.approx(10_000, rel=0.1)
    assert np.std(logarithms) == pytest.approx(1.0, rel=0.1)
    counts = np.bincount([node.difficulty or 0 for node in workflow.nodes])
    assert counts[0] == 0
    assert counts[1:] == pytest.approx([1_000] * 3, rel=0.1)


@pytest.mark.parametrize(
    ("dotted", "value", "problem"),
    [
        ("1", "text", "1: expected an object with named keys, got 'text'"),
        ("0.id", MISSING, "0.path: missing"),
        ("0.id", 7, "0.id: expected a text, got 7"),
        ("0.nodes", MISSING, "0.nodes: missing"),
        ("0.nodes", {"1": "boil"}, "0.nodes: expected a list, got {'1': 'boil'}"),
        ("0.nodes.1", ["2"], "0.nodes.1: expected [number, text], got ['2']"),
        ("0.nodes.1", [2, "warm"], "0.nodes.1.0: expected a text, got 2"),
        ("0.edges", MISSING, "0.edges: missing"),
        ("0.edges.2", {"from": "1"}, "0.edges.2: expected [source, target] or"),
        ("0.edges.2", ["1", "2", "3", "4"], "0.edges.2: expected [source, target] or"),
        ("0.edges.2", ["1", "9"], "0.edges.2.1: expected a node, got '9'"),
        ("1.nodes", [], "1.edges.0.0: expected a node, got 'start'"),
        ("1.nodes.0.id", "llm_1", "1.nodes.1.id: duplicate id 'llm_1'"),
        ("1.nodes.2", ["start"], "1.nodes.2: expected an object with named keys, got ['start']"),
        ("1.edges.0", ["START", "llm_0"], "1.edges.0.0: expected a node, got 'START'"),
        ("2.nodes.0.name", MISSING, "2.nodes.0.name: missing"),
        ("2.edges.0", ["Mail", "START", None], "2.edges.0.2: expected a text, got None"),
    ],
)
def test_a_malformed_file_is_refused_with_its_key(path, read, dotted, value, problem):
    with pytest.raises(BadInput) as error:
        read(documents.changed(GRAPHS, dotted, value))
    assert str(error.value).startswith(f"{path}: {problem}")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "line 1 column 1: not JSON"),
        (json.dumps(GRAPHS)[:-30], "line 1 column "),
        ("[]", "expected a list of at least one graph, got []"),
        ('{"nodes": [], "edges": []}', "expected a list of at least one graph, got {'nodes'"),
        ('[{"id": "p", "nodes": [], "edges": []}]', "0.nodes: expected at least one node"),
        ('[{"from": "a", "to": "b"}]', "0.path: missing"),
    ],
    ids=["empty", "truncated", "no graphs", "a record", "no nodes", "another format"],
)
def test_a_file_of_another_kind_is_refused(path, text, problem):
    path.write_text(text)
    with pytest.raises(BadInput) as error:
        read_graphs(path)
    assert str(error.value).startswith(f"{path}: {problem}")


@pytest.mark.skipif(not WORKFLOWS.exists(), reason="the real workflows are not beside the checkout")
@pytest.mark.parametrize(
    ("name", "graphs", "nodes", "edges"),
    [("agent_graphs", 196, 2_411, 2_268), ("worfbench_plans", 1_070, 4_072, 2_715)],
)
def test_the_real_graphs_are_read_and_fifty_of_them_cleared(name, graphs, nodes, edges):
    workflows = read_graphs(WORKFLOWS / f"{name}.json")
    assert len(workflows) == graphs
    assert sum(len(workflow.nodes) for workflow in workflows) == nodes
    assert sum(len(workflow.edges) for workflow in workflows) == edges
    offers = [
        Offer(f"tier {tier}, {k}", tier, 0.1 + 0.05 * k, tier + 0.2 * k, Uniform(0.5 * tier, 5.0))
        for tier in (1, 2, 3)
        for k in range(3)
    ]
    sample = [workflows[k * graphs // 50] for k in range(50)]
    for workflow in sample:
        assert star(workflow, offers).allocation.keys() == {node.id for node in workflow.nodes}
