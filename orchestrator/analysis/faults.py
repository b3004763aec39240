"""What befell the participants of a run, added up."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from orchestrator.faults.events import CRASH, GIVEN_UP, HANG, HUB, HUNG, LOST, PROVIDER
from orchestrator.log import read_table


@dataclass(frozen=True)
class FaultSummary:
    """Losses over all rounds of all trials.

    ``crashes`` and ``hangs`` are of providers, ``given_up`` those of the hangs that lasted too
    long; ``hub_crashes`` count hubs that began anew. ``lost`` is what was in flight and failed by
    it, chat requests and nodes of workflows. ``absent`` is the share of bids that an understudy
    made, because their provider was hung or lost.
    """

    crashes: int
    hangs: int
    given_up: int
    hub_crashes: int
    lost: int
    absent: float

    @property
    def none(self) -> bool:
        """Whether nothing befell anyone."""
        return not (self.crashes or self.hangs or self.hub_crashes)


def faults(run: Path) -> FaultSummary:
    """Add up the faults of a run; raises ``BadInput`` if a part of the log is unreadable."""
    rows = read_table(run, "faults").to_pylist()
    times = Counter((row["participant"], row["event"]) for row in rows)
    absences = read_table(run, "bids", ["absence"])["absence"].to_pylist()
    return FaultSummary(
        crashes=times[PROVIDER, CRASH],
        hangs=times[PROVIDER, HANG],
        given_up=times[PROVIDER, GIVEN_UP],
        hub_crashes=times[HUB, CRASH],
        lost=sum(row["lost"] for row in rows),
        absent=sum(one in (HUNG, LOST) for one in absences) / max(1, len(absences)),
    )
