"""An explanation of a matching in words, a line after the other."""

from __future__ import annotations

from collections.abc import Iterator

from market.amounts import counted, figure_text, listed
from market.matching.explanation.model import (
    Matched,
    MatchingExplanation,
    Move,
    Slots,
    Together,
    Unmatched,
)


def in_words(told: MatchingExplanation) -> Iterator[str]:
    """The lines; amounts in them are in the unit of the problem."""
    requests = len(told.matched) + len(told.unmatched)
    slots = sum(one.capacity for one in told.slots)
    yield (
        f"{len(told.matched)} of {counted(requests, 'request')} matched to"
        f" {counted(len(told.slots), 'provider')} with {counted(slots, 'slot')}, for the largest"
        f" welfare, value less cost: {figure_text(told.welfare)}."
    )
    yield f"Clients pay {figure_text(told.paid)}, providers receive {figure_text(told.received)}."
    yield from _rule(told)
    sets = {request: one.client for one in told.together for request in one.matched}
    for matched in told.matched:
        yield ""
        yield from _matched(matched, told.rule, sets.get(matched.request))
    for together in told.together:
        yield ""
        yield _together(together)
    if told.unmatched:
        yield ""
        yield from (_unmatched(one) for one in told.unmatched)
    scarce = [one for one in told.slots if one.scarcity_price > 0]
    if scarce:
        yield ""
        yield "What one more slot would do:"
        yield from (f"  {_scarce(one)}" for one in scarce)


def _rule(told: MatchingExplanation) -> Iterator[str]:
    if told.rule != "two_sided":
        yield "A provider receives what it asks; the rest of what clients pay stays with the hub."
        return
    yield "A provider receives what it asks, and what welfare would lose without it:"
    for one in told.slots:
        if one.served:
            asked = figure_text(one.receives - one.gains)
            yield (
                f"  provider {one.provider}: {figure_text(one.receives)} = {asked} +"
                f" {figure_text(one.gains)}"
            )
    deficit = told.received - told.paid
    if deficit > 0:
        yield f"  That is {figure_text(deficit)} more than clients pay, which the hub bears."


def _matched(one: Matched, rule: str, client: str | None) -> Iterator[str]:
    owner = f" of {one.client}" if one.client is not None else ""
    yield (
        f"Request {one.request}{owner} goes to provider {one.provider}: worth"
        f" {figure_text(one.value)} at a cost of {figure_text(one.cost)}, which adds"
        f" {figure_text(one.surplus)}."
    )
    reason = f"the scarcity price of a slot at provider {one.provider}"
    if client is not None:
        reason = f"its share of what others lose by the requests of {client}"
    yield (
        f"  It pays {figure_text(one.payment)} = {figure_text(one.cost)}, its cost, +"
        f" {figure_text(one.externality)}, {reason}."
    )
    if rule == "two_sided":
        yield f"  Its provider receives {figure_text(one.provider_receives)} for it."


def _together(one: Together) -> str:
    owned, matched = (listed([str(j) for j in which]) for which in (one.owns, one.matched))
    what = f"{matched} as a set" if len(one.matched) > 1 else f"{matched} as its owner"
    return (
        f"{one.client} owns requests {owned}, and pays for {what}: without all that it owns the"
        f" others would have {figure_text(one.externality)} more. The scarcity prices of its slots"
        f" add up to {figure_text(one.scarcity_prices)}."
    )


def _unmatched(one: Unmatched) -> str:
    said = f"Request {one.request}" + (f" of {one.client}" if one.client is not None else "")
    if one.nearest is None or one.surplus is None or one.price is None or one.lacks is None:
        return f"{said} is unmatched: no provider that may serve it has a slot."
    lacks = f"it would get a slot there if it were worth more than {figure_text(one.lacks)} more"
    if one.why == "no_surplus":
        return (
            f"{said} is unmatched: at no provider that has a slot is it worth more than it costs."
            f" Nearest is provider {one.nearest}, where the difference is"
            f" {figure_text(one.surplus)}; {lacks}."
        )
    return (
        f"{said} is unmatched: nearest is provider {one.nearest}, where it would add"
        f" {figure_text(one.surplus)} and drive out {figure_text(one.price)}; {lacks}."
    )


def _scarce(one: Slots) -> str:
    moves = ", then ".join(map(_move, one.one_more))
    return (
        f"at provider {one.provider}, where {one.served} of {one.capacity} are taken, it would add"
        f" {figure_text(one.scarcity_price)}{f': {moves}' if moves else ''}."
    )


def _move(move: Move) -> str:
    if move.source is None:
        return f"request {move.request} would come in"
    return f"request {move.request} would come from provider {move.source}"
