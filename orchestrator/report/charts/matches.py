"""The chat matches of a run, with what came of them."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from market.messages import CHAT
from orchestrator.log import read_table

KEY = ["trial", "request"]


def chat_matches(run: Path, realized: list[str]) -> pa.Table:
    """One row a match that was served, in no order.

    The columns are trial, request, the ``round`` of the match, and ``realized`` of the completions.
    """
    awards = read_table(run, "awards", [*KEY, "round", "kind"])
    awards = awards.filter(pc.field("kind") == CHAT).drop_columns(["kind"])
    done = served_chats(run, [*KEY, *realized])
    return awards.join(done, KEY, join_type="inner")


def served_chats(run: Path, columns: list[str]) -> pa.Table:
    """Columns of the completions, of chat requests that did not fail."""
    wanted = list(dict.fromkeys([*columns, "kind", "error"]))
    done = read_table(run, "completions", wanted)
    return done.filter((pc.field("kind") == CHAT) & pc.field("error").is_null()).select(columns)


def settled_chats(run: Path, columns: list[str]) -> pa.Table:
    """Columns of the settlements, of chat requests that were served."""
    wanted = list(dict.fromkeys([*columns, "kind", "void"]))
    moved = read_table(run, "settlements", wanted)
    return moved.filter((pc.field("kind") == CHAT) & ~pc.field("void")).select(columns)
