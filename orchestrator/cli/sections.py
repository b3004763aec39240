"""The main help: commands grouped by what they are for."""

from __future__ import annotations

from collections.abc import Iterator

import click

#: What commands are for, in the order in which somebody meets them; what is not here comes last.
SECTIONS: dict[str, tuple[str, ...]] = {
    "Run markets": ("init", "run", "resume", "sweep"),
    "Look at a run": ("report", "verify", "audit"),
    "Clear one auction": ("solve",),
    "Engines": ("calibrate",),
    "Shell": ("completion",),
}

OTHERS = "More"

#: No first sentence of a help is longer: none is cut, it may take two lines.
WHOLE = 1000


def sectioned(group: click.Group) -> Iterator[tuple[str, list[tuple[str, click.Command]]]]:
    """The commands that ``group`` has, by section, each with its name."""
    listed = {name for names in SECTIONS.values() for name in names}
    others = tuple(name for name in sorted(group.commands) if name not in listed)
    for title, names in {**SECTIONS, OTHERS: others}.items():
        commands = [(name, group.commands[name]) for name in names if name in group.commands]
        if commands:
            yield title, commands


class SectionedGroup(click.Group):
    """A group whose help lists its commands by ``SECTIONS``."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write a list of commands for every section, all in the same columns."""
        widest = max(map(len, self.commands), default=0)
        for title, commands in sectioned(self):
            with formatter.section(title):
                formatter.write_dl(
                    [
                        (name.ljust(widest), command.get_short_help_str(WHOLE))
                        for name, command in commands
                    ]
                )
