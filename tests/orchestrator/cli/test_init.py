from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from orchestrator.cli import main
from orchestrator.cli.init import KINDS
from orchestrator.scenario.model import load_scenario
from orchestrator.scenario.starter import STARTERS, starter


@pytest.fixture(autouse=True)
def _empty_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_the_kinds_are_those_that_can_be_written() -> None:
    assert tuple(KINDS) == tuple(STARTERS)


def test_init_writes_a_scenario_and_says_what_to_type_next() -> None:
    done = CliRunner().invoke(main, ["init"])
    assert done.exit_code == 0
    assert done.output == (
        "wrote scenario.yaml; now run it:\n  walras run scenario.yaml --ray off\n"
    )
    assert load_scenario(Path("scenario.yaml")).hubs.count == 2


def test_init_replaces_a_file_only_if_told_to() -> None:
    Path("mine.yaml").write_text("mine")
    refused = CliRunner().invoke(main, ["init", "mine.yaml"])
    assert refused.exit_code == 2
    assert refused.output == (
        "walras: mine.yaml: expected a file that is not there yet, or --force to replace it\n"
    )
    assert Path("mine.yaml").read_text() == "mine"
    assert (
        CliRunner().invoke(main, ["init", "mine.yaml", "--force", "--kind", "chat"]).exit_code == 0
    )
    assert Path("mine.yaml").read_text() == starter("chat", "mine.yaml")


def test_init_prints_to_the_terminal_and_writes_nothing() -> None:
    done = CliRunner().invoke(main, ["init", "-", "--kind", "iemas"])
    assert done.output == starter("iemas", "FILE")
    assert not list(Path.cwd().iterdir())


def test_init_says_in_one_line_where_it_cannot_write() -> None:
    done = CliRunner().invoke(main, ["init", "nowhere/scenario.yaml"])
    assert done.exit_code == 2
    assert done.output == (
        "walras: nowhere/scenario.yaml: cannot be written: No such file or directory\n"
    )


def test_the_next_command_is_quoted_for_the_shell() -> None:
    done = CliRunner().invoke(main, ["init", "my market.yaml"])
    assert "walras run 'my market.yaml' --ray off" in done.output
    assert "walras run 'my market.yaml' --ray off" in Path("my market.yaml").read_text()
