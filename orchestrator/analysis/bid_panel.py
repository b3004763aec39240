"""What providers bid, as matrices of rounds by providers."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from market.errors import BadInput
from orchestrator.analysis.columns import Columns, columns_of, where
from orchestrator.analysis.logged_run import Keyed


@dataclass(frozen=True)
class BidPanel:
    """The bids of one trial.

    ``providers`` (P,) are in the order of the table of that name, ``rounds`` (R,) ascend, and
    ``values`` has (R, P) of every column that was asked for.
    """

    providers: tuple[str, ...]
    rounds: npt.NDArray[np.int64]
    values: Columns

    def row(self, round_: int) -> int:
        """The place of a round; raises ``BadInput`` where nobody bid in it."""
        place = int(np.searchsorted(self.rounds, round_))
        if place == len(self.rounds) or self.rounds[place] != round_:
            raise BadInput("bids", f"has no rows of round {round_}: the log is not whole")
        return place


def bid_panels(run: Path, *names: str) -> dict[int, BidPanel]:
    """The panel of every trial, with the columns ``names`` of bids.

    Raises ``BadInput`` where a provider did not bid in a round, or is not known.
    """
    profiles = columns_of(run, "providers", "trial", "provider")
    bids = columns_of(run, "bids", "trial", "round", "provider", *names)
    panels = Keyed("bids", ())
    for trial in np.unique(bids["trial"]).tolist():
        providers = tuple(profiles["provider"][profiles["trial"] == trial].tolist())
        own = where(bids, bids["trial"] == trial)
        try:
            panels[trial] = _panel(providers, own, names)
        except BadInput as error:
            raise BadInput(f"{run}: trial {trial}: {error.where}", error.problem) from None
    return panels


def _panel(providers: tuple[str, ...], bids: Columns, names: tuple[str, ...]) -> BidPanel:
    place_of = {name: place for place, name in enumerate(providers)}
    column = np.array([place_of.get(name, -1) for name in bids["provider"].tolist()])
    rounds, row = np.unique(bids["round"], return_inverse=True)
    cell = row * len(providers) + column
    if (column < 0).any() or not np.array_equal(
        np.sort(cell), np.arange(len(rounds) * len(providers))
    ):
        problem = f"expected one of each of {len(providers)} providers in every round"
        raise BadInput("bids", f"{problem}: the log is not whole")
    order = np.argsort(cell)
    shape = (len(rounds), len(providers))
    return BidPanel(providers, rounds, {name: bids[name][order].reshape(shape) for name in names})
