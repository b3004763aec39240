"""Requests from an Azure LLM inference trace: TIMESTAMP,ContextTokens,GeneratedTokens."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

from market.errors import BadInput
from market.fields import shown
from orchestrator.demand.trace import MOST_TOKENS, TraceRequest
from orchestrator.text_file import read_text

COLUMNS = ["TIMESTAMP", "ContextTokens", "GeneratedTokens"]
MOST_DIGITS = 20


@dataclass(frozen=True, slots=True)
class TraceRow:
    """One request; ``time_s`` counts from the first row."""

    time_s: float
    context_tokens: int
    generated_tokens: int


def read_trace(path: Path, limit: int | None = None) -> list[TraceRow]:
    """The rows of a trace file.

    Raises:
        BadInput: names the file and the line of the first malformed row.
    """
    lines = _lines(path)
    place, header = next(lines, (f"{path}: line 1", []))
    if header != COLUMNS:
        expected, got = ",".join(COLUMNS), shown(",".join(header))
        raise BadInput(place, f"expected {expected}, got {got}")
    rows: list[TraceRow] = []
    first: datetime | None = None
    for place, row in islice(lines, limit):
        time, context, generated = _read_row(row, place)
        first = first or time
        since_s = (time - first).total_seconds()
        if rows and since_s < rows[-1].time_s:
            raise BadInput(f"{place}: TIMESTAMP", f"earlier than the row before: {row[0]}")
        rows.append(TraceRow(since_s, context, generated))
    if not rows:
        raise BadInput(str(path), "expected at least one row below the header, got none")
    return rows


def _lines(path: Path) -> Iterator[tuple[str, list[str]]]:
    """The fields of every line, with the place where they stand."""
    lines = csv.reader(io.StringIO(read_text(path), newline=""))
    try:
        for row in filter(None, lines):  # blank lines have no fields
            yield f"{path}: line {lines.line_num}", row
    except csv.Error as error:
        raise BadInput(f"{path}: line {lines.line_num}", f"not CSV: {error}") from None


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
    except ValueError:
        raise BadInput(place, f"expected YYYY-MM-DD HH:MM:SS.ffffff, got {shown(text)}") from None
    return time if time.tzinfo is None else time.astimezone(UTC).replace(tzinfo=None)


def _tokens(text: str, place: str) -> int:
    digits = text.strip()
    if digits.isdecimal() and len(digits) <= MOST_DIGITS and 1 <= int(digits) <= MOST_TOKENS:
        return int(digits)
    raise BadInput(place, f"expected a whole number from 1 to {MOST_TOKENS}, got {shown(text)}")


def azure_requests(rows: Iterable[TraceRow]) -> Iterator[TraceRequest]:
    """The rows as requests that share nothing: the trace has no content."""
    for number, row in enumerate(rows):
        yield TraceRequest(
            conversation=f"{number:06d}",
            time_s=row.time_s,
            document=(),
            question_tokens=row.context_tokens,
            output_tokens=row.generated_tokens,
        )
