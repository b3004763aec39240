"""Playing a market in this process, and what came of every request, in order of its end."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from market.money import usd
from orchestrator.assembly import assemble
from orchestrator.records import ChatEnd, RoundRecord
from orchestrator.runtime import InProcess, Runtime
from orchestrator.scenario.model import Scenario
from orchestrator.trial import Trial

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Answer:
    """One chat request that was served; money in USD, values and costs are the true ones."""

    round: int
    client: str
    provider: str
    hub: str
    turn: int
    prompt_tokens: int
    cached_tokens: int
    output_tokens: int
    ttft_s: float
    quality: float
    value_usd: float
    cost_usd: float
    paid_usd: float
    received_usd: float

    @property
    def welfare_usd(self) -> float:
        """What the answer was worth, less what it cost."""
        return self.value_usd - self.cost_usd


@dataclass(frozen=True)
class Played:
    """What came of one market: ``answers`` in order of their end, and how many had none."""

    answers: tuple[Answer, ...]
    refused: int
    failed: int

    def of(self, field: str) -> Floats:
        """(answers,), one field of every answer."""
        return np.array([getattr(answer, field) for answer in self.answers], dtype=float)

    @property
    def asked(self) -> int:
        """All requests."""
        return len(self.answers) + self.refused + self.failed

    @property
    def hit_rate(self) -> float:
        """Cached over all prompt tokens."""
        return float(self.of("cached_tokens").sum() / self.of("prompt_tokens").sum())

    @property
    def welfare_usd(self) -> float:
        """Of all answers."""
        return float(self.of("welfare_usd").sum())

    def price(self, output: float, miss: float, hit: float) -> float:
        """Mean price of an answer at these prices of a token (Eq. 6)."""
        cached = self.of("cached_tokens")
        missed = self.of("prompt_tokens") - cached
        prices: Floats = output * self.of("output_tokens") + miss * missed + hit * cached
        return float(prices.mean())


def play(scenario: Scenario, trial: int = 0, runtime: Runtime | None = None) -> Played:
    """Run one trial to its end."""
    market = assemble(scenario, trial)
    runtime = runtime or InProcess()
    runtime.seat(scenario, market)
    answers: list[Answer] = []
    statuses: list[str] = []
    for record in Trial(scenario, market, runtime).rounds():
        worth = {
            end.open.request.request: market.clients[end.open.request.client]
            for end in record.chat_ends
        }
        statuses += [end.status for end in record.chat_ends]
        for end, paid, received, cost in _served(record):
            assert end.completion is not None  # it was served
            value = worth[end.completion.request].realized_value_nano(end.completion)
            answers.append(_answer(record.number, end, value, cost, paid, received))
    return Played(tuple(answers), statuses.count("refused"), statuses.count("failed"))


def _served(record: RoundRecord) -> Iterator[tuple[ChatEnd, int, int, int]]:
    """The requests that were served, with what was paid, received and truly spent on each."""
    cost: dict[str, int] = {}
    for reply in record.replies:
        cost.update(reply.private.realized_cost_nano)
    settled = {one.request: one for reply in record.chat.values() for one in reply.settlements}
    for end in record.chat_ends:
        if end.status == "served":
            name = end.open.request.request
            one = settled[name]
            yield end, one.client_paid_nano, one.provider_received_nano, cost[name]


def _answer(number: int, end: ChatEnd, value: int, cost: int, paid: int, received: int) -> Answer:
    done = end.completion
    assert done is not None  # it was served
    return Answer(
        round=number,
        client=end.open.request.client,
        provider=done.provider,
        hub=end.open.hub,
        turn=end.open.request.turn,
        prompt_tokens=done.prompt_tokens,
        cached_tokens=done.cached_tokens or 0,
        output_tokens=done.output_tokens,
        ttft_s=done.ttft_s,
        quality=done.quality or 0.0,
        value_usd=usd(value),
        cost_usd=usd(cost),
        paid_usd=usd(paid),
        received_usd=usd(received),
    )
