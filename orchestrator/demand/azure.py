"""Requests from an Azure LLM inference trace: TIMESTAMP,ContextTokens,GeneratedTokens.

A row is a line: a field may be quoted, but ends on the line where it begins.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

from market.errors import BadInput
from market.fields import shown
from orchestrator.demand.trace import MOST_TOKENS, TraceRequest
from orchestrator.text_file import read_lines

COLUMNS = ["TIMESTAMP", "ContextTokens", "GeneratedTokens"]
HEADER = ",".join(COLUMNS)
MOST_DIGITS = 20


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
    lines = ((number, line) for number, line in read_lines(path) if line.strip())
    number, header = next(lines, (1, ""))
    if header.replace('"', "") != HEADER:
        raise BadInput(f"{path}: line {number}", f"expected {HEADER}, got {shown(header)}")
    first: datetime | None = None
    last_s = 0.0
    for number, line in islice(lines, limit):
        place = f"{path}: line {number}"
        row = _fields(line, place)
        time, context, generated = _read_row(row, place)
        first = first or time
        since_s = (time - first).total_seconds()
        if since_s < last_s:
            raise BadInput(f"{place}: TIMESTAMP", f"earlier than the row before: {row[0].strip()}")
        last_s = since_s
        yield AzureRow(since_s, context, generated)
    if first is None:
        raise BadInput(str(path), "expected at least one row below the header, got none")


def _fields(line: str, place: str) -> list[str]:
    try:
        return next(csv.reader([line], strict=True))
    except csv.Error as error:
        raise BadInput(place, f"not CSV: {error}") from None


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
    try:
        time = datetime.fromisoformat(text.strip())
        return time if time.tzinfo is None else time.astimezone(UTC).replace(tzinfo=None)
    except (ValueError, OverflowError):  # a zone can lead out of the years 1 to 9999
        raise BadInput(place, f"expected YYYY-MM-DD HH:MM:SS.ffffff, got {shown(text)}") from None


def _tokens(text: str, place: str) -> int:
    digits = text.strip()
    if digits.isdecimal() and len(digits) <= MOST_DIGITS and 1 <= int(digits) <= MOST_TOKENS:
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
