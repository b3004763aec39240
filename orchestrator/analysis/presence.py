"""How providers came and went in a run, and what being there cost them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from agents.presence import LEFT, OUTAGE
from market.errors import BadInput
from market.fields import shown
from market.money import usd
from orchestrator.faults.events import HUNG, LOST
from orchestrator.log import read_table

Numbers = npt.NDArray[np.intp]

_ORDER = ("trial", "provider", "round")

#: What a bid can say of its provider's presence, and what an understudy says of it.
_OWN = (None, OUTAGE, LEFT)
_STATES = (*_OWN, HUNG, LOST)


@dataclass(frozen=True)
class PresenceSummary:
    """Providers' presence, over all rounds of all trials.

    ``out`` and ``left`` are the shares of bids that offered nothing, by an outage and by choice.
    ``outages`` and ``exits`` count how often providers went, ``returns`` how often they came back
    from either; who goes from one to the other has not come back. Bids in whose place an
    understudy spoke, for a provider that was hung or lost, say nothing of coming and going.
    """

    out: float
    left: float
    outages: int
    exits: int
    returns: int
    fixed_cost_usd: float

    @property
    def always(self) -> bool:
        """Whether everyone was there all the time, at no fixed cost."""
        return not (self.outages or self.exits or self.fixed_cost_usd)


def presence(run: Path) -> PresenceSummary:
    """Add up the bids of a run; raises ``BadInput`` if a part of the log is unreadable."""
    bids = read_table(run, "bids", [*_ORDER, "absence", "fixed_cost_nano"])
    bids = bids.sort_by([(key, "ascending") for key in _ORDER])
    state = _states(run, bids["absence"])
    went = _went(bids, state)
    rows = max(1, len(state))
    return PresenceSummary(
        out=float((state == _STATES.index(OUTAGE)).sum() / rows),
        left=float((state == _STATES.index(LEFT)).sum() / rows),
        outages=went[OUTAGE],
        exits=went[LEFT],
        returns=went[None],
        fixed_cost_usd=usd(_total(bids["fixed_cost_nano"])),
    )


def _states(run: Path, absence: pa.ChunkedArray) -> Numbers:
    """(n,) the place of each in ``_STATES``."""
    for name in pc.unique(absence).to_pylist():
        if name not in _STATES:
            problem = f"expected {OUTAGE}, {LEFT} or nothing, got {shown(name)}"
            raise BadInput(f"{run}: bids.absence", problem)
    found = pc.index_in(absence, pa.array(_STATES, pa.string()))
    return np.asarray(found.to_numpy(), dtype=np.intp)


def _went(bids: pa.Table, state: Numbers) -> dict[str | None, int]:
    """How often each state that is a provider's own began; everyone is there to begin with."""
    own = state < len(_OWN)
    trial = bids["trial"].to_numpy()[own]
    seller = pc.index_in(bids["provider"], pc.unique(bids["provider"])).to_numpy()[own]
    now = state[own]
    before = np.roll(now, 1)
    first = np.ones(len(now), dtype=bool)
    first[1:] = (trial[1:] != trial[:-1]) | (seller[1:] != seller[:-1])
    before[first] = _STATES.index(None)
    times = np.bincount(now[now != before], minlength=len(_OWN))
    return dict(zip(_OWN, times.tolist(), strict=True))


def _total(nano: pa.ChunkedArray) -> int:
    return int(pc.sum(nano).as_py() or 0)
