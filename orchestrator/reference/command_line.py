"""docs/command-line.md: every command's help, and the events of ``--json``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import click

from orchestrator.cli import main
from orchestrator.cli.json_fields import EVENTS, SUMMARY
from orchestrator.cli.sections import sectioned

PROGRAM = "walras"

#: Of the lines of a help text, as of a wide terminal.
WIDTH = 96

INTRODUCTION = """\
# The command line

What follows is what `walras --help` and `walras COMMAND --help` print. Bad input is one line on
stderr that names the place, the value and what was expected, and exit status 2. An unknown command
or option is told with what it may have been meant to be.
"""

WATCHING = """\
## Watching a run

On a terminal `walras run` and `walras resume` show a bar; elsewhere they print a line every ten
seconds. Both tell the rounds of demand that are over, of all trials under all mechanisms; the pace
of the last thirty seconds and the time left at that pace; and of the trial that runs the welfare so
far, how requests and workflows ended, and how often a participant was lost. That welfare is what
hubs know, predicted value less cost at the bids. What answers were truly worth, and what they truly
cost, is private, and stands in the summary in the end.

## Events of --json

With `--json` they print nothing but events on stdout, one JSON object a line. `event` says which
one it is. `plan` comes first, then `progress` at most once a second, then `result`, or `error`
where the run did not come to its end. Errors are told on stderr too, and the exit status is the
same as without `--json`. What is not defined, such as a mean of nothing, is null. `walras resume
--json` of a run that is complete prints its `result` alone.

```
walras run market.yaml --json | jq 'select(.event == "progress") | .rounds_per_s'
```
"""

SUMMARIES = """\
### Summaries

`summaries` in `result` has an object for every mechanism, with these fields. Amounts are over all
trials.
"""


def command_line_page() -> str:
    """The whole page."""
    return "\n".join([INTRODUCTION, *_commands(), WATCHING, *_events()])


def _commands() -> Iterator[str]:
    top = click.Context(main, info_name=PROGRAM, terminal_width=WIDTH, **main.context_settings)
    yield _help(top)
    for title, commands in sectioned(main):
        yield f"## {title}\n"
        for name, command in commands:
            yield f"### walras {name}\n"
            yield _help(click.Context(command, parent=top, info_name=name, terminal_width=WIDTH))


def _help(context: click.Context) -> str:
    text = "\n".join(line.rstrip() for line in context.get_help().splitlines())
    return f"```text\n{text}\n```\n"


def _events() -> Iterator[str]:
    for event, fields in EVENTS.items():
        yield f"### {event}\n"
        yield _table(fields)
    yield SUMMARIES
    for part, fields in SUMMARY.items():
        yield _table({f"{part}.{name}" if part else name: said for name, said in fields.items()})


def _table(fields: Mapping[str, str]) -> str:
    rows = [f"| `{name}` | {meaning} |" for name, meaning in fields.items()]
    return "\n".join(["| field | meaning |", "| --- | --- |", *rows, ""])
