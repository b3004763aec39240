"""Files of one format under the name of another: every reader must say what it misses."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter

from market.errors import BadInput
from orchestrator.demand import DemandParams, Setting, count_demand

HEADER = "TIMESTAMP,ContextTokens,GeneratedTokens"
ANSWER = {"text": "a"}
MOONCAKE = {"timestamp": 0, "input_length": 10, "output_length": 1, "hash_ids": [0]}
#: A small good file of every format.
FILES = {
    "azure": f"{HEADER}\n2023-11-16 18:15:46.6805900,374,44\n2023-11-16 18:15:47.5,7,4\n",
    "mooncake": f"{json.dumps(MOONCAKE)}\n" * 2,
    "coqa": json.dumps(
        {
            "data": [
                {"story": "s", "questions": [{"input_text": "q"}], "answers": [{"input_text": "a"}]}
            ]
        }
    ),
    "quac": json.dumps(
        {
            "data": [
                {"paragraphs": [{"context": "c", "qas": [{"question": "q", "answers": [ANSWER]}]}]}
            ]
        }
    ),
    "hotpotqa": json.dumps([{"question": "q", "answer": "a", "context": [["t", ["s"]]]}]),
    "walras": json.dumps(
        {"nodes": [{"id": "a", "output_tokens": 5, "difficulty": 1}], "edges": []}
    ),
    "wfformat": json.dumps(
        {"schemaVersion": "1.4", "workflow": {"tasks": [{"name": "a", "runtimeInSeconds": 1}]}}
    ),
    "graphs": json.dumps([{"path": "p", "nodes": [{"id": "a"}], "edges": []}]),
}
#: Files that are of no format.
OTHERS: dict[str, str | bytes] = {
    "empty": "",
    "zipped": gzip.compress(FILES["azure"].encode(), mtime=0),
    "compact": json.dumps(MOONCAKE, separators=(",", ":")),
    "array": json.dumps([MOONCAKE]),
    "spread array": json.dumps([MOONCAKE], indent=1),
}
DIALOGUES = {"kind": "dialogues", "rate_per_s": 3.0}
WORKFLOWS = {"kind": "workflows", "every_rounds": 1}
#: The source that reads each format.
SOURCES: dict[str, dict[str, Any]] = {
    "azure": {"kind": "azure"},
    "mooncake": {"kind": "mooncake"},
    **{shape: DIALOGUES | {"format": shape} for shape in ("coqa", "quac", "hotpotqa")},
    **{shape: WORKFLOWS | {"format": shape} for shape in ("walras", "wfformat", "graphs")},
}
SETTING = Setting(seed=3, source="d0", horizon_s=20.0, round_s=1.0, domains=("law",))

NOT_JSON = "line 1 column 1: not JSON: Expecting value"
SECOND = "line 2 column 1: not JSON: Extra data"
NO_OBJECT = "expected an object with named keys, got ["
NO_ENTRIES = "expected a list of entries, got {"
NO_GRAPHS = "expected a list of at least one graph, got {"


def read(shape: str, path: Path) -> tuple[int, int]:
    source = TypeAdapter(DemandParams).validate_python(SOURCES[shape] | {"path": str(path)})
    return count_demand([(source, SETTING)])


def problem(shape: str, path: Path) -> str:
    """What is told of a file, without its name."""
    with pytest.raises(BadInput) as error:
        read(shape, path)
    said = str(error.value)
    assert "\n" not in said
    assert said.startswith(f"{path}: ")
    return said.removeprefix(f"{path}: ")


@pytest.mark.parametrize("shape", FILES)
def test_a_file_of_its_own_format_is_read(tmp_path, shape):
    path = tmp_path / "file"
    path.write_text(FILES[shape])
    assert max(read(shape, path)) > 0


@pytest.mark.parametrize(
    ("shape", "content", "told"),
    [
        ("azure", "mooncake", f"""line 1: expected {HEADER}, got '{{"timestamp": 0, """),
        ("azure", "compact", """line 1: not CSV: ',' expected after '"'"""),
        ("azure", "array", f"""line 1: expected {HEADER}, got '[{{"timestamp": 0, """),
        ("azure", "coqa", f"""line 1: expected {HEADER}, got '{{"data": """),
        ("azure", "wfformat", f"""line 1: expected {HEADER}, got '{{"schemaVersion": """),
        ("azure", "zipped", "line 1: expected UTF-8 text"),
        ("mooncake", "azure", "line 1: column 1: not JSON: Expecting value"),
        ("mooncake", "array", f"line 1: {NO_OBJECT}{{'timestamp': 0, "),
        ("mooncake", "spread array", "line 1: column 2: not JSON: Expecting value"),
        ("mooncake", "coqa", "line 1: timestamp: missing"),
        ("mooncake", "hotpotqa", f"line 1: {NO_OBJECT}{{'question': "),
        ("mooncake", "walras", "line 1: timestamp: missing"),
        ("mooncake", "zipped", "line 1: expected UTF-8 text"),
        ("coqa", "azure", NOT_JSON),
        ("coqa", "mooncake", SECOND),
        ("coqa", "compact", "data: missing"),
        ("coqa", "quac", "data.0.story: missing"),
        ("coqa", "hotpotqa", f"{NO_OBJECT}{{'question': "),
        ("coqa", "walras", "data: missing"),
        ("coqa", "zipped", "expected UTF-8 text"),
        ("quac", "azure", NOT_JSON),
        ("quac", "mooncake", SECOND),
        ("quac", "coqa", "data.0.paragraphs: missing"),
        ("quac", "hotpotqa", f"{NO_OBJECT}{{'question': "),
        ("quac", "wfformat", "data: missing"),
        ("quac", "zipped", "expected UTF-8 text"),
        ("hotpotqa", "azure", NOT_JSON),
        ("hotpotqa", "mooncake", SECOND),
        ("hotpotqa", "array", "0.question: missing"),
        ("hotpotqa", "coqa", f"{NO_ENTRIES}'data': "),
        ("hotpotqa", "graphs", "0.question: missing"),
        ("hotpotqa", "zipped", "expected UTF-8 text"),
        ("walras", "azure", NOT_JSON),
        ("walras", "mooncake", SECOND),
        ("walras", "coqa", "nodes: missing"),
        ("walras", "wfformat", "nodes: missing"),
        ("walras", "graphs", f"{NO_OBJECT}{{'path': 'p', "),
        ("walras", "zipped", "expected UTF-8 text"),
        ("wfformat", "azure", NOT_JSON),
        ("wfformat", "mooncake", SECOND),
        ("wfformat", "coqa", "schemaVersion: missing"),
        ("wfformat", "walras", "schemaVersion: missing"),
        ("wfformat", "graphs", f"{NO_OBJECT}{{'path': 'p', "),
        ("wfformat", "zipped", "expected UTF-8 text"),
        ("graphs", "azure", NOT_JSON),
        ("graphs", "mooncake", SECOND),
        ("graphs", "array", "0.path: missing"),
        ("graphs", "hotpotqa", "0.path: missing"),
        ("graphs", "walras", f"{NO_GRAPHS}'nodes': "),
        ("graphs", "wfformat", f"{NO_GRAPHS}'schemaVersion': "),
        ("graphs", "zipped", "expected UTF-8 text"),
        *((shape, "empty", NOT_JSON) for shape in FILES if shape not in ("azure", "mooncake")),
    ],
)
def test_a_file_of_another_format_is_refused(tmp_path, shape, content, told):
    text = {**FILES, **OTHERS}[content]
    path = tmp_path / "file"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    said = problem(shape, path)
    if "got " in told:  # the value is cut to length
        assert said.startswith(told)
    else:
        assert said == told


@pytest.mark.parametrize(
    ("shape", "told"),
    [
        ("azure", "line 3: expected 3 fields, got 1: '2023-11-16 18:15:'"),
        ("mooncake", "line 2: column 58: not JSON: Unterminated string starting at"),
        ("coqa", "line 1 column 89: not JSON: Expecting value"),
        ("quac", "line 1 column 95: not JSON: Expecting ',' delimiter"),
        ("hotpotqa", "line 1 column 54: not JSON: Expecting value"),
        ("walras", "line 1 column 63: not JSON: Unterminated string starting at"),
        ("wfformat", "line 1 column 63: not JSON: Unterminated string starting at"),
        ("graphs", "line 1 column 40: not JSON: Unterminated string starting at"),
    ],
)
def test_a_file_that_is_cut_is_refused(tmp_path, shape, told):
    path = tmp_path / "file"
    path.write_text(FILES[shape].rstrip()[:-8])
    assert problem(shape, path) == told


@pytest.mark.parametrize("shape", FILES)
@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("none", "no such file"),
        (".", "cannot be read: Is a directory"),
        ("file/below", "cannot be read: Not a directory"),
    ],
)
def test_a_path_without_a_readable_file_is_refused(tmp_path, shape, name, told):
    (tmp_path / "file").write_text(FILES[shape])
    assert problem(shape, tmp_path / name) == told


TOKENS = "expected a finite number >= 0 and <= 9.0072e+15, got"
SECONDS = "expected a finite number >= 0 and <= 1.80144e+14, got"


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("-1", f"{TOKENS} -1.0"),
        ("1e300", f"{TOKENS} 1e+300"),
        ("1e400", "expected a finite number, got inf"),
        ("1" + "0" * 30, f"{TOKENS} 1e+30"),
        ('"5"', "expected a finite number, got '5'"),
        ("true", "expected a finite number, got True"),
        ("null", "expected a finite number, got None"),
    ],
)
def test_an_absurd_length_of_a_node_is_refused(tmp_path, value, told):
    path = tmp_path / "file"
    path.write_text(FILES["walras"].replace("5", value))
    assert problem("walras", path) == f"nodes.0.output_tokens: {told}"


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("-0.5", f"{SECONDS} -0.5"),
        ("1e300", f"{SECONDS} 1e+300"),
        ("1e400", f"{SECONDS} inf"),
        ("1" + "0" * 30, f"{SECONDS} 1{'0' * 30}"),
        ('"1"', f"{SECONDS} '1'"),
        ("true", f"{SECONDS} True"),
    ],
)
def test_an_absurd_runtime_of_a_task_is_refused(tmp_path, value, told):
    path = tmp_path / "file"
    path.write_text(FILES["wfformat"].replace('Seconds": 1', f'Seconds": {value}'))
    assert problem("wfformat", path) == f"workflow.tasks.0.runtimeInSeconds: {told}"


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("-1", f"{TOKENS} -1"),
        ("1" + "0" * 30, f"{TOKENS} 1{'0' * 30}"),
        ("1e400", f"{TOKENS} inf"),
        ("0.5", "expected a whole number, got 0.5"),
        ("true", f"{TOKENS} True"),
    ],
)
def test_an_absurd_size_of_a_file_is_refused(tmp_path, value, told):
    file = f'{{"link": "input", "name": "f", "sizeInBytes": {value}}}'
    path = tmp_path / "file"
    path.write_text(FILES["wfformat"].replace('Seconds": 1', f'Seconds": 1, "files": [{file}]'))
    assert problem("wfformat", path) == f"workflow.tasks.0.files.0.sizeInBytes: {told}"


@pytest.mark.parametrize("shape", [name for name in FILES if name != "azure"])
def test_numbers_that_are_none_are_refused_everywhere_in_json(tmp_path, shape):
    path = tmp_path / "file"
    path.write_text(FILES[shape].replace("{", '{"extra": NaN, ', 1))
    line = "line 1: " if shape == "mooncake" else ""
    assert problem(shape, path) == f"{line}expected finite numbers, got NaN"


def test_a_loop_that_runs_absurdly_often_is_refused(tmp_path):
    nodes = [{"id": name, "output_tokens": 5, "difficulty": 1} for name in "ab"]
    edges = [{"from": "a", "to": "b"}, {"from": "b", "to": "a", "iterations": 2**53}]
    path = tmp_path / "file"
    path.write_text(json.dumps({"nodes": nodes, "edges": edges}))
    told = "expected at most 9007199254740992 tokens over all executions, got 5 tokens"
    assert problem("walras", path) == f"nodes.0.output_tokens: {told} 9007199254740992 times"
    edges[1]["iterations"] = 10**30
    path.write_text(json.dumps({"nodes": nodes, "edges": edges}))
    told = "expected a finite number >= 1 and <= 9.0072e+15, got"
    assert problem("walras", path) == f"edges.1.iterations: {told} 1{'0' * 30}"


def test_a_length_that_is_varied_out_of_its_bound_names_its_workflow(tmp_path):
    path = tmp_path / "huge.json"
    path.write_text(FILES["walras"].replace("5", str(2**53)))
    with pytest.raises(BadInput) as error:
        read("walras", path)
    told = "huge, its lengths varied by up to 0.1: node 'a'.output_tokens: expected a finite number"
    assert str(error.value).startswith(told)
