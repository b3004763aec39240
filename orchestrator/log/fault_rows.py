"""The rows of faults: what befell participants in a round."""

from __future__ import annotations

from orchestrator.faults.events import FaultEvent
from orchestrator.log.tables import FaultRow


def fault_row(at: tuple[int, int], fault: FaultEvent) -> FaultRow:
    """One event; ``at`` is trial and round."""
    return FaultRow(
        *at,
        participant=fault.participant,
        name=fault.name,
        event=fault.event,
        cause=fault.cause,
        lost=fault.lost,
        reauctioned=fault.reauctioned,
    )
