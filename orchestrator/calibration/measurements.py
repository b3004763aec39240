"""Measurements of an engine: JSON lines, a request each, and what the engine was.

``{"request_id", "input_toks", "output_toks", "arrival_time", "queued_ts", "scheduled_ts",
"first_token_ts", "last_token_ts"}``, as vLLM's ``RequestStateStats`` calls them, in seconds;
``scheduled_ts`` may be missing and is not used. ``arrival_time`` may be on another clock than the
others: the request that was queued soonest after its arrival says how far apart they are.

A ``meta.json`` beside the file, if there is one, says what the engine's limits are, under
``engine_kwargs`` and ``kv_cache``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from market.errors import BadInput
from market.fields import Fields, shown
from orchestrator.reading.json_text import parse_json
from orchestrator.reading.text_file import read_lines, read_text

Floats = npt.NDArray[np.float64]

META_FILE = "meta.json"
#: Half of them must tell five coefficients.
FEWEST_REQUESTS = 20
#: Clocks count from 1970, or from when a machine was started; a float keeps them to microseconds.
MOST_SECONDS = 1e10
MOST_TOKENS = 10_000_000
MOST_BLOCKS = 100_000_000

#: Where ``meta.json`` has each limit, and how the command line calls it.
_LIMITS = {
    "block_size": ("kv_cache", "block_size"),
    "kv_blocks": ("kv_cache", "num_gpu_blocks"),
    "max_num_seqs": ("engine_kwargs", "max_num_seqs"),
    "max_num_batched_tokens": ("engine_kwargs", "max_num_batched_tokens"),
    "max_model_len": ("engine_kwargs", "max_model_len"),
}


@dataclass(frozen=True)
class Limits:
    """What the engine was: its cache, its batch and its prompts; see ``EngineProfile``."""

    block_size: int
    kv_blocks: int
    max_num_seqs: int
    max_num_batched_tokens: int
    max_model_len: int


@dataclass(frozen=True, slots=True)
class Measured:
    """One request; times in seconds after the first arrival.

    Attributes:
        request: its id.
        input_tokens: of its prompt.
        output_tokens: of its answer.
        arrival_s: when it came, on the engine's clock.
        queued_s: when the engine took note of it, which it does between steps.
        first_s: when its first token came.
        last_s: when its last token came.
    """

    request: str
    input_tokens: int
    output_tokens: int
    arrival_s: float
    queued_s: float
    first_s: float
    last_s: float


@dataclass(frozen=True)
class Measurements:
    """Requests in the order of their arrival, at an engine with these limits."""

    requests: tuple[Measured, ...]
    limits: Limits

    def column(self, name: str) -> Floats:
        """(requests,), one attribute of all."""
        return np.array([getattr(request, name) for request in self.requests], dtype=np.float64)


def read_measurements(path: Path, options: Mapping[str, int | None] | None = None) -> Measurements:
    """The measurements of a file; ``options`` go before what ``meta.json`` says of the limits.

    Raises:
        BadInput: names the file, the line and the key of the first malformed value.
    """
    limits = _read_limits(path.parent / META_FILE, options or {})
    lines = [(number, line) for number, line in read_lines(path) if line.strip()]
    rows: dict[str, Measured] = {}
    for number, line in lines:
        try:
            row = _read_row(Fields(_parsed(line), ""), limits)
            if row.request in rows:
                raise BadInput("request_id", f"duplicate id {shown(row.request)}")
        except BadInput as error:
            raise error.inside(f"{path}: line {number}") from None
        rows[row.request] = row
    if len(rows) < FEWEST_REQUESTS:
        expected = f"expected at least {FEWEST_REQUESTS} requests"
        raise BadInput(str(path), f"{expected}, got {len(rows)}")
    return Measurements(_on_one_clock(list(rows.values())), limits)


def _read_row(fields: Fields, limits: Limits) -> Measured:
    """A row whose times are on the clocks of the file."""
    times = [
        fields.number(key, low=-MOST_SECONDS, high=MOST_SECONDS)
        for key in ("arrival_time", "queued_ts", "first_token_ts", "last_token_ts")
    ]
    row = Measured(
        fields.text("request_id"),
        fields.integer("input_toks", low=1, high=MOST_TOKENS),
        fields.integer("output_toks", low=1, high=MOST_TOKENS),
        *times,
    )
    fields.raw("scheduled_ts", None)
    fields.done()
    _check_order("first_token_ts", row.first_s, "queued_ts", row.queued_s)
    _check_order("last_token_ts", row.last_s, "first_token_ts", row.first_s)
    tokens = row.input_tokens + row.output_tokens
    if tokens > limits.max_model_len:
        problem = f"{tokens} tokens with the answer, expected at most the engine's max_model_len"
        raise BadInput("input_toks", f"{problem}, {limits.max_model_len}")
    # one block is none to use, and the state of the last token is never computed
    blocks, usable = math.ceil((tokens - 1) / limits.block_size), limits.kv_blocks - 1
    if blocks > usable:
        problem = f"{blocks} KV blocks with the answer, expected at most the engine's"
        raise BadInput("input_toks", f"{problem} {usable}")
    return row


def _check_order(key: str, later: float, before_key: str, before: float) -> None:
    if later < before:
        raise BadInput(key, f"expected at least {before_key}, {before:.15g}; got {later:.15g}")


def _parsed(line: str) -> object:
    try:
        return parse_json(line)
    except BadInput as error:  # a line of the file is all that the parser saw, its line 1
        raise BadInput(error.where.removeprefix("line 1 "), error.problem) from None


def _on_one_clock(rows: Sequence[Measured]) -> tuple[Measured, ...]:
    """In order of arrival, in seconds after the first; arrivals moved to the engine's clock."""
    ahead_s = min(row.queued_s - row.arrival_s for row in rows)
    rows = sorted(rows, key=lambda row: row.arrival_s)
    start_s = rows[0].arrival_s + ahead_s
    return tuple(
        Measured(
            row.request,
            row.input_tokens,
            row.output_tokens,
            arrival_s=row.arrival_s - rows[0].arrival_s,
            queued_s=row.queued_s - start_s,
            first_s=row.first_s - start_s,
            last_s=row.last_s - start_s,
        )
        for row in rows
    )


def _read_limits(path: Path, options: Mapping[str, int | None]) -> Limits:
    meta: object = {}
    if path.exists():
        try:
            meta = parse_json(read_text(path))
            found = {name: _stated(meta, *keys) for name, keys in _LIMITS.items()}
        except BadInput as error:
            raise error if error.where.startswith(str(path)) else error.inside(str(path)) from None
    else:
        found = dict.fromkeys(_LIMITS)
    found |= {name: value for name, value in options.items() if value is not None}
    for name, value in found.items():
        if value is None:
            option = f"--{name.replace('_', '-')}"
            raise BadInput(f"{path}: {'.'.join(_LIMITS[name])}", f"not there: state {option}")
    return Limits(**{name: value for name, value in found.items() if value is not None})


def _stated(meta: object, section: str, key: str) -> int | None:
    """A limit that ``meta.json`` states; null is as good as nothing."""
    fields = Fields(meta, "").record(section, {})
    unsaid = fields.raw(key, None) is None
    return None if unsaid else fields.integer(key, low=1, high=MOST_BLOCKS)
