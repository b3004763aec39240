"""A bidding ring: sellers who take turns at bidding low.

Source: McAfee and McMillan, "Bidding Rings" (American Economic Review 82(3), 1992).
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, field_validator

from agents.params import Params
from agents.strategy.role import Draw, Report
from market.errors import BadInput

_Factor = Annotated[float, Field(ge=0.001, le=1000)]


class Ring(Params):
    """Sellers who agree who bids in earnest, by turns.

    All members bid in every round, so all count alike and none has to tell the others. No money
    goes round in the ring: what a member forgoes is repaid when its turn comes.
    """

    kind: Literal["ring"] = "ring"
    members: Annotated[tuple[str, ...], Field(min_length=2)]
    """The ids of the providers in the ring, in the order of their turns."""
    turn: _Factor = 1.0
    """The factor on the cost of whose turn it is."""
    rest: _Factor = 3.0
    """The factor on the cost of all others."""
    period: int = Field(1, ge=1)
    """How many bids a turn lasts."""

    @field_validator("members")
    @classmethod
    def _different(cls, members: tuple[str, ...]) -> tuple[str, ...]:
        for member in members:
            if members.count(member) > 1:
                raise ValueError(f"expected different members, got {member} again")
        return members

    def start(self, who: str = "") -> Rotation:
        """A member's reporter.

        Raises:
            BadInput: ``who`` is not a member.
        """
        if who not in self.members:
            expected = ", ".join(self.members)
            got = who or "a client, and a ring is one of providers"
            raise BadInput("ring", f"members: expected one of {expected}; got {got}")
        return Rotation(self, self.members.index(who))

    def without_feedback(self) -> Self:
        """The same: whose turn it is follows from the count of bids alone."""
        return self


class Rotation:
    """One member of a ring; it counts its bids."""

    def __init__(self, ring: Ring, place: int):
        self._ring = ring
        self._place = place
        self._bids = 0

    def report(self, draw: Draw) -> Report:
        """In earnest if it is this member's turn."""
        turn = self._bids // self._ring.period
        self._bids += 1
        mine = turn % len(self._ring.members) == self._place
        return Report(self._ring.turn if mine else self._ring.rest)

    def learn(self, report: Report, utility: float) -> None:
        """An agreement is kept, whatever it brings."""

    def hear(self, highest: float | None) -> None:
        """An agreement is kept, whatever prices are."""
