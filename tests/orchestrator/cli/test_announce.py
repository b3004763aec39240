"""What a run says of itself: its summary is whole, however narrow the terminal."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from orchestrator.analysis.summary import summarize
from orchestrator.analysis.summary_rows import summary_rows
from orchestrator.cli.announce import announce_result
from orchestrator.runs.directory import COMPARED
from orchestrator.runs.run import Footprint
from tests.markets import run_market, small_market

ARMS = ("matrix_factorization", "least_loaded", "sticky")


@pytest.mark.parametrize("width", [20, 80, 300])
def test_no_label_and_no_figure_of_the_summary_is_cut(width: int, tmp_path: Path) -> None:
    market = small_market(rounds=2, compare=list(ARMS))
    run = run_market(market, tmp_path / "run")
    told = StringIO()
    console = Console(file=told, width=width)
    announce_result(console, run, market, 1.0, Footprint(processes=1, peak_bytes=1))
    lines = [line.rstrip() for line in told.getvalue().splitlines()]
    assert lines[1].split() == ["auction", *ARMS]
    runs = [summarize(run), *(summarize(run / COMPARED / name) for name in ARMS)]
    rows = summary_rows(runs)
    for line, (label, figures) in zip(lines[2:], rows, strict=False):
        assert line.startswith(f"{label} ")
        assert line.removeprefix(label).split() == " ".join(figures).split()
