"""The bids of those who compete with each other, and the public prices to hold them against."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from market.messages import CHAT, WORKFLOW
from orchestrator.analysis.bid_panel import BidPanel, bid_panels
from orchestrator.analysis.columns import Columns, columns_of, where

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class GroupBids:
    """The bids of those who sell in one hub, of one trial.

    ``bids`` and ``prices`` are (rounds, members), USD per 1e6 output tokens; bids are NaN where
    nothing was offered, prices the middle of the public support.
    """

    trial: int
    market: str
    group: str
    members: tuple[str, ...]
    bids: Floats
    prices: Floats

    @property
    def normalised(self) -> Floats:
        """(rounds, members), bid over public price; NaN where there is no bid above 0."""
        return np.where(self.bids > 0, self.bids, np.nan) / self.prices


def group_bids(run: Path) -> Iterator[GroupBids]:
    """The members of every matching hub by their chat bids, and all who sell to workflows."""
    offered = columns_of(run, "providers", "trial", "provider", "hub", "workflow_slots")
    public = ("chat_bid", "workflow_bid", "prior_low", "prior_high", "available")
    for trial, panel in bid_panels(run, *public).items():
        own = where(offered, offered["trial"] == trial)
        for hub in sorted({hub for hub in own["hub"].tolist() if hub is not None}):
            yield _of_group(trial, CHAT, hub, panel, own, own["hub"] == hub)
        if (own["workflow_slots"] > 0).any():
            sells = own["workflow_slots"] > 0
            yield _of_group(trial, WORKFLOW, WORKFLOW, panel, own, sells)


def _of_group(
    trial: int,
    market: str,
    group: str,
    panel: BidPanel,
    own: Columns,
    members: npt.NDArray[np.bool_],
) -> GroupBids:
    value = {name: table[:, members] for name, table in panel.values.items()}
    return GroupBids(
        trial,
        market,
        group,
        tuple(own["provider"][members].tolist()),
        np.where(value["available"].astype(bool), value[f"{market}_bid"], np.nan),
        (value["prior_low"] + value["prior_high"]) / 2,
    )
