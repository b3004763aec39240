"""The chat requests that were served: what was asked, answered and paid, on one row each."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from market.errors import BadInput
from market.messages import CHAT
from orchestrator.analysis.columns import Columns, columns_of, missing, where

_KEY = ("trial", "request")

#: Columns of whole nano-USD that Arrow may hold as floats, for their nulls elsewhere.
_WHOLE = ("realized_value_nano", "realized_cost_nano")


def served_chat(run: Path) -> Columns:
    """One row a served request, sorted by trial and request.

    Columns, (served,) each: ``trial``, ``request``, ``arrival_s``; of the answer
    ``realized_value_nano``, ``realized_cost_nano``, ``prompt_tokens``, ``cached_tokens`` (null
    where not reported), ``ttft_s``, ``quality``, ``submitted_s``; of the settlement
    ``client_paid_nano``, ``provider_received_nano``, ``hub_kept_nano``. Raises ``BadInput`` where
    the three tables do not tell of the same requests.
    """
    asked = columns_of(run, "requests", "trial", "request", "status", "arrival_s")
    asked = where(asked, asked["status"] == "served")
    done = columns_of(
        run, "completions", "trial", "request", "kind", "error", "realized_value_nano",
        "realized_cost_nano", "prompt_tokens", "cached_tokens", "ttft_s", "quality", "submitted_s",
    )  # fmt: skip
    done = where(done, (done["kind"] == CHAT) & missing(done["error"]))
    paid = columns_of(
        run, "settlements", "trial", "request", "kind", "void", "client_paid_nano",
        "provider_received_nano", "hub_kept_nano",
    )  # fmt: skip
    paid = where(paid, (paid["kind"] == CHAT) & ~paid["void"].astype(bool))
    asked, done, paid = (_by_request(table) for table in (asked, done, paid))
    if not all(np.array_equal(asked[key], other[key]) for other in (done, paid) for key in _KEY):
        raise BadInput(str(run), "expected as many answers as settlements: the log is not whole")
    whole = {name: done[name].astype(np.int64) for name in _WHOLE}
    return asked | done | paid | whole


def _by_request(columns: Columns) -> Columns:
    """The rows in order of trial and request, so that two tables line up."""
    trial, request = (columns[key] for key in _KEY)
    return where(columns, np.lexsort((request.astype(str), trial)))
