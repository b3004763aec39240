"""``walras init``."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click

from market.errors import BadInput
from orchestrator.cli.errors import one_line_errors

if TYPE_CHECKING:
    from collections.abc import Sequence

STDOUT = Path("-")
#: The starters of ``orchestrator.scenario.starter``, which is not imported for ``--help``.
KINDS: Sequence[str] = ("both", "chat", "workflows", "iemas")


@click.command()
@click.argument("file", type=click.Path(path_type=Path), default=Path("scenario.yaml"))
@click.option(
    "--kind",
    type=click.Choice(KINDS),
    default=KINDS[0],
    show_default=True,
    help="What is sold: chat requests, workflows, or both; or the market of IEMAS's experiments.",
)
@click.option("--force", is_flag=True, help="Replace the file if it is there already.")
@one_line_errors
def init(file: Path, kind: str, force: bool) -> None:
    """Write a scenario to begin with to FILE, every key explained.

    FILE is scenario.yaml unless said; `-` is the terminal. It runs as it is, in seconds.
    """
    from orchestrator.scenario.starter import starter

    if file == STDOUT:
        click.echo(starter(kind, "FILE"), nl=False)
        return
    name = shlex.quote(str(file))
    text = starter(kind, name)
    try:
        with file.open("w" if force else "x", encoding="utf-8") as stream:
            stream.write(text)
    except FileExistsError:
        problem = "expected a file that is not there yet, or --force to replace it"
        raise BadInput(str(file), problem) from None
    except OSError as error:
        raise BadInput(str(file), f"cannot be written: {error.strerror}") from None
    click.echo(f"wrote {file}; now run it:\n  walras run {name} --ray off")
