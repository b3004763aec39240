from __future__ import annotations

import csv
import re
from pathlib import Path

import networkx as nx
import pytest
from click.testing import CliRunner, Result

from benchmarks.treewidth import KNOWN, command, read_known, read_pace, rows_of
from market.errors import BadInput
from tests.real_files import real

PAGE = Path(__file__).resolve().parents[2] / "docs" / "solvers.md"

#: Graphs and their treewidths, which min-fill finds.
TEXTBOOK = {
    "lone": (nx.empty_graph(1), 0),
    "path": (nx.path_graph(6), 1),
    "tree": (nx.balanced_tree(2, 3), 1),
    "ring": (nx.cycle_graph(7), 2),
    "wheel": (nx.wheel_graph(8), 3),
    "grid": (nx.convert_node_labels_to_integers(nx.grid_2d_graph(3, 4)), 3),
    "bipartite": (nx.complete_bipartite_graph(3, 5), 3),
    "clique": (nx.complete_graph(6), 5),
}


def pace(graph: nx.Graph) -> str:
    lines = ["c drawn by networkx", f"p tw {len(graph)} {graph.number_of_edges()}", ""]
    lines += [f"{u + 1} {v + 1}" for u, v in graph.edges]
    return "\n".join(lines) + "\n"


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """The textbook graphs, with the known treewidths in a table of one column too many."""
    known = ["file,vertices,known_treewidth"]
    for name, (graph, width) in TEXTBOOK.items():
        (tmp_path / f"{name}.gr").write_text(pace(graph))
        known.append(f"{name}.gr,{len(graph)},{width}")
    (tmp_path / KNOWN).write_text("\n".join(known))
    return tmp_path


def run(directory: Path) -> Result:
    return CliRunner().invoke(command, [str(directory)])


def without_times(text: str) -> list[str]:
    """The lines of the table, without the last column, and the line that sums it up."""
    return [
        re.sub(r"[^|]*\|$", "", line)
        for line in text.splitlines()
        if line.startswith("|") or " graphs at their treewidth" in line
    ]


def test_textbook_graphs_are_at_their_treewidths(directory: Path) -> None:
    result = run(directory)
    assert result.exit_code == 0, result.output
    header, _, *rows, last = without_times(result.output)
    assert header == "| graph | nodes | edges | width found | treewidth | above |"
    by_width = sorted(TEXTBOOK.items(), key=lambda item: (item[1][1], f"{item[0]}.gr"))
    assert rows == [
        f"| {name} | {len(graph)} | {graph.number_of_edges()} | {width} | {width} | 0 |"
        for name, (graph, width) in by_width
    ]
    assert last == "8 of 8 graphs at their treewidth; at most 0 above it."


def test_a_width_above_the_treewidth_is_told(directory: Path) -> None:
    (directory / KNOWN).write_text(
        "file,known_treewidth\n"
        + "".join(f"{name}.gr,{max(width - 2, 0)}\n" for name, (_, width) in TEXTBOOK.items())
    )
    result = run(directory)
    assert "| clique | 6 | 15 | 5 | 3 | 2 |" in without_times(result.output)
    assert "1 of 8 graphs at their treewidth; at most 2 above it." in result.output


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("ring.gr", "", "ring.gr: expected p tw NODES EDGES, got ''"),
        ("ring.gr", "1 2\n", "ring.gr: line 1: expected p tw NODES EDGES, got '1 2'"),
        ("ring.gr", "p edge 2 1\n1 2\n", "ring.gr: line 1: expected p tw NODES EDGES, got"),
        ("ring.gr", "p tw 0 0\n", "ring.gr: line 1: expected NODES, a whole number from 1 to"),
        ("ring.gr", "p tw 2 -1\n", "ring.gr: line 1: expected EDGES, a whole number from 0 to"),
        ("ring.gr", "p tw 2 \u0661\n", "ring.gr: line 1: expected EDGES, a whole number from 0 to"),
        ("ring.gr", "c x\np tw 2 1\n1 3\n", "ring.gr: line 3: expected a node, a whole number"),
        ("ring.gr", "p tw 2 1\n0 1\n", "ring.gr: line 2: expected a node, a whole number from 1"),
        ("ring.gr", "p tw 2 1\n1 b\n", "ring.gr: line 2: expected a node, a whole number from 1"),
        ("ring.gr", "p tw 2 1\n1 2 3\n", "ring.gr: line 2: expected the two ends of an edge"),
        ("ring.gr", "p tw 2 1\n2 2\n", "ring.gr: line 2: expected another node than 2 at"),
        ("ring.gr", "p tw 2 2\n1 2\n2 1\n", "ring.gr: line 3: the edge 2 1 stands already at line"),
        ("ring.gr", "p tw 3 2\n1 2\n", "ring.gr: expected the 2 edges that the p line says, got 1"),
        ("ring.gr", "p tw 2 1\n1 2\np tw 2 1\n", "ring.gr: line 3: expected the two ends of an"),
        (KNOWN, "", f"{KNOWN}: expected one column file, got ''"),
        (KNOWN, "file,width\n", f"{KNOWN}: line 1: expected one column known_treewidth, got"),
        (KNOWN, "file,known_treewidth\nring.gr\n", f"{KNOWN}: line 2: expected 2 fields, got 1"),
        (
            KNOWN,
            "file,known_treewidth\nring.gr,2.5\n",
            f"{KNOWN}: line 2: expected known_treewidth",
        ),
        (KNOWN, "file,known_treewidth\na,1\na,1\n", f"{KNOWN}: line 3: duplicate file 'a'"),
        (KNOWN, "file,known_treewidth\n", f"{KNOWN}: expected a line for 'bipartite.gr'"),
        (
            KNOWN,
            "file,known_treewidth\nbipartite.gr,9\n",
            "bipartite.gr: expected known_treewidth <",
        ),
    ],
)
def test_a_bad_file_is_one_line_and_exit_status_2(
    directory: Path, name: str, text: str, problem: str
) -> None:
    (directory / name).write_text(text, encoding="utf-8")
    result = run(directory)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("treewidth: ")
    assert problem in result.stderr
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize("place", ["nowhere", "empty", "file"])
def test_a_directory_without_graphs_is_one_line_and_exit_status_2(
    tmp_path: Path, place: str
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("p tw 1 0\n")
    result = run(tmp_path / place)
    assert (result.exit_code, result.stdout) == (2, "")
    expected = f"treewidth: {tmp_path / place}: expected a directory with graphs, *.gr\n"
    assert result.stderr == expected


def test_the_treewidths_are_needed(directory: Path) -> None:
    (directory / KNOWN).unlink()
    with pytest.raises(BadInput, match=f"{KNOWN}: no such file"):
        rows_of(directory)


def test_real_graphs_are_read_whole_and_no_order_beats_a_treewidth() -> None:
    directory = real("solver/treewidth")
    with (directory / KNOWN).open() as file:
        published = {line["file"]: line for line in csv.DictReader(file)}
    rows = rows_of(directory)
    assert len(rows) == 20
    for row in rows:
        line = published[row.name]
        assert (row.nodes, row.edges) == (int(line["vertices"]), int(line["edges"]))
        assert row.known == int(line["known_treewidth"])
        assert row.known <= row.width <= row.known + 3
        edges = read_pace(directory / row.name).edges
        assert nx.number_of_selfloops(nx.Graph(edges)) == 0
        assert nx.Graph(edges).number_of_edges() == row.edges
    assert len(read_known(directory / KNOWN)) == len(published)


def test_the_page_has_the_table_as_it_is_printed() -> None:
    result = run(real("solver/treewidth"))
    assert without_times(result.output) == without_times(PAGE.read_text(encoding="utf-8"))
