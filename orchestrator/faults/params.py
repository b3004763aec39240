"""The ``faults`` of a scenario: what breaks down and when, and what becomes of what it did."""

from __future__ import annotations

import math
from collections.abc import Collection
from typing import Annotated, Literal

from pydantic import Field, model_validator

from agents.params import Params
from market.fields import shown
from orchestrator.faults.events import HANG

#: How long an engine that stopped is waited for if a scenario does not say, of trial time.
DEADLINE_S = 10.0


class MeanUp(Params):
    """Faults of each participant by itself, without memory, ``mean_up_s`` apart in the mean."""

    mean_up_s: float = Field(ge=1e-3, le=1e12)

    def chance(self, round_s: float) -> float:
        """The chance of one in a round of ``round_s`` seconds."""
        return -math.expm1(-round_s / self.mean_up_s)


class ListedFault(Params):
    """One fault: in which round, of which provider or hub. Hubs only crash."""

    round: int = Field(ge=1)
    provider: str | None = None
    hub: str | None = None
    event: Literal["crash", "hang"] = "crash"

    @model_validator(mode="after")
    def _of_one(self) -> ListedFault:
        if (self.provider is None) == (self.hub is None):
            raise ValueError("expected exactly one of provider, hub")
        if self.hub is not None and self.event == HANG:
            raise ValueError("event: expected crash, which is all that befalls a hub; got hang")
        return self

    @property
    def name(self) -> str:
        """Of whom."""
        name = self.hub if self.provider is None else self.provider
        assert name is not None  # one of both is there
        return name


class FaultParams(Params):
    """Which faults are drawn, and which are listed; and what becomes of who is lost.

    ``requests`` in flight at a provider that is lost ``fail``, or are put up for ``reauction``
    once. ``providers`` crash and are back after ``down_rounds``, with nothing of what they had;
    ``hangs`` stop their engines, which are waited for ``deadline_s`` and then given up as crashed;
    ``hubs`` lose their memory. ``deadline_s`` null: 10 s.
    """

    requests: Literal["fail", "reauction"] = "fail"
    providers: MeanUp | None = None
    hangs: MeanUp | None = None
    hubs: MeanUp | None = None
    down_rounds: int = Field(3, ge=1, le=10_000_000)
    deadline_s: float | None = Field(None, gt=0, le=1e9)
    listed: Annotated[tuple[ListedFault, ...], Field(max_length=100_000)] = ()

    @model_validator(mode="after")
    def _different(self) -> FaultParams:
        befallen = set()
        for index, fault in enumerate(self.listed):
            key = (fault.round, fault.provider, fault.hub)
            if key in befallen:
                whom = f"round {fault.round}, {shown(fault.name)}"
                raise ValueError(f"listed.{index}: expected one fault of each a round; got {whom}")
            befallen.add(key)
        return self

    @property
    def reauctions(self) -> bool:
        """Whether requests of lost providers are auctioned once more."""
        return self.requests == "reauction"

    def hang_rounds(self, round_s: float) -> int:
        """How many rounds after that of its hang an engine is given up."""
        deadline_s = DEADLINE_S if self.deadline_s is None else self.deadline_s
        return max(1, math.ceil(deadline_s / round_s - 1e-9))

    def check(self, providers: Collection[str], hubs: Collection[str], last: int) -> None:
        """Raise ``ValueError`` if a fault is of nobody, or not before the ``last`` round."""
        for index, fault in enumerate(self.listed):
            where, known = ("hub", hubs) if fault.provider is None else ("provider", providers)
            if fault.name not in known:
                expected = f"expected one of {len(known)} {where}s"
                if len(known) <= 10:
                    expected = f"expected one of {', '.join(known)}"
                raise ValueError(
                    f"faults.listed.{index}.{where}: {expected}; got {shown(fault.name)}"
                )
            if fault.round >= last:
                raise ValueError(
                    f"faults.listed.{index}.round: expected a round before the very last one, "
                    f"{last}; got {fault.round}"
                )
