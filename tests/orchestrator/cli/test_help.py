"""What a newcomer reads: every command's help, its examples, and the page made of them."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from orchestrator.cli import main
from orchestrator.cli.completion import SHELLS
from orchestrator.cli.sections import OTHERS, SECTIONS
from orchestrator.reference.command_line import command_line_page

ROOT = Path(__file__).resolve().parents[3]
EXAMPLE = re.compile(r"^  walras (?!COMMAND)(.*)$", re.MULTILINE)

#: Commands whose examples are promised.
WITH_EXAMPLES = ("run", "resume", "solve")


def told(*arguments: str) -> str:
    result = CliRunner().invoke(main, [*arguments])
    assert result.exit_code == 0, result.output
    return result.stdout


def test_the_main_help_lists_every_command_once_under_what_it_is_for() -> None:
    text = told("--help")
    for name in main.commands:
        assert len(re.findall(rf"^  {name} ", text, re.MULTILINE)) == 1
    titles = [title for title in SECTIONS if f"\n{title}:\n" in text]
    assert titles == [title for title, names in SECTIONS.items() if set(names) & set(main.commands)]
    assert f"\n{OTHERS}:\n" not in text
    assert "..." not in text.split("Options:")[1]


def test_a_command_of_no_section_is_listed_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(main.commands, "extra", click.Command("extra", help="Do more."))
    assert re.search(rf"\n{OTHERS}:\n  extra +Do more\.\n", told("--help"))


@pytest.mark.parametrize("name", sorted(main.commands))
def test_every_command_says_what_it_is_for(name: str) -> None:
    text = told(name, "--help")
    assert text.startswith(f"Usage: main {name} ")
    command = main.commands[name]
    for parameter in command.params:
        if isinstance(parameter, click.Argument):
            metavar = parameter.make_metavar(click.Context(command))
            for name_of_it in re.findall(r"[A-Z]{2,}", metavar):
                assert name_of_it in str(command.help)


@pytest.mark.parametrize("name", sorted(main.commands))
def test_the_examples_of_a_command_are_commands(name: str) -> None:
    examples = EXAMPLE.findall(main.commands[name].epilog or "")
    assert examples or name not in WITH_EXAMPLES
    for example in examples:
        command, *arguments = shlex.split(re.split(r" [|>] ", example)[0])
        main.commands[command].make_context(command, arguments)  # raises where it is none


@pytest.mark.parametrize(
    ("arguments", "guess"), [(["rnu"], "'run'"), (["run", "--quite", "x.yaml"], "'--quiet'")]
)
def test_what_is_misspelt_is_guessed(arguments: list[str], guess: str) -> None:
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert guess in result.stderr


def test_the_page_is_what_the_commands_say() -> None:
    page = command_line_page()
    assert (ROOT / "docs" / "command-line.md").read_text(encoding="utf-8") == page
    for name in main.commands:
        assert f"### walras {name}\n" in page


@pytest.mark.parametrize("shell", SHELLS)
def test_each_shell_gets_a_script_that_asks_the_command(shell: str) -> None:
    script = told("completion", shell)
    assert f"_WALRAS_COMPLETE={shell}_complete" in script


@pytest.mark.parametrize(
    ("typed", "completed"),
    [(("so",), "solve"), (("solve", "--ex"), "--explain"), (("completion", "f"), "fish")],
)
def test_commands_options_and_choices_are_completed(typed: tuple[str, ...], completed: str) -> None:
    asked = {"_WALRAS_COMPLETE": "bash_complete", "COMP_CWORD": str(len(typed))}
    words = {"COMP_WORDS": " ".join(("walras", *typed))}
    result = CliRunner().invoke(main, prog_name="walras", env=asked | words)
    assert result.stdout == f"plain,{completed}\n"


def test_bash_itself_completes_with_the_script(tmp_path: Path) -> None:
    bash, walras = shutil.which("bash"), shutil.which("walras", path=str(ROOT / ".venv" / "bin"))
    walras = walras or shutil.which("walras")
    assert bash is not None
    assert walras is not None
    typed = (
        'COMP_WORDS=(walras ver); COMP_CWORD=1; _walras_completion walras; echo "${COMPREPLY[@]}"'
    )
    script = tmp_path / "completion.bash"
    script.write_text(told("completion", "bash") + typed)
    path = f"{Path(walras).parent}{os.pathsep}{os.environ['PATH']}"
    result = subprocess.run(
        [bash, "--norc", str(script)],
        env=os.environ | {"PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.stdout == "verify\n", result.stderr
