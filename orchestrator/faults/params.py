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
    """Faults of each participant by itself, without memory."""

    mean_up_s: float = Field(ge=1e-3, le=1e12)
    """Seconds of trial time between two faults of a participant, in the mean."""

    def chance(self, round_s: float) -> float:
        """The chance of one in a round of ``round_s`` seconds."""
        return -math.expm1(-round_s / self.mean_up_s)


class ListedFault(Params):
    """One fault of one provider or hub; hubs only crash."""

    round: int = Field(ge=1)
    """The round in which it happens."""
    provider: str | None = None
    """The id of the provider that it befalls; null: it befalls a hub."""
    hub: str | None = None
    """The id of the hub that it befalls, such as hub-0; null: it befalls a provider."""
    event: Literal["crash", "hang"] = "crash"
    """What happens: it crashes and loses what it had, or its engine hangs."""

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
    """Which faults are drawn, and which are listed; and what becomes of who is lost."""

    requests: Literal["fail", "reauction"] = "fail"
    """What becomes of requests in flight at a provider that is lost: they fail, or are auctioned
    once more."""
    providers: MeanUp | None = None
    """Crashes of providers, which are back after ``down_rounds`` with nothing of what they had;
    null: none."""
    hangs: MeanUp | None = None
    """Hangs of engines, which are waited for and then given up as crashed; null: none."""
    hubs: MeanUp | None = None
    """Crashes of hubs, which lose their memory; null: none."""
    down_rounds: int = Field(3, ge=1, le=10_000_000)
    """Rounds after which a crashed provider is back."""
    deadline_s: float | None = Field(None, gt=0, le=1e9)
    """Seconds that an engine which hangs is waited for; null: 10."""
    listed: Annotated[tuple[ListedFault, ...], Field(max_length=100_000)] = ()
    """Faults at stated times."""

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
