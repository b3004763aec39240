"""What the winners of served workflows have done, what it cost them, and what they were paid."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from market.messages import WORKFLOW
from orchestrator.log import read_table

_BY_WINNER = ["trial", "request", "provider"]


def served_work(run: Path) -> pa.Table:
    """One row a winner of a served workflow, sorted: its award beside its settlement.

    ``done_cost_nano`` is the award's true cost, which is of the quantity that was predicted, in
    proportion to the quantity that was run. Raises ``BadInput`` if a part of the log is unreadable.
    """
    served = read_table(run, "workflows", ["trial", "workflow", "name", "status"])
    served = served.filter(pc.field("status") == "served").drop_columns(["status"])
    awarded = ["client_pays_nano", "quantity_tokens", "true_cost_nano"]
    settled = ["client_paid_nano", "realized_quantity_tokens", "realized_payment_nano"]
    awards = _of_workflows(run, "awards", awarded)
    settlements = _of_workflows(run, "settlements", settled)
    both = awards.join(settlements, _BY_WINNER, join_type="inner")
    done = both.join(served, ["trial", "request"], ["trial", "workflow"], join_type="inner")
    predicted, realized = done["quantity_tokens"], done["realized_quantity_tokens"]
    share = pc.if_else(pc.equal(predicted, 0.0), 1.0, pc.divide(realized, predicted))
    cost = pc.multiply(pc.cast(done["true_cost_nano"], pa.float64()), share)
    done = done.append_column("done_cost_nano", cost)
    return done.sort_by([(key, "ascending") for key in ("name", *_BY_WINNER)])


def _of_workflows(run: Path, table: str, columns: list[str]) -> pa.Table:
    rows = read_table(run, table, [*_BY_WINNER, "kind", *columns])
    return rows.filter(pc.field("kind") == WORKFLOW).drop_columns(["kind"])
