"""Workflows from a list of graphs that have nodes and edges but no lengths.

Two shapes are read. A plan, as in WorfBench, has an ``id``, nodes ``[number, text]`` and edges
between the numbers, START and END. An agent graph, as exported from Flowise or n8n, has a
``path``, nodes with an ``id`` or else a ``name``, and edges ``[source, target]``, in n8n with the
kind of connection in third place. Every node becomes a sub-task; a plan's START and END are none,
so their edges are dropped. Cycles stay, as ordinary edges. Dropped are also edges from a node to
itself, edges that stand there already (in n8n, of any kind) and a plan's repeated numbers.

Lengths and difficulties are drawn, from a generator that the graph and the node key: outputs
log-normal with median ``MEDIAN_OUTPUT_TOKENS``, difficulties 1-3 evenly, inputs of entry nodes
evenly from ``INPUT_TOKENS``. An edge passes the whole output of its source.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any

import numpy as np

from market import seeding
from market.errors import BadInput
from market.fields import Fields, shown
from market.workflow import Edge, Node, Workflow
from orchestrator.reading.json_text import parse_json
from orchestrator.reading.text_file import read_text

MEDIAN_OUTPUT_TOKENS = 10_000.0
INPUT_TOKENS = (500, 5_000)
DIFFICULTIES = 3
MARKERS = ("START", "END")


def read_graphs(path: Path) -> list[Workflow]:
    """The workflows of a file, a JSON list of plans or agent graphs, in its order.

    Raises:
        BadInput: names the file and the dotted key.
    """
    text = read_text(path)
    try:
        graphs = parse_json(text)
        if not isinstance(graphs, list) or not graphs:
            raise BadInput("", f"expected a list of at least one graph, got {shown(graphs)}")
        return [_graph(Fields(graph, str(index))) for index, graph in enumerate(graphs)]
    except BadInput as error:
        raise error.inside(str(path)) from None


def _graph(record: Fields) -> Workflow:
    plan = record.raw("id", None) is not None
    graph = record.text("id" if plan else "path")
    names = _numbers(record) if plan else _labels(record)
    markers = MARKERS if plan else ()
    ends = [pair for pair in _pairs(record, {*names, *markers}) if not set(pair) & set(markers)]
    entered = {target for _, target in ends}
    nodes = {name: _drawn(graph, name, entry=name not in entered) for name in names}
    edges = tuple(Edge(*pair, nodes[pair[0]].output_tokens) for pair in ends)
    try:
        return Workflow(tuple(nodes.values()), edges)
    except BadInput as error:
        raise BadInput(record.place(error.where), error.problem) from error


def _drawn(graph: str, name: str, *, entry: bool) -> Node:
    rng = seeding.stream(0, "graph", graph, name)
    output_tokens = float(max(1.0, np.rint(MEDIAN_OUTPUT_TOKENS * rng.lognormal())))
    difficulty = int(rng.integers(1, DIFFICULTIES + 1))
    input_tokens = float(rng.integers(*INPUT_TOKENS))
    return Node(name, output_tokens, input_tokens if entry else 0.0, difficulty)


def _numbers(record: Fields) -> list[str]:
    """The numbers of a plan's nodes, each once."""
    numbers = []
    for index, node in enumerate(record.sequence("nodes")):
        where = f"{record.place('nodes')}.{index}"
        numbers.append(_texts(where, node, "[number, text]", (2,))[0])
    return list(dict.fromkeys(numbers))


def _labels(record: Fields) -> list[str]:
    """What the nodes of an agent graph are called."""
    labels: dict[str, None] = {}
    for node in record.records("nodes"):
        key = "name" if node.raw("id", None) is None else "id"
        label = node.text(key)
        if label in labels:
            raise BadInput(node.place(key), f"duplicate {key} {shown(label)}")
        labels[label] = None
    return list(labels)


def _pairs(record: Fields, known: Collection[str]) -> Iterable[tuple[str, str]]:
    """The ends of the edges, each pair once, none from a node to itself."""
    pairs: dict[tuple[str, str], None] = {}
    for index, edge in enumerate(record.sequence("edges")):
        where = f"{record.place('edges')}.{index}"
        source, target, *_ = _texts(where, edge, "[source, target] or [.., .., kind]", (2, 3))
        for position, end in enumerate((source, target)):
            if end not in known:
                raise BadInput(f"{where}.{position}", f"expected a node, got {shown(end)}")
        if source != target:
            pairs[source, target] = None
    return pairs


def _texts(where: str, value: Any, form: str, lengths: tuple[int, ...]) -> list[str]:
    if not isinstance(value, list) or len(value) not in lengths:
        raise BadInput(where, f"expected {form}, got {shown(value)}")
    for position, text in enumerate(value):
        if not isinstance(text, str) or not text:
            raise BadInput(f"{where}.{position}", f"expected a text, got {shown(text)}")
    return value
