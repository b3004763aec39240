from __future__ import annotations

from click.testing import CliRunner

from benchmarks.log_scale import command

SMALL = ["--rounds", "30", "--requests", "8", "--providers", "10", "--hubs", "2", "--real", "6"]


def test_a_small_run_prints_every_figure() -> None:
    result = CliRunner().invoke(command, SMALL)
    assert result.exit_code == 0, result.output
    for figure in (
        "ms a round",
        "in fsync",
        "rows/s",
        "at the end",
        "resident memory",
        "predictions",
        "full",
        "awarded",
        "a part each",
    ):
        assert figure in result.output
