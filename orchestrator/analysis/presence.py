"""How providers came and went in a run, and what being there cost them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from agents.presence import LEFT, OUTAGE
from market.errors import BadInput
from market.fields import shown
from market.money import usd
from orchestrator.faults.events import HUNG, LOST
from orchestrator.log import read_table

_ORDER = ("trial", "provider", "round")


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
    seller = [
        f"{trial} {name}"
        for trial, name in zip(*(bids[key].to_pylist() for key in _ORDER[:2]), strict=True)
    ]
    absence = bids["absence"].to_pylist()
    went = {OUTAGE: 0, LEFT: 0, None: 0}
    before: str | None = None
    for index, now in enumerate(absence):
        if index and seller[index] != seller[index - 1]:
            before = None
        if now in (HUNG, LOST):
            continue
        if now not in went:
            problem = f"expected {OUTAGE}, {LEFT} or nothing, got {shown(now)}"
            raise BadInput(f"{run}: bids.absence", problem)
        if now != before:
            went[now] += 1
        before = now
    rows = max(1, len(absence))
    return PresenceSummary(
        out=absence.count(OUTAGE) / rows,
        left=absence.count(LEFT) / rows,
        outages=went[OUTAGE],
        exits=went[LEFT],
        returns=went[None],
        fixed_cost_usd=usd(_total(bids["fixed_cost_nano"])),
    )


def _total(nano: pa.ChunkedArray) -> int:
    return int(pc.sum(nano).as_py() or 0)
