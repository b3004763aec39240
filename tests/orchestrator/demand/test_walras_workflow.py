import json
from pathlib import Path

import pytest

from market.errors import BadInput
from market.workflow import Edge, Node, Offer, Uniform, Workflow, star
from orchestrator.demand.walras_workflow import read_walras_workflow
from tests import documents
from tests.documents import MISSING

DOCUMENT = {
    "nodes": [
        {"id": "draft", "output_tokens": 300, "input_tokens": 50, "difficulty": 2},
        {"id": "edit", "output_tokens": 200, "capable": ["y", "z"]},
    ],
    "edges": [
        {"from": "draft", "to": "edit"},
        {"from": "edit", "to": "draft", "transfer_tokens": 20, "iterations": 3},
    ],
}
WORKFLOW = Workflow(
    (
        Node("draft", 300.0, 50.0, difficulty=2),
        Node("edit", 200.0, capable=frozenset({"y", "z"})),
    ),
    (Edge("draft", "edit", 300.0), Edge("edit", "draft", 20.0, iterations=3)),
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "workflow.json"


def test_nodes_and_edges_are_those_of_a_workflow_problem(path):
    path.write_text(json.dumps(DOCUMENT))
    assert read_walras_workflow(path) == [WORKFLOW]


def test_what_is_read_can_be_bought(path):
    path.write_text(json.dumps(DOCUMENT))
    [workflow] = read_walras_workflow(path)
    offers = [Offer(name, 2, 0.1, 1.0, Uniform(0.5, 2.0)) for name in "xyz"]
    assert star(workflow, offers).allocation["edit"] in "yz"


@pytest.mark.parametrize(
    ("dotted", "value", "problem"),
    [
        ("nodes", MISSING, "nodes: missing"),
        ("nodes", [], "nodes: expected at least one node"),
        ("edges", MISSING, "edges: missing"),
        ("edges", "none", "edges: expected a list, got 'none'"),
        ("nodes.0.id", MISSING, "nodes.0.id: missing"),
        ("nodes.1.id", "draft", "nodes.1.id: duplicate id 'draft', first used at nodes.0"),
        ("nodes.1.capable.0", "", "nodes.1.capable.0: expected the id of a provider, got ''"),
        ("nodes.1.capable.0", 5, "nodes.1.capable.0: expected the id of a provider, got 5"),
        (
            "nodes.0.difficulty",
            MISSING,
            "nodes.0.difficulty: expected exactly one of difficulty and capable, got neither",
        ),
        ("edges.0.to", "ghost", "edges.0.to: expected the id of a node, got 'ghost'"),
        ("edges.1.iterations", 0, "edges.1.iterations: expected a finite number >= 1"),
        ("providers", [], "providers: unknown key; known here: edges, nodes"),
    ],
)
def test_a_malformed_file_is_refused_with_its_key(path, dotted, value, problem):
    path.write_text(json.dumps(documents.changed(DOCUMENT, dotted, value)))
    with pytest.raises(BadInput) as error:
        read_walras_workflow(path)
    assert str(error.value).startswith(f"{path}: {problem}")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "line 1 column 1: not JSON"),
        (json.dumps(DOCUMENT)[:-30], "line 1 column "),
        ("[]", "expected an object with named keys, got []"),
        ('{"nodes": [], "edges": []}', "nodes: expected at least one node"),
        ('{"name": "montage", "schemaVersion": "1.5", "workflow": {}}', "nodes: missing"),
    ],
    ids=["empty", "truncated", "a list", "no nodes", "another format"],
)
def test_a_file_of_another_kind_is_refused(path, text, problem):
    path.write_text(text)
    with pytest.raises(BadInput) as error:
        read_walras_workflow(path)
    assert str(error.value).startswith(f"{path}: {problem}")
