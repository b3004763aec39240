"""``walras completion``."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

PROGRAM = "walras"

#: Where the program, asked by the shell, looks for what it is asked.
COMPLETE = "_WALRAS_COMPLETE"

SHELLS = ("bash", "zsh", "fish")

EPILOG = """
\b
To complete in every new shell, put its line into the file named:
  bash   eval "$(walras completion bash)"     ~/.bashrc
  zsh    eval "$(walras completion zsh)"      ~/.zshrc
  fish   walras completion fish | source      ~/.config/fish/config.fish

bash needs to be 4.4 or newer; macOS comes with an older one.
"""


@click.command(epilog=EPILOG)
@click.argument("shell", type=click.Choice(SHELLS))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print the script by which SHELL completes commands, options and files.

    It changes nothing; the shell has to read it.
    """
    kind = get_completion_class(shell)
    assert kind is not None  # click brings all three
    script = kind(context.find_root().command, {}, PROGRAM, COMPLETE)
    click.echo(script.source_template % script.source_vars())
