"""Requests from an Azure LLM inference trace: TIMESTAMP,ContextTokens,GeneratedTokens."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path

from market import seeding
from market.errors import BadInput
from orchestrator.demand.dialogue import Dialogue, TurnPlan
from orchestrator.demand.shape import DialogueShape, draw_task, draw_terms
from orchestrator.text_file import read_text

COLUMNS = ["TIMESTAMP", "ContextTokens", "GeneratedTokens"]
MOST_TOKENS = 10_000_000


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
    lines = csv.reader(io.StringIO(read_text(path), newline=""))
    header = next(lines, [])
    if header != COLUMNS:
        place = f"{path}: line 1"
        raise BadInput(place, f"expected {','.join(COLUMNS)}, got {','.join(header)!r}")
    rows: list[TraceRow] = []
    first: datetime | None = None
    for row in islice(lines, limit):
        place = f"{path}: line {lines.line_num}"
        time, context, generated = _read_row(row, place)
        first = first or time
        since_s = (time - first).total_seconds()
        if rows and since_s < rows[-1].time_s:
            raise BadInput(f"{place}: TIMESTAMP", f"earlier than the row before: {row[0]}")
        rows.append(TraceRow(since_s, context, generated))
    if not rows:
        raise BadInput(str(path), "expected at least one row below the header, got none")
    return rows


def _read_row(row: list[str], place: str) -> tuple[datetime, int, int]:
    if len(row) != len(COLUMNS):
        raise BadInput(place, f"expected {len(COLUMNS)} fields, got {len(row)}: {','.join(row)!r}")
    try:
        # seven decimals of a second stand in the published files; Python reads six
        time = datetime.fromisoformat(row[0].strip()[:26])
    except ValueError:
        raise BadInput(
            f"{place}: TIMESTAMP", f"expected YYYY-MM-DD HH:MM:SS.ffffff, got {row[0]!r}"
        ) from None
    return (
        time,
        _tokens(row[1], f"{place}: {COLUMNS[1]}"),
        _tokens(row[2], f"{place}: {COLUMNS[2]}"),
    )


def _tokens(text: str, place: str) -> int:
    if not text.strip().isdecimal() or not 1 <= int(text) <= MOST_TOKENS:
        raise BadInput(place, f"expected a whole number from 1 to {MOST_TOKENS}, got {text!r}")
    return int(text)


def azure_dialogues(
    rows: list[TraceRow],
    rate_scale: float,
    shape: DialogueShape,
    domains: Mapping[str, float],
    seed: int,
    source: str,
) -> Iterator[Dialogue]:
    """The trace's requests as dialogues of one turn; what the trace lacks is drawn.

    Domain, difficulty and words are drawn as in the built-in source: the trace has no content.
    """
    for number, row in enumerate(rows):
        name = f"{source}-{number:06d}"
        rng = seeding.stream(seed, "dialogue", name)
        task = draw_task(domains, shape.difficulty, rng)
        terms = draw_terms(shape.terms, shape.topical, task.domain, rng)
        question_tokens = min(row.context_tokens - 1, 32) or 1
        yield Dialogue(
            dialogue=name,
            start_s=row.time_s / rate_scale,
            document_tokens=max(1, row.context_tokens - question_tokens),
            task=task,
            turns=(TurnPlan(question_tokens, row.generated_tokens, 0.0, terms),),
        )
