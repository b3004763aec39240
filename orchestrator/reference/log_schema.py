"""The page on the tables of the log, made from the classes that declare them."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from textwrap import wrap

from orchestrator.log.columns import Column, columns
from orchestrator.log.relations import JOINS, KEYS, Join
from orchestrator.log.schema import SCHEMA_VERSION
from orchestrator.log.tables import TABLES

#: What each version of the schema brought.
HISTORY = {
    1: "the first tables: providers, hubs, rounds, requests, bids, predictions, awards, "
    "completions, settlements, workflows, nodes, edges, timings",
    2: "`priors` and `auctions`; bids name their prior and its price level, and what workflows "
    "really took is logged",
    3: "`prequential`; hubs account for what was promised and paid; exploration, the largest "
    "clearing prices and standard errors of predictions",
    4: "`handoffs`; bids say who was absent and why, the load and fixed costs",
    5: "`faults` and `digests`; what failed may be auctioned once more (`retry_of`)",
}

_HEAD = """# The tables of the log

What every table and column of a run's log means. This page is generated from the classes that
declare them (`python -m orchestrator.reference docs`); how to read a log is in
[reading-the-log.md](reading-the-log.md), how it is kept on the disk in [log.md](log.md).

- Rows come in the order of writing: by trial, then by round. *Key* says which columns no two rows
  of a table share.
- Money is integer nano-USD, 1e-9 USD; times are seconds of trial time; a unit `1` is a plain ratio,
  no unit a name, a truth value or a number of things.
- Lists over providers are in the order of the `providers` rows with that hub.
- *Private* is what no hub ever sees: true costs and valuations, and what came of them. The log has
  them for analysis.
- *Null* says whether a value may be missing.
"""

_JOINED = """A line reads: each row of the tables behind the colon has exactly one row of the table
at the head of the group with these columns equal; brackets say which rows, and when. `requests` and
`workflows` are written when what they are of ends, so a run that was stopped lacks some of them.
"""


def log_schema_page() -> str:
    """The page in Markdown."""
    parts = [_HEAD, f"The schema is version {SCHEMA_VERSION}, in `run.json`.\n", _overview()]
    parts += ["## How tables join\n", _diagram(), _JOINED]
    parts += ["## Tables\n", *(_table(table) for table in TABLES)]
    parts += ["## Versions\n", "A log of another version is not read.\n", _history()]
    return "\n".join(parts)


def _overview() -> str:
    rows = [f"| [`{table}`](#{table}) | {_said(table)[0]} | {_names(table)} |" for table in TABLES]
    return "\n".join(["| table | a row is | key |", "|---|---|---|", *rows, ""])


def _diagram() -> str:
    """By what is referred to, who refers to it."""
    lines = []
    for parent, key in KEYS.items():
        by_columns: dict[str, list[str]] = {}
        for join in JOINS:
            if join.parent == parent:
                by_columns.setdefault(_on(join), []).append(join.table)
        if by_columns:
            lines.append(f"{parent} ({', '.join(key)})")
        for place, (on, tables) in enumerate(by_columns.items(), 1):
            last = place == len(by_columns)
            first, then = ("  └─ ", "       ") if last else ("  ├─ ", "  │    ")
            line = f"{on}: {', '.join(tables)}"
            lines += wrap(line, 100, initial_indent=first, subsequent_indent=then)
    return "\n".join(["```", *lines, "```", ""])


def _on(join: Join) -> str:
    notes = ", ".join(filter(None, (join.where, join.given)))
    return join.shown_on + (f" [{notes}]" if notes else "")


def _table(table: str) -> str:
    summary, details = _said(table)
    lines = [f"### {table}", "", f"{summary}.", "", *details]
    lines += [f"Key: {_names(table)}.", "", "| column | type | null | unit | private | meaning |"]
    lines += ["|---|---|---|---|---|---|", *map(_column, columns(table)), ""]
    lines += _references(table)
    return "\n".join(lines)


def _column(column: Column) -> str:
    null, private = ("yes" if told else "" for told in (column.nullable, column.private))
    told = (f"`{column.name}`", column.type, null, column.unit, private, column.meaning)
    return f"| {' | '.join(told)} |"


def _references(table: str) -> Iterator[str]:
    joins = [join for join in JOINS if join.table == table]
    if joins:
        parents = {f"[`{join.parent}`](#{join.parent})": None for join in joins}
        yield f"Refers to {', '.join(parents)}."
        yield ""


def _said(table: str) -> tuple[str, list[str]]:
    """The docstring of a table: its first sentence, and the other lines."""
    first, *rest = (inspect.getdoc(TABLES[table]) or "").splitlines()
    details = "\n".join(rest).strip().replace("``", "`")
    return first.removesuffix("."), [details, ""] if details else []


def _names(table: str) -> str:
    return ", ".join(f"`{name}`" for name in KEYS[table])


def _history() -> str:
    return "\n".join(f"- {version}: {brought}." for version, brought in HISTORY.items()) + "\n"
