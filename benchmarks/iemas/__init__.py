"""The table and the figures of the IEMAS paper, each one command."""

import click

from benchmarks.iemas import fig_3, fig_4, fig_5, fig_6, fig_7, table_1

#: Every command by name.
COMMANDS: dict[str, click.Command] = {
    "iemas-table-1": table_1.command,
    "iemas-fig-3": fig_3.command,
    "iemas-fig-4": fig_4.command,
    "iemas-fig-5": fig_5.command,
    "iemas-fig-6": fig_6.command,
    "iemas-fig-7": fig_7.command,
}
