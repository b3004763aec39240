"""Overflow: whom a full hub sends elsewhere, by what hubs published last (IEMAS, 4.4)."""

from __future__ import annotations

from collections.abc import Sequence

from market.messages import Signal


class Overflow:
    """What hubs published in the last round, less what was routed to them since.

    Before anything was published, no hub is full.
    """

    def __init__(self) -> None:
        self._full: set[str] = set()
        self._free: dict[str, int] = {}
        self._price_nano: dict[str, float] = {}

    def hear(self, signals: Sequence[Signal]) -> None:
        """What hubs published after their clearings; all that was published before is stale."""
        self._full = {signal.hub for signal in signals if signal.free_slots <= 0}
        self._free = {signal.hub: signal.free_slots for signal in signals}
        self._price_nano = {signal.hub: _mean(signal.scarcity_prices_nano) for signal in signals}

    def redirect(self, hub: str) -> str:
        """Where a request of ``hub`` goes; the slot that it may take there is counted.

        It stays, unless its hub published that no slot is free. Then it goes where most free
        slots are left; ties fall to the lowest mean scarcity price, then to the first name. It
        stays too where no slot is left anywhere.
        """
        if hub in self._full:
            best = min(self._free, key=lambda one: (-self._free[one], self._price_nano[one], one))
            hub = best if self._free[best] > 0 else hub
        if hub in self._free:
            self._free[hub] -= 1
        return hub


def _mean(prices: Sequence[int]) -> float:
    return sum(prices) / len(prices) if prices else 0.0
