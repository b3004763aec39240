"""Requests from a Mooncake trace: JSON lines with chained hashes of 512-token blocks.

``{"timestamp": ms, "input_length": n, "output_length": m, "hash_ids": [...]}``. A hash id names a
block together with all before it, so two prompts share exactly the blocks whose ids they share:
the ids are the spans of the prompt, and real prefix reuse happens. All requests share the first
block; those that share the second belong to one conversation.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from market import seeding
from market.errors import BadInput
from market.fields import Fields, shown
from market.prompt import Prompt, Span
from orchestrator.demand.trace import MOST_TOKENS, TraceRequest
from orchestrator.json_text import parse_json
from orchestrator.text_file import read_text

BLOCK_TOKENS = 512


@dataclass(frozen=True, slots=True)
class MooncakeRow:
    """One request; ``time_s`` as in the trace."""

    time_s: float
    input_tokens: int
    output_tokens: int
    hash_ids: tuple[int, ...]

    @property
    def conversation(self) -> int:
        """The second block's id, or the first's where there is no second."""
        return self.hash_ids[min(1, len(self.hash_ids) - 1)]

    @property
    def prompt(self) -> Prompt:
        """The blocks as spans, the last as long as it is."""
        last = self.input_tokens - BLOCK_TOKENS * (len(self.hash_ids) - 1)
        lengths = [BLOCK_TOKENS] * (len(self.hash_ids) - 1) + [last]
        return tuple(
            Span(seeding.content_id("mooncake", block), length)
            for block, length in zip(self.hash_ids, lengths, strict=True)
        )


def read_mooncake(path: Path, limit: int | None = None) -> list[MooncakeRow]:
    """The rows of a trace file.

    Raises:
        BadInput: names the file, the line and the field of the first malformed row.
    """
    rows: list[MooncakeRow] = []
    numbered = enumerate(read_text(path).split("\n"), start=1)
    for number, line in islice(((n, text) for n, text in numbered if text.strip()), limit):
        place = f"{path}: line {number}"
        try:
            row = _read_row(line)
        except BadInput as error:
            raise error.inside(place) from None
        if rows and row.time_s < rows[-1].time_s:
            raise BadInput(
                f"{place}: timestamp", f"earlier than the row before: {1e3 * row.time_s:g}"
            )
        rows.append(row)
    if not rows:
        raise BadInput(str(path), "expected at least one row, got none")
    return rows


def _read_row(line: str) -> MooncakeRow:
    fields = Fields(parse_json(line), "")
    time_s = fields.number("timestamp", low=0, high=1e15) / 1e3
    input_tokens = fields.integer("input_length", low=1, high=MOST_TOKENS)
    output_tokens = fields.integer("output_length", low=1, high=MOST_TOKENS)
    blocks = fields.sequence("hash_ids")
    for index, block in enumerate(blocks):
        if isinstance(block, bool) or not isinstance(block, int):
            raise BadInput(f"hash_ids.{index}", f"expected a whole number, got {shown(block)}")
    expected = math.ceil(input_tokens / BLOCK_TOKENS)
    if len(blocks) != expected:
        raise BadInput(
            "hash_ids",
            f"expected {expected} blocks of {BLOCK_TOKENS} for {input_tokens} tokens, "
            f"got {len(blocks)}",
        )
    fields.done()
    return MooncakeRow(time_s, input_tokens, output_tokens, tuple(blocks))


def mooncake_requests(rows: Iterable[MooncakeRow]) -> Iterator[TraceRequest]:
    """The rows as requests whose whole prompts are made of the trace's blocks."""
    for row in rows:
        yield TraceRequest(
            conversation=f"{row.conversation:08d}",
            time_s=row.time_s,
            document=row.prompt,
            question_tokens=0,
            output_tokens=row.output_tokens,
        )
