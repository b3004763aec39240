from __future__ import annotations

import pytest
from click.testing import CliRunner

from benchmarks.rounds import command

SMALL = ["--providers", "10", "--requests", "8", "--hubs", "2", "--rounds", "24"]


@pytest.mark.slow
def test_a_small_run_prints_every_figure() -> None:
    result = CliRunner().invoke(command, SMALL)
    assert result.exit_code == 0, result.output
    for figure in (
        "in-process",
        "Ray, 4 actors",
        "rounds/s",
        "requests/s",
        "peak PSS",
        "engines",
        "by own time",
    ):
        assert figure in result.output


def test_the_warm_up_is_not_all() -> None:
    result = CliRunner().invoke(command, ["--rounds", "20"])
    assert result.exit_code == 2
