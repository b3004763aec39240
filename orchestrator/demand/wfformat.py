"""Workflows from executed scientific workflows in WfFormat 1.4 and 1.5.

Source: WfCommons, https://github.com/wfcommons/WfFormat. The files tell seconds and bytes; what
these would be in tokens is this project's rule:

- a task writes ``TOKENS_PER_SECOND`` tokens for every second that it ran, at least 1;
- an edge passes the files that the parent writes and the child reads, a token for every
  ``BYTES_PER_TOKEN`` bytes, at least 1 and at most ``MAX_PASSED_BYTES`` in all;
- by the same measure an entry task reads its input files that no task writes, or nothing;
- a third of the tasks is of each difficulty, 1-3, the longest runtimes the hardest. Equal runtimes
  are equally hard, by the share of tasks that ran shorter.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Collection, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

from market.errors import BadInput
from market.fields import Fields, shown
from market.workflow import Edge, Node, Workflow
from market.workflow.graph import MAX_TOKENS
from orchestrator.reading.json_text import parse_json
from orchestrator.reading.text_file import read_text

TOKENS_PER_SECOND = 50
BYTES_PER_TOKEN = 4
MAX_PASSED_BYTES = 131_072
DIFFICULTIES = 3


@dataclass(frozen=True)
class _Task:
    """One task, in either version; ``reads`` has the bytes of every file, ``where`` its place."""

    id: str
    where: str
    runtime_s: float
    parents: Sequence[str]
    children: Sequence[str]
    reads: Mapping[str, int]
    writes: Collection[str]


def read_wfformat(path: Path) -> list[Workflow]:
    """The one workflow of a file.

    Raises:
        BadInput: names the file and the dotted key.
    """
    text = read_text(path)
    try:
        record = Fields(parse_json(text), "")
        version = record.choice("schemaVersion", ("1.4", "1.5"))
        body = record.record("workflow")
        return [_workflow(_tasks_1_4(body) if version == "1.4" else _tasks_1_5(body))]
    except BadInput as error:
        raise error.inside(str(path)) from None


def _workflow(tasks: Sequence[_Task]) -> Workflow:
    parents: dict[str, dict[str, None]] = {task.id: dict.fromkeys(task.parents) for task in tasks}
    for task in tasks:
        for child in task.children:
            parents[child][task.id] = None
    _check_acyclic(tasks, parents)
    by_id = {task.id: task for task in tasks}
    written = {file for task in tasks for file in task.writes}
    runtimes = sorted(task.runtime_s for task in tasks)
    nodes = tuple(
        Node(
            id=task.id,
            output_tokens=float(max(1, math.ceil(TOKENS_PER_SECOND * task.runtime_s))),
            input_tokens=0.0 if parents[task.id] else _external_tokens(task, written),
            difficulty=1 + DIFFICULTIES * bisect_left(runtimes, task.runtime_s) // len(runtimes),
        )
        for task in tasks
    )
    edges = tuple(
        Edge(parent, task.id, _tokens(task.reads.keys() & by_id[parent].writes, task.reads))
        for task in tasks
        for parent in parents[task.id]
    )
    return Workflow(nodes, edges)


def _external_tokens(task: _Task, written: set[str]) -> float:
    external = task.reads.keys() - written
    return _tokens(external, task.reads) if external else 0.0


def _tokens(files: Iterable[str], sizes: Mapping[str, int]) -> float:
    size = min(sum(sizes[file] for file in files), MAX_PASSED_BYTES)
    return float(max(1, math.ceil(size / BYTES_PER_TOKEN)))


def _check_acyclic(tasks: Sequence[_Task], parents: Mapping[str, Iterable[str]]) -> None:
    try:
        TopologicalSorter(parents).prepare()
    except CycleError as error:
        cycle = error.args[1]
        where = next(task.where for task in tasks if task.id == cycle[0])
        raise BadInput(where, f"expected no cycle, got {shown(' -> '.join(cycle))}") from None


def _tasks_1_4(workflow: Fields) -> list[_Task]:
    """Tasks go by their names and carry their files and runtimes."""
    records = _task_records(workflow)
    names = _places(records, "name")
    tasks = []
    for name, record in zip(names, records, strict=True):
        files: dict[str, dict[str, int]] = {"input": {}, "output": {}}
        for file in record.records("files", ()):
            link = file.choice("link", tuple(files))
            files[link][file.text("name")] = _size(file)
        tasks.append(
            _Task(
                name,
                record.where,
                _runtime_s(record),
                _names(record, "parents", names, ()),
                _names(record, "children", names, ()),
                files["input"],
                files["output"],
            )
        )
    return tasks


def _tasks_1_5(workflow: Fields) -> list[_Task]:
    """Tasks go by their ids; sizes stand in a list of files, runtimes in one of executions."""
    specification, execution = workflow.record("specification"), workflow.record("execution")
    records, executions = _task_records(specification), _task_records(execution)
    files = specification.records("files", ())
    ids = _places(records, "id")
    sizes = dict(zip(_places(files, "id"), map(_size, files), strict=True))
    runtimes = dict(zip(_places(executions, "id"), map(_runtime_s, executions), strict=True))
    if ids.keys() != runtimes.keys():
        name = min(ids.keys() ^ runtimes.keys())
        problem = f"{shown(name)} is in only one of the two"
        expected = "expected the tasks of the specification"
        raise BadInput(execution.place("tasks"), f"{expected}; {problem}")
    return [
        _Task(
            name,
            record.where,
            runtimes[name],
            _names(record, "parents", ids),
            _names(record, "children", ids),
            {file: sizes[file] for file in _names(record, "inputFiles", sizes, ())},
            _names(record, "outputFiles", sizes, ()),
        )
        for name, record in zip(ids, records, strict=True)
    ]


def _task_records(record: Fields) -> list[Fields]:
    records = record.records("tasks")
    if not records:
        raise BadInput(record.place("tasks"), "expected at least one task, got none")
    return records


def _places(records: Iterable[Fields], key: str) -> dict[str, str]:
    """Of every record the name under ``key``, which is its own, and where the record stands."""
    places: dict[str, str] = {}
    for record in records:
        name = record.text(key)
        if name in places:
            problem = f"duplicate {key} {shown(name)}, first used at {places[name]}"
            raise BadInput(record.place(key), problem)
        places[name] = record.where
    return places


def _names(
    record: Fields, key: str, known: Container[str], *default: Sequence[str]
) -> Sequence[str]:
    names = record.sequence(key, *default)
    for index, name in enumerate(names):
        if not isinstance(name, str) or name not in known:
            where = f"{record.place(key)}.{index}"
            raise BadInput(where, f"expected a name that the file defines, got {shown(name)}")
    return names


def _runtime_s(record: Fields) -> float:
    return record.number("runtimeInSeconds", low=0, high=MAX_TOKENS // TOKENS_PER_SECOND)


def _size(record: Fields) -> int:
    return record.integer("sizeInBytes", low=0)
