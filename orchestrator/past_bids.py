"""The bids of an earlier run as samples of a prior."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from hubs.prior_learning import order_statistics
from market.errors import BadInput
from market.fields import shown
from orchestrator.log import read_table

#: More would make every copy of the scenario long and change little.
MOST_SAMPLES = 1000


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
    columns = ["trial", "round", "provider", "workflow_bid", "prior_low", "prior_high"]
    bids = read_table(run, "bids", columns).to_pydict()
    rounds = read_table(run, "rounds", ["trial", "round", "electricity_factor"]).to_pydict()
    factor = {
        (trial, round_): factor if scaled else 1.0
        for trial, round_, factor in zip(*rounds.values(), strict=True)
    }
    of_group = [provider.rpartition("-")[0] == group for provider in bids["provider"]]
    if not any(of_group):
        problem = f"expected a run's directory with bids of the group {shown(group)}"
        raise BadInput(where, f"{problem}, got {shown(str(run))}")
    try:
        level = np.array([factor[at] for at in zip(bids["trial"], bids["round"], strict=True)])
    except KeyError:
        raise BadInput(f"{where}: {run}", "has bids of rounds that it does not know") from None
    bid, low, high = (
        (np.array(bids[name]) / level)[of_group]
        for name in ("workflow_bid", "prior_low", "prior_high")
    )
    samples = order_statistics(np.sort(np.clip(bid, low, high)), MOST_SAMPLES)
    return {"samples": samples.tolist(), "low": float(low.min()), "high": float(high.max())}
