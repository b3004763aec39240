"""What befalls participants, and what is told of it."""

from __future__ import annotations

from dataclasses import dataclass

#: Kinds of participants.
PROVIDER, HUB, ORCHESTRATOR = "provider", "hub", "orchestrator"

#: Events. A provider that hangs is given up in the end, as lost as after a crash, until it is back;
#: it is unreachable where work is sent to it meanwhile.
CRASH, HANG, GIVEN_UP, UNREACHABLE, BACK = "crash", "hang", "given_up", "unreachable", "back"

#: Why a provider offers nothing: it is given up, or it is still waited for.
LOST, HUNG = "lost", "hung"

#: The error of what was in flight at a provider that is lost.
PROVIDER_LOST = "provider lost"

#: Causes; else what was seen of a process.
DRAWN, LISTED = "drawn", "listed"


@dataclass(frozen=True)
class FaultEvent:
    """Something that befell a participant in a round.

    ``lost`` counts what was in flight there and failed by it, ``reauctioned`` those chat requests
    among it that are auctioned once more.
    """

    participant: str
    name: str
    event: str
    cause: str
    lost: int = 0
    reauctioned: int = 0
