"""Why each request is matched as it is, and what its payment is made of."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from market.matching.explanation.model import (
    Matched,
    MatchingExplanation,
    Move,
    Slots,
    Together,
    Unmatched,
    UnmatchedKind,
)
from market.matching.market import MatchingMarket
from market.matching.pairs import NO_PRICE, UNMATCHED
from market.matching.problem import read_market
from market.matching.vcg import MatchingOutcome

#: Of the largest weight: amounts that differ by less are equal but for rounding.
_ROUNDING = 1e-9


def explain_matching(problem: Mapping[str, Any]) -> MatchingExplanation:
    """Clear a problem of kind "matching" and explain what came of it; raises ``BadInput``."""
    market = read_market(problem)
    return explain_market(market, market.clear())


def explain_market(market: MatchingMarket, outcome: MatchingOutcome) -> MatchingExplanation:
    """The same of a market and its ``outcome``."""
    matched = tuple(_matched(market, outcome))
    return MatchingExplanation(
        kind="matching",
        rule=market.payments,
        backend=market.backend,
        welfare=outcome.welfare,
        paid=float(outcome.payments.sum()),
        received=float(outcome.provider_receives.sum()),
        matched=matched,
        unmatched=tuple(_unmatched(market, outcome)),
        slots=tuple(_slots(market, outcome, i) for i in range(len(market.capacities))),
        together=tuple(_together(market, matched)),
    )


def _client(market: MatchingMarket, request: int) -> str | None:
    return None if market.clients is None else market.clients[request]


def _matched(market: MatchingMarket, outcome: MatchingOutcome) -> Iterator[Matched]:
    for j in np.flatnonzero(outcome.match != UNMATCHED).tolist():
        i = int(outcome.match[j])
        value, cost = float(market.values[j, i]), float(market.costs[j, i])
        payment = float(outcome.payments[j])
        yield Matched(
            request=j,
            client=_client(market, j),
            provider=i,
            value=value,
            cost=cost,
            surplus=value - cost,
            scarcity_price=float(outcome.scarcity_prices[i]),
            externality=payment - cost,
            payment=payment,
            provider_receives=float(outcome.provider_receives[j]),
        )


def _unmatched(market: MatchingMarket, outcome: MatchingOutcome) -> Iterator[Unmatched]:
    """A request gets a slot if it is worth more there than what the slot's loss would cost."""
    prices = outcome.largest_prices
    for j in np.flatnonzero(outcome.match == UNMATCHED).tolist():
        open_to = np.flatnonzero(market.allowed[j] & (prices != NO_PRICE))
        client = _client(market, j)
        if not len(open_to):
            yield Unmatched(j, client, "no_slot", None, None, None, None)
            continue
        surplus = market.weights[j, open_to]
        nearest = int((prices[open_to] - surplus).argmin())
        i, gain = int(open_to[nearest]), float(surplus[nearest])
        price = float(prices[i])
        why: UnmatchedKind = "priced_out" if surplus.max() > 0 else "no_surplus"
        yield Unmatched(j, client, why, i, gain, price, price - gain)


def _slots(market: MatchingMarket, outcome: MatchingOutcome, i: int) -> Slots:
    rows = outcome.match == i
    largest = float(outcome.largest_prices[i])
    receives = float(outcome.provider_receives[rows].sum())
    return Slots(
        provider=i,
        capacity=int(market.capacities[i]),
        served=int(rows.sum()),
        scarcity_price=float(outcome.scarcity_prices[i]),
        largest_price=None if largest == NO_PRICE else largest,
        one_more=_one_more(market.weights, outcome, i),
        receives=receives,
        gains=receives - float(market.costs[rows, i].sum()),
    )


def _one_more(
    weights: np.ndarray[Any, np.dtype[np.float64]], outcome: MatchingOutcome, slot: int
) -> tuple[Move, ...]:
    """The fewest moves by which one more slot at ``slot`` would add its scarcity price.

    Along such a chain each provider's scarcity price is what its next request gains by coming, and
    the scarcity price of the slot that it leaves; it ends with a request that had none, or leaves
    a slot that nobody wants.
    """
    prices, match = outcome.scarcity_prices, outcome.match
    slack = _ROUNDING * float(weights.max(initial=0.0))
    if prices[slot] <= slack:
        return ()
    current = np.where(match == UNMATCHED, 0.0, weights[np.arange(len(match)), match])
    left = np.where(match == UNMATCHED, 0.0, prices[match])
    came: dict[int, tuple[Move, ...]] = {slot: ()}
    queue = deque([slot])
    while queue:
        i = queue.popleft()
        gain = weights[:, i] - current + left
        may_come = (match != i) & (weights[:, i] > 0) & (np.abs(gain - prices[i]) <= slack)
        for j in sorted(np.flatnonzero(may_come).tolist(), key=lambda j: left[j] > slack):
            source = None if match[j] == UNMATCHED else int(match[j])
            moves = (*came[i], Move(j, source, i))
            if left[j] <= slack:
                return moves
            if source is not None and source not in came:
                came[source] = moves
                queue.append(source)
    return ()


def _together(market: MatchingMarket, matched: tuple[Matched, ...]) -> Iterator[Together]:
    """The clients with several requests, one of them matched."""
    if market.clients is None:
        return
    for client, owned in market.rows_of_owners(None).items():
        own = [one for one in matched if one.client == client]
        if own and len(owned) > 1:
            yield Together(
                client=client,
                owns=tuple(owned),
                matched=tuple(one.request for one in own),
                scarcity_prices=sum(one.scarcity_price for one in own),
                externality=sum(one.externality for one in own),
            )
