"""Entry and exit by profit: who does not earn its fixed cost leaves, and tries again later."""

from __future__ import annotations

from collections import deque

from pydantic import Field

from agents.params import Distribution, Draw, Params
from market import seeding
from market.money import nano_usd


class EntryExitParams(Params):
    """A fixed cost for every second in the market, and when to leave it for a while.

    Profit is what a provider was paid for chat, less what that truly cost, less the fixed cost;
    what a workflow pays is not told to providers, so nodes count on neither side.
    """

    fixed_usd_per_s: Draw = Distribution(constant=0.0)
    """What a second in the market costs, USD; drawn once for each provider."""
    window_s: float = Field(60.0, gt=0, le=1e9)
    """The last seconds whose profit counts; nobody leaves before it has been there that long."""
    leave_below_usd: float = Field(0.0, ge=-1e9, le=1e9)
    """A provider with less profit in the window leaves, USD."""
    away_s: float = Field(60.0, gt=0, le=1e9)
    """Seconds after which it is back."""

    def of(self, provider: str, seed: int) -> EntryExit:
        """One provider's, with its own fixed cost."""
        stream = seeding.stream(seed, "provider", provider, "fixed cost")
        return EntryExit(self, self.fixed_usd_per_s.draw_within(stream, 0.0, 1e6))


class EntryExit:
    """One provider in or out of the market; all are in it at time 0.

    Args:
        params: when to leave and to return.
        fixed_usd_per_s: what a second in the market costs.
    """

    def __init__(self, params: EntryExitParams, fixed_usd_per_s: float):
        self._params = params
        self._fixed_usd_per_s = fixed_usd_per_s
        self._now_s = 0.0
        self._entered_s = 0.0
        self._back_s: float | None = None
        self._earned_nano = 0
        self._profits: deque[tuple[float, int]] = deque()
        self._profit_nano = 0

    @property
    def away(self) -> bool:
        """Whether it has left."""
        return self._back_s is not None

    def begin(self, now_s: float) -> None:
        """Enter at ``now_s``; who was not there before has no fixed cost of before."""
        self._now_s = self._entered_s = now_s

    def earn(self, nano: int) -> None:
        """Note what a job brought, less what it cost."""
        self._earned_nano += nano

    def advance(self, until_s: float) -> int:
        """Stay or go as of ``until_s``; the fixed cost since the last time, in nano-USD.

        Who is away pays none, and what it still earns by work in flight sways no decision.
        """
        passed_s, self._now_s = until_s - self._now_s, until_s
        earned, self._earned_nano = self._earned_nano, 0
        if self._back_s is not None:
            if until_s >= self._back_s - 1e-9:
                self._enter()
            return 0
        fixed = nano_usd(self._fixed_usd_per_s * passed_s)
        self._note(earned - fixed)
        stayed_s = until_s - self._entered_s
        if stayed_s >= self._params.window_s - 1e-9 and self._is_loss:
            self._back_s = until_s + self._params.away_s
        return fixed

    @property
    def _is_loss(self) -> bool:
        return self._profit_nano < nano_usd(self._params.leave_below_usd)

    def _enter(self) -> None:
        self._back_s, self._entered_s = None, self._now_s
        self._profits.clear()
        self._profit_nano = 0

    def _note(self, profit_nano: int) -> None:
        """Add to the window, and drop what is older; the last round is never too old."""
        self._profits.append((self._now_s, profit_nano))
        self._profit_nano += profit_nano
        oldest_s = self._now_s - self._params.window_s + 1e-9
        while len(self._profits) > 1 and self._profits[0][0] <= oldest_s:
            self._profit_nano -= self._profits.popleft()[1]
