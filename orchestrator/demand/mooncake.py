"""Requests from a Mooncake trace: JSON lines with chained hashes of 512-token blocks.

``{"timestamp": ms, "input_length": n, "output_length": m, "hash_ids": [...]}``. A hash id names a
block together with all before it, so two prompts share exactly the blocks whose ids they share:
the ids are the spans of the prompt, and real prefix reuse happens. All requests share the first
block; those that share the second belong to one conversation.

However long the trace, the conversations that are remembered are ``MOST_CONVERSATIONS``.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from market import seeding
from market.errors import BadInput
from market.fields import Fields, shown
from market.prompt import Prompt, Span
from orchestrator.demand.trace import MOST_TOKENS, TraceRequest
from orchestrator.reading.json_text import parse_json
from orchestrator.reading.text_file import read_lines

BLOCK_TOKENS = 512
MOST_BLOCK_ID = 2**64 - 1
#: How many conversations' turns are counted; the one that was longest silent goes first.
MOST_CONVERSATIONS = 100_000


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


def read_mooncake(path: Path, limit: int | None = None) -> Iterator[MooncakeRow]:
    """The rows of a trace file, in order of time, read and checked one at a time.

    Raises:
        BadInput: names the file, the line and the field of the first malformed row.
    """
    last = None
    lines = ((number, line) for number, line in read_lines(path) if line.strip())
    for number, line in islice(lines, limit):
        place = f"{path}: line {number}"
        try:
            row = _read_row(line)
        except BadInput as error:
            raise error.inside(place) from None
        if last is not None and row.time_s < last.time_s:
            raise BadInput(
                f"{place}: timestamp", f"earlier than the row before: {1e3 * row.time_s:.15g}"
            )
        last = row
        yield row
    if last is None:
        raise BadInput(str(path), "expected at least one row, got none")


def _read_row(line: str) -> MooncakeRow:
    fields = Fields(_parse(line), "")
    time_s = fields.number("timestamp", low=0, high=1e15) / 1e3
    input_tokens = fields.integer("input_length", low=1, high=MOST_TOKENS)
    output_tokens = fields.integer("output_length", low=1, high=MOST_TOKENS)
    blocks = fields.sequence("hash_ids")
    for index, block in enumerate(blocks):
        if type(block) is not int or not 0 <= block <= MOST_BLOCK_ID:
            problem = f"expected a whole number from 0 to {MOST_BLOCK_ID}, got {shown(block)}"
            raise BadInput(f"hash_ids.{index}", problem)
    expected = math.ceil(input_tokens / BLOCK_TOKENS)
    if len(blocks) != expected:
        raise BadInput(
            "hash_ids",
            f"expected {expected} blocks of {BLOCK_TOKENS} for {input_tokens} tokens, "
            f"got {len(blocks)}",
        )
    fields.done()
    return MooncakeRow(time_s, input_tokens, output_tokens, tuple(blocks))


def _parse(line: str) -> Any:
    try:
        return parse_json(line)
    except BadInput as error:  # a line of the file is all that the parser saw, its line 1
        raise BadInput(error.where.removeprefix("line 1 "), error.problem) from None


def mooncake_requests(rows: Iterable[MooncakeRow]) -> Iterator[TraceRequest]:
    """The rows as requests whose whole prompts are made of the trace's blocks.

    A conversation's turns count from 1. One that may have been forgotten counts on from the
    highest turn of those that were, so that no turn comes twice.
    """
    turns: OrderedDict[int, int] = OrderedDict()
    forgotten = 0
    for row in rows:
        turn = turns.pop(row.conversation, forgotten) + 1
        turns[row.conversation] = turn
        if len(turns) > MOST_CONVERSATIONS:
            forgotten = max(forgotten, turns.popitem(last=False)[1])
        yield TraceRequest(
            conversation=f"{row.conversation:08d}",
            turn=turn,
            time_s=row.time_s,
            document=row.prompt,
            question_tokens=0,
            output_tokens=row.output_tokens,
        )
