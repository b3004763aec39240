"""The bids of an earlier run as samples of a prior."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from agents.params import Params
from hubs.prior_learning import order_statistics
from market.errors import BadInput
from market.fields import shown
from orchestrator.log import read_table
from orchestrator.runs.run_file import read_run_file

#: More would make every copy of the scenario long and change little.
MOST_SAMPLES = 1000


class PastBids(Params):
    """An empirical prior whose samples are in the log of an earlier ``run``."""

    kind: Literal["empirical"]
    run: str
    scaled: bool = True
    low: float | None = None
    high: float | None = None


def past_bids(run: Path, group: str, *, scaled: bool, where: str) -> dict[str, Any]:
    """The samples and the support of the prior that a group's workflow bids in ``run`` make.

    Bids are moved into the public support of their provider in their round, outside of which they
    would have been declined, and taken at electricity factor 1 if the prior is to be ``scaled``. Of
    more than ``MOST_SAMPLES`` only order statistics at even ranks are kept. The support is the
    widest of any of those rounds.

    Args:
        run: the directory of a run.
        group: of the providers, whose ids begin with its name.
        scaled: whether electricity is to be taken out.
        where: whose prior it is, for messages.

    Raises:
        BadInput: there is no readable log of bids of that group.
    """
    try:
        read_run_file(run)
        bids = _bids_of(run, group)
    except BadInput as error:
        raise error.inside(where) from None
    bid, low, high = (
        bids[name].to_numpy() / (bids["electricity_factor"].to_numpy() if scaled else 1.0)
        for name in _PRICES
    )
    samples = order_statistics(np.sort(np.clip(bid, low, high)), MOST_SAMPLES)
    return {"samples": samples.tolist(), "low": float(low.min()), "high": float(high.max())}


_PRICES = ["workflow_bid", "prior_low", "prior_high"]


def _bids_of(run: Path, group: str) -> pa.Table:
    """The bids of a group, each with the electricity factor of its round."""
    bids = read_table(run, "bids", ["trial", "round", "provider", *_PRICES])
    known = pc.unique(bids["provider"]).to_pylist()
    members = [name for name in known if name.rpartition("-")[0] == group]
    if not members:
        problem = f"expected a run with bids of the group {shown(group)}, got none of it"
        raise BadInput(str(run), problem)
    bids = bids.filter(pc.is_in(bids["provider"], pa.array(members)))
    rounds = read_table(run, "rounds", ["trial", "round", "electricity_factor"])
    joined = bids.join(rounds, ["trial", "round"], join_type="left outer")
    if joined["electricity_factor"].null_count:
        raise BadInput(str(run), "has bids of rounds that it does not know")
    return joined
