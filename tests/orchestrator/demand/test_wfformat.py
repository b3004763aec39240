import json
from collections import Counter
from pathlib import Path

import pytest

from market.errors import BadInput
from market.workflow import Edge, Node, Offer, Uniform, Workflow, star
from orchestrator.demand.wfformat import MAX_PASSED_BYTES, read_wfformat
from tests import documents
from tests.documents import MISSING

WORKFLOWS = Path(__file__).parents[3] / "../shared/data/workflows"


def task(name: str, parents: list, children: list, reads: list, writes: list) -> dict:
    return {
        "name": name,
        "id": name,
        "parents": parents,
        "children": children,
        "inputFiles": reads,
        "outputFiles": writes,
    }


#: ``split`` reads 400 bytes from outside; ``log`` gets no file of ``split``.
DOCUMENT = {
    "name": "three",
    "schemaVersion": "1.5",
    "workflow": {
        "specification": {
            "tasks": [
                task("split", [], ["work", "log"], ["raw", "conf"], ["left", "right"]),
                task("work", ["split"], [], ["left", "right", "conf"], ["result"]),
                task("log", ["split"], [], ["conf"], []),
            ],
            "files": [
                {"id": "raw", "sizeInBytes": 390},
                {"id": "conf", "sizeInBytes": 10},
                {"id": "left", "sizeInBytes": 1001},
                {"id": "right", "sizeInBytes": 1000},
                {"id": "result", "sizeInBytes": 5},
            ],
        },
        "execution": {
            "makespanInSeconds": 9,
            "tasks": [
                {"id": "log", "runtimeInSeconds": 0},
                {"id": "split", "runtimeInSeconds": 1.001},
                {"id": "work", "runtimeInSeconds": 8},
            ],
        },
    },
}
#: The same workflow as version 1.4 has it.
DOCUMENT_1_4 = {
    "name": "three",
    "schemaVersion": "1.4",
    "workflow": {
        "makespanInSeconds": 9,
        "tasks": [
            {
                "name": "split",
                "type": "compute",
                "runtimeInSeconds": 1.001,
                "files": [
                    {"link": "input", "name": "raw", "sizeInBytes": 390},
                    {"link": "input", "name": "conf", "sizeInBytes": 10},
                    {"link": "output", "name": "left", "sizeInBytes": 1001},
                    {"link": "output", "name": "right", "sizeInBytes": 1000},
                ],
            },
            {
                "name": "work",
                "id": "ID2",
                "runtimeInSeconds": 8,
                "parents": ["split"],
                "files": [
                    {"link": "input", "name": "left", "sizeInBytes": 1001},
                    {"link": "input", "name": "right", "sizeInBytes": 1000},
                ],
            },
            {"name": "log", "runtimeInSeconds": 0, "parents": ["split"]},
        ],
    },
}
WORKFLOW = Workflow(
    (
        Node("split", 51.0, 100.0, difficulty=2),
        Node("work", 400.0, difficulty=3),
        Node("log", 1.0, difficulty=1),
    ),
    (Edge("split", "work", 501.0), Edge("split", "log", 1.0)),
)
SPECIFICATION = "workflow.specification"
EXECUTION = "workflow.execution"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "instance.json"


@pytest.fixture
def read(path):
    """The workflow of a document."""

    def read_document(document: object) -> Workflow:
        path.write_text(json.dumps(document))
        [workflow] = read_wfformat(path)
        return workflow

    return read_document


def changed(path: str, value: object, document: dict = DOCUMENT) -> dict:
    """The document with the value at a dotted path replaced, added or removed."""
    return documents.changed(document, path, value)


@pytest.mark.parametrize("document", [DOCUMENT, DOCUMENT_1_4], ids=["1.5", "1.4"])
def test_seconds_and_bytes_become_tokens(read, document):
    assert read(document) == WORKFLOW


def test_an_edge_may_stand_with_either_of_its_ends(read):
    children = changed(f"{SPECIFICATION}.tasks.1.parents", [])
    assert set(read(children).edges) == set(WORKFLOW.edges)
    parents = changed(f"{SPECIFICATION}.tasks.0.children", [])
    assert read(parents) == WORKFLOW


def test_large_files_pass_no_more_than_the_cap(read):
    document = changed(f"{SPECIFICATION}.files.0.sizeInBytes", 10**12)
    document = changed(f"{SPECIFICATION}.files.2.sizeInBytes", MAX_PASSED_BYTES, document)
    workflow = read(document)
    assert workflow.nodes[0].input_tokens == 32_768
    assert workflow.edges[0].transfer_tokens == 32_768


def test_an_entry_task_without_external_files_reads_nothing(read):
    workflow = read(changed(f"{SPECIFICATION}.tasks.0.inputFiles", MISSING))
    assert workflow.nodes[0].input_tokens == 0


@pytest.mark.parametrize(
    ("runtimes", "difficulties"),
    [
        ([1, 2, 3], [1, 2, 3]),
        ([3, 1, 2], [3, 1, 2]),
        ([5, 5, 5], [1, 1, 1]),
        ([1, 5, 5], [1, 2, 2]),
        ([1, 1, 5], [1, 1, 3]),
    ],
)
def test_a_third_of_the_tasks_is_of_each_difficulty_and_ties_are_equal(
    read, runtimes, difficulties
):
    document = DOCUMENT_1_4
    for index, runtime in enumerate(runtimes):
        document = changed(f"workflow.tasks.{index}.runtimeInSeconds", runtime, document)
    assert [node.difficulty for node in read(document).nodes] == difficulties


@pytest.mark.parametrize(
    ("dotted", "value", "problem"),
    [
        ("schemaVersion", MISSING, "schemaVersion: missing"),
        ("schemaVersion", "1.3", "schemaVersion: expected one of 1.4, 1.5; got '1.3'"),
        ("workflow", MISSING, "workflow: missing"),
        (SPECIFICATION, MISSING, f"{SPECIFICATION}: missing"),
        (EXECUTION, MISSING, f"{EXECUTION}: missing"),
        (f"{SPECIFICATION}.tasks", [], f"{SPECIFICATION}.tasks: expected at least one task"),
        (f"{SPECIFICATION}.tasks.0", 3, f"{SPECIFICATION}.tasks.0: expected an object"),
        (f"{SPECIFICATION}.tasks.0.id", MISSING, f"{SPECIFICATION}.tasks.0.id: missing"),
        (
            f"{SPECIFICATION}.tasks.1.id",
            "split",
            f"{SPECIFICATION}.tasks.1.id: duplicate id 'split', first used at"
            f" {SPECIFICATION}.tasks.0",
        ),
        (f"{SPECIFICATION}.tasks.1.parents", MISSING, f"{SPECIFICATION}.tasks.1.parents: missing"),
        (
            f"{SPECIFICATION}.tasks.1.parents.0",
            "ghost",
            f"{SPECIFICATION}.tasks.1.parents.0: expected a name that the file defines,"
            " got 'ghost'",
        ),
        (
            f"{SPECIFICATION}.tasks.0.children.1",
            ["log"],
            f"{SPECIFICATION}.tasks.0.children.1: expected a name that the file defines,"
            " got ['log']",
        ),
        (
            f"{SPECIFICATION}.tasks.0.parents.0",
            "work",
            f"{SPECIFICATION}.tasks.0: expected no cycle, got 'split -> work -> split'",
        ),
        (
            f"{SPECIFICATION}.tasks.2.children.0",
            "log",
            f"{SPECIFICATION}.tasks.2: expected no cycle, got 'log -> log'",
        ),
        (
            f"{SPECIFICATION}.tasks.2.inputFiles.0",
            "lost",
            f"{SPECIFICATION}.tasks.2.inputFiles.0: expected a name that the file defines",
        ),
        (
            f"{SPECIFICATION}.files.0.sizeInBytes",
            -1,
            f"{SPECIFICATION}.files.0.sizeInBytes: expected a finite number >= 0",
        ),
        (
            f"{SPECIFICATION}.files.0.sizeInBytes",
            MISSING,
            f"{SPECIFICATION}.files.0.sizeInBytes: missing",
        ),
        (
            f"{EXECUTION}.tasks.1.runtimeInSeconds",
            -0.5,
            f"{EXECUTION}.tasks.1.runtimeInSeconds: expected a finite number >= 0",
        ),
        (
            f"{EXECUTION}.tasks.1.runtimeInSeconds",
            1e300,
            f"{EXECUTION}.tasks.1.runtimeInSeconds: expected a finite number >= 0",
        ),
        (
            f"{EXECUTION}.tasks.1.runtimeInSeconds",
            None,
            f"{EXECUTION}.tasks.1.runtimeInSeconds: expected a finite number",
        ),
        (
            f"{EXECUTION}.tasks.1",
            MISSING,
            f"{EXECUTION}.tasks: expected the tasks of the specification; 'split' is in only one",
        ),
    ],
)
def test_a_malformed_file_is_refused_with_its_key(path, read, dotted, value, problem):
    with pytest.raises(BadInput) as error:
        read(changed(dotted, value))
    assert str(error.value).startswith(f"{path}: {problem}")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("dotted", "value", "problem"),
    [
        ("workflow.tasks", MISSING, "workflow.tasks: missing"),
        ("workflow.tasks", [], "workflow.tasks: expected at least one task, got none"),
        ("workflow.tasks.0.name", "", "workflow.tasks.0.name: expected a text, got ''"),
        ("workflow.tasks.1.name", "split", "workflow.tasks.1.name: duplicate name 'split'"),
        (
            "workflow.tasks.0.runtimeInSeconds",
            MISSING,
            "workflow.tasks.0.runtimeInSeconds: missing",
        ),
        (
            "workflow.tasks.1.parents.0",
            "ID1",
            "workflow.tasks.1.parents.0: expected a name that the file defines, got 'ID1'",
        ),
        (
            "workflow.tasks.0.files.0.link",
            "both",
            "workflow.tasks.0.files.0.link: expected one of input, output; got 'both'",
        ),
        (
            "workflow.tasks.0.files.0.sizeInBytes",
            0.5,
            "workflow.tasks.0.files.0.sizeInBytes: expected a whole number, got 0.5",
        ),
    ],
)
def test_a_malformed_file_of_version_1_4_is_refused_with_its_key(
    path, read, dotted, value, problem
):
    with pytest.raises(BadInput) as error:
        read(changed(dotted, value, DOCUMENT_1_4))
    assert str(error.value).startswith(f"{path}: {problem}")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "line 1 column 1: not JSON"),
        (json.dumps(DOCUMENT)[:-30], "line 1 column "),
        ("[]", "expected an object with named keys, got []"),
        ('{"nodes": [], "edges": []}', "schemaVersion: missing"),
    ],
    ids=["empty", "truncated", "a list", "another format"],
)
def test_a_file_of_another_kind_is_refused(path, text, problem):
    path.write_text(text)
    with pytest.raises(BadInput) as error:
        read_wfformat(path)
    assert str(error.value).startswith(f"{path}: {problem}")


@pytest.mark.skipif(not WORKFLOWS.exists(), reason="the real workflows are not beside the checkout")
@pytest.mark.parametrize(
    ("name", "nodes", "edges", "difficulties", "output_tokens"),
    [
        ("helloworld-chain-5-chameleon", 5, 4, (2, 2, 1), 25_064),
        ("srasearch-chameleon-10a-001", 22, 30, (8, 7, 7), 349_849),
        ("bwa-chameleon-small-001", 104, 400, (35, 35, 34), 19_054),
        ("epigenomics-chameleon-hep-1seq-100k-001", 41, 48, (14, 14, 13), 26_984),
        ("montage-chameleon-2mass-005d-001", 58, 114, (20, 19, 19), 11_112),
    ],
)
def test_the_real_workflows_are_read_and_cleared(name, nodes, edges, difficulties, output_tokens):
    [workflow] = read_wfformat(WORKFLOWS / f"{name}.json")
    assert (len(workflow.nodes), len(workflow.edges)) == (nodes, edges)
    count = Counter(node.difficulty for node in workflow.nodes)
    assert (count[1], count[2], count[3]) == difficulties
    assert sum(node.output_tokens for node in workflow.nodes) == output_tokens
    assert all(1 <= edge.transfer_tokens <= 32_768 for edge in workflow.edges)
    offers = [
        Offer(f"tier {tier}, {k}", tier, 0.1 + 0.05 * k, tier + 0.2 * k, Uniform(0.5 * tier, 5.0))
        for tier in (1, 2, 3)
        for k in range(3)
    ]
    assert star(workflow, offers).allocation.keys() == {node.id for node in workflow.nodes}
