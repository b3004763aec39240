"""How wide our elimination order is on graphs of known treewidth, and how long it takes to find.

Reads PACE's ``.gr`` format (https://pacechallenge.org/2016/treewidth/): ``p tw NODES EDGES``, then
the two ends of an edge a line, nodes numbered from 1, and comments that begin with ``c``.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np

from benchmarks.markdown import table
from market.errors import BadInput, WalrasError
from market.fields import shown
from market.workflow.elimination_order import min_fill_order
from market.workflow.quantities import TokenCounts
from orchestrator.reading.csv_text import csv_rows
from orchestrator.reading.text_file import read_lines

#: The file that holds the known treewidths, beside the graphs, and its columns that count.
KNOWN = "known_treewidth.csv"
NAME, WIDTH = "file", "known_treewidth"

#: A graph of more nodes or edges is surely not meant.
MOST = 10_000_000

BAD_INPUT = 2


@dataclass(frozen=True)
class Graph:
    """Nodes 0, 1, ...; ``edges`` are pairs of them, each edge once, none from a node to itself."""

    nodes: int
    edges: tuple[tuple[int, int], ...]

    @property
    def tokens(self) -> TokenCounts:
        """A workflow's tokens on this graph: one per edge."""
        ends = np.array(self.edges, dtype=np.intp).reshape(-1, 2)
        return TokenCounts(
            output=np.ones(self.nodes),
            entry_input=np.zeros(self.nodes),
            source=ends[:, 0],
            target=ends[:, 1],
            transfer=np.ones(len(ends)),
        )


@dataclass(frozen=True)
class Row:
    """What was found of one graph; ``seconds`` to find the order of width ``width``."""

    name: str
    nodes: int
    edges: int
    width: int
    known: int
    seconds: float


def read_pace(path: Path) -> Graph:
    """The graph of a ``.gr`` file.

    Raises:
        BadInput: names the file and the line.
    """
    lines = _lines_that_count(path)
    place, words = next(lines, (str(path), []))
    if len(words) != 4 or words[:2] != ["p", "tw"]:
        raise BadInput(place, f"expected p tw NODES EDGES, got {shown(' '.join(words))}")
    nodes = _whole(place, words[2], "NODES", 1, MOST)
    count = _whole(place, words[3], "EDGES", 0, MOST)
    edges: dict[tuple[int, int], str] = {}
    for place, words in lines:
        if len(words) != 2:
            raise BadInput(place, f"expected the two ends of an edge, got {shown(' '.join(words))}")
        one, other = sorted(_whole(place, word, "a node", 1, nodes) - 1 for word in words)
        if one == other:
            raise BadInput(place, f"expected another node than {words[0]} at the other end")
        if (one, other) in edges:
            problem = f"the edge {words[0]} {words[1]} stands already at {edges[one, other]}"
            raise BadInput(place, problem)
        edges[one, other] = place.removeprefix(f"{path}: ")
    if len(edges) != count:
        raise BadInput(
            str(path), f"expected the {count} edges that the p line says, got {len(edges)}"
        )
    return Graph(nodes, tuple(edges))


def read_known(path: Path) -> Mapping[str, int]:
    """The known treewidth of every file that a CSV file with these columns names.

    Raises:
        BadInput: names the file and the line.
    """
    rows = csv_rows(path)
    place, header = next(rows, (str(path), []))
    for column in (NAME, WIDTH):
        if header.count(column) != 1:
            raise BadInput(place, f"expected one column {column}, got {shown(','.join(header))}")
    known: dict[str, int] = {}
    for place, row in rows:
        if len(row) != len(header):
            raise BadInput(place, f"expected {len(header)} fields, got {len(row)}")
        fields = dict(zip(header, row, strict=True))
        if fields[NAME] in known:
            raise BadInput(place, f"duplicate {NAME} {shown(fields[NAME])}")
        known[fields[NAME]] = _whole(place, fields[WIDTH], WIDTH, 0, MOST)
    return known


def measured(name: str, graph: Graph, known: int) -> Row:
    """The width of our order of a graph: the most neighbours that a node has left at its turn."""
    tokens = graph.tokens
    started = time.perf_counter()
    order = min_fill_order(tokens)
    seconds = time.perf_counter() - started
    width = max(len(scope) - 1 for scope in order)
    if width < known:
        problem = f"expected {WIDTH} <= {width}, the width of an order that was found, got {known}"
        raise BadInput(name, problem)
    return Row(name, graph.nodes, len(graph.edges), width, known, seconds)


def rows_of(directory: Path) -> Sequence[Row]:
    """A row for every graph in a directory, by known treewidth and name.

    Raises:
        BadInput: there is no graph, a file is malformed, or a graph's treewidth is not known.
    """
    paths = sorted(directory.glob("*.gr"))
    if not paths:
        raise BadInput(str(directory), "expected a directory with graphs, *.gr")
    known = read_known(directory / KNOWN)
    rows = []
    for path in paths:
        if path.name not in known:
            raise BadInput(str(directory / KNOWN), f"expected a line for {shown(path.name)}")
        rows.append(measured(path.name, read_pace(path), known[path.name]))
    return sorted(rows, key=lambda row: (row.known, row.name))


@click.command("treewidth")
@click.argument("directory", type=click.Path(path_type=Path))
def command(directory: Path) -> None:
    """The width of our elimination order beside the known treewidth of graphs in PACE's format.

    DIRECTORY holds the graphs, *.gr, and known_treewidth.csv with columns file, known_treewidth.
    """
    try:
        rows = rows_of(directory)
    except WalrasError as error:
        click.echo(f"treewidth: {error}", err=True)
        sys.exit(BAD_INPUT)
    click.echo(_page(rows))


def _page(rows: Sequence[Row]) -> str:
    """A table, and a line that sums it up."""
    head = ("graph", "nodes", "edges", "width found", "treewidth", "above", "time")
    cells = [
        (
            row.name.removesuffix(".gr"),
            f"{row.nodes:,}",
            f"{row.edges:,}",
            row.width,
            row.known,
            row.width - row.known,
            f"{1e3 * row.seconds:.1f} ms",
        )
        for row in rows
    ]
    exact = sum(row.width == row.known for row in rows)
    furthest = max(row.width - row.known for row in rows)
    summary = f"{exact} of {len(rows)} graphs at their treewidth; at most {furthest} above it."
    return f"{table(head, cells)}\n\n{summary}"


def _lines_that_count(path: Path) -> Iterator[tuple[str, list[str]]]:
    """Where every line stands that is neither blank nor a comment, and its words."""
    for number, line in read_lines(path):
        words = line.split()
        if words and words[0] != "c":
            yield f"{path}: line {number}", words


def _whole(place: str, text: str, what: str, low: int, high: int) -> int:
    # isdigit alone would take digits of other scripts; the length keeps int() from its limit
    if text.isascii() and text.isdigit() and len(text) <= 20 and low <= int(text) <= high:
        return int(text)
    raise BadInput(
        place, f"expected {what}, a whole number from {low} to {high}, got {shown(text)}"
    )
