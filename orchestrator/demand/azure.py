"""Requests from an Azure LLM inference trace: TIMESTAMP,ContextTokens,GeneratedTokens."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

from market.errors import BadInput
from market.fields import shown
from orchestrator.demand.trace import MOST_TOKENS, TraceRequest
from orchestrator.reading.csv_text import csv_rows

COLUMNS = ["TIMESTAMP", "ContextTokens", "GeneratedTokens"]
HEADER = ",".join(COLUMNS)
TIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})?"
)
TOKENS = re.compile(r"[0-9]{1,20}")


@dataclass(frozen=True, slots=True)
class AzureRow:
    """One request; ``time_s`` counts from the first row."""

    time_s: float
    context_tokens: int
    generated_tokens: int


def read_trace(path: Path, limit: int | None = None) -> Iterator[AzureRow]:
    """The rows of a trace file, in order of time, read and checked one at a time.

    Raises:
        BadInput: names the file, the line and the column of the first malformed row.
    """
    rows = csv_rows(path)
    place, header = next(rows, (f"{path}: line 1", []))
    if header != COLUMNS:
        raise BadInput(place, f"expected {HEADER}, got {shown(','.join(header))}")
    first: datetime | None = None
    last_s = 0.0
    for place, row in islice(rows, limit):
        time, context, generated = _read_row(row, place)
        first = first or time
        since_s = (time - first).total_seconds()
        if since_s < last_s:
            raise BadInput(f"{place}: TIMESTAMP", f"earlier than the row before: {row[0].strip()}")
        last_s = since_s
        yield AzureRow(since_s, context, generated)
    if first is None:
        raise BadInput(str(path), "expected at least one row below the header, got none")


def _read_row(row: list[str], place: str) -> tuple[datetime, int, int]:
    if len(row) != len(COLUMNS):
        got = shown(",".join(row))
        raise BadInput(place, f"expected {len(COLUMNS)} fields, got {len(row)}: {got}")
    time = _time(row[0], f"{place}: {COLUMNS[0]}")
    context, generated = (
        _tokens(text, f"{place}: {column}")
        for text, column in zip(row[1:], COLUMNS[1:], strict=True)
    )
    return time, context, generated


def _time(text: str, place: str) -> datetime:
    """A time; one with a zone is turned to UTC, which one without is taken to be."""
    stated = text.strip()
    try:
        if TIME.fullmatch(stated):
            time = datetime.fromisoformat(stated)
            return time if time.tzinfo is None else time.astimezone(UTC).replace(tzinfo=None)
    except (ValueError, OverflowError):  # no such day, or a zone leads out of the years 1 to 9999
        pass
    raise BadInput(place, f"expected YYYY-MM-DD HH:MM:SS.ffffff, got {shown(text)}")


def _tokens(text: str, place: str) -> int:
    digits = text.strip()
    if TOKENS.fullmatch(digits) and 1 <= int(digits) <= MOST_TOKENS:
        return int(digits)
    raise BadInput(place, f"expected a whole number from 1 to {MOST_TOKENS}, got {shown(text)}")


def azure_requests(rows: Iterable[AzureRow]) -> Iterator[TraceRequest]:
    """The rows as requests that share nothing: the trace has no content."""
    for number, row in enumerate(rows):
        yield TraceRequest(
            conversation=f"{number:06d}",
            turn=1,
            time_s=row.time_s,
            document=(),
            question_tokens=row.context_tokens,
            output_tokens=row.generated_tokens,
        )
