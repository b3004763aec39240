"""An explanation of a workflow auction in words, a line after the other."""

from __future__ import annotations

from collections.abc import Iterator

from market.amounts import counted, figure_text, listed, tokens_text, usd_text
from market.workflow.explanation.model import (
    ContextCost,
    Loser,
    PaymentPart,
    Winner,
    WorkflowExplanation,
)

#: So many edges and nodes are listed, the dearest first.
MOST_LISTED = 12


def in_words(told: WorkflowExplanation) -> Iterator[str]:
    """The lines; bids and prices in them are USD per 1e6 tokens, amounts USD."""
    yield from _market(told)
    for winner in told.winners:
        yield ""
        yield from _winner(winner, told)
    if told.losers:
        yield ""
        yield "Who won nothing:"
        yield from (f"  {_loser(loser, told.cost_terms)}" for loser in told.losers)
        if told.losers_left_out:
            yield f"  and {told.losers_left_out} more, of whom nothing is said here."


def _market(told: WorkflowExplanation) -> Iterator[str]:
    truthful = "truthful" if told.truthful else "not truthful"
    solver = f", solved by {told.solver}" if told.solver else ""
    yield f"A workflow is bought by {told.mechanism} ({truthful} for providers){solver}."
    yield "Bids and virtual costs are USD per 1e6 output tokens. A virtual cost is the bid and the"
    yield "rent that the prior of the provider's cost makes the buyer expect to leave to it."
    go = "goes" if len(told.nodes) == 1 else "go"
    count = f"{counted(len(told.nodes), 'node')} {go} to {len(told.winners)} of"
    count += f" {counted(told.providers, 'provider')}"
    cost = f"{usd_text(told.cost_usd)} at the {told.cost_terms}"
    if told.minimised:
        yield f"{count}, for the least cost that there is: {cost}."
    else:
        yield f"{count}, for {cost}; the least that there is: {usd_text(told.least_cost_usd)}."
    yield f"  {usd_text(told.own_work_usd)} is the nodes' own work:"
    dearest = sorted(told.nodes, key=lambda node: -node.cost_usd)
    for node in dearest[:MOST_LISTED]:
        runs = f", in {node.runs} runs" if node.runs > 1 else ""
        yield (
            f"    {node.node} at {node.provider}: {usd_text(node.cost_usd)} for"
            f" {tokens_text(node.tokens)} tokens{runs}"
        )
    yield from _more(len(dearest), "nodes")
    yield from _context(told)
    yield f"All payments come to {usd_text(told.payments_usd)}."


def _context(told: WorkflowExplanation) -> Iterator[str]:
    switches = sum(edge.switch for edge in told.context)
    charged = sorted((e for e in told.context if e.tokens), key=lambda edge: -edge.cost_usd)
    yield (
        f"  {usd_text(told.context_usd)} is context that is read: {switches} of"
        f" {len(told.context)} edges lead from one provider to another{':' if charged else '.'}"
    )
    yield from (f"    {_edge(edge)}" for edge in charged[:MOST_LISTED])
    yield from _more(len(charged), "edges")


def _edge(edge: ContextCost) -> str:
    way = f"from {edge.sender} to {edge.reader}" if edge.switch else f"cached at {edge.reader}"
    return (
        f"{edge.source} -> {edge.target}, {way}: {usd_text(edge.cost_usd)} for"
        f" {tokens_text(edge.transfer_tokens)} tokens, which count as {tokens_text(edge.tokens)}"
    )


def _more(count: int, what: str) -> Iterator[str]:
    if count > MOST_LISTED:
        yield f"    and {count - MOST_LISTED} cheaper {what}"


def _winner(winner: Winner, told: WorkflowExplanation) -> Iterator[str]:
    yield (
        f"{winner.provider} won {listed(winner.nodes)}: {tokens_text(winner.quantity_tokens)}"
        " tokens, in output-token equivalents."
    )
    virtual = figure_text(winner.virtual_cost)
    yield f"  It bid {figure_text(winner.bid)}, a virtual cost of {virtual}."
    if winner.least_without_usd is not None and winner.advantage_usd is not None:
        more = f"{usd_text(winner.advantage_usd)} more"
        if winner.advantage_usd <= 1e-12 * winner.least_without_usd:
            more = "as much: it won by the order of the providers"
        yield (
            f"  Without {winner.provider} the least cost at the {told.cost_terms} would be"
            f" {usd_text(winner.least_without_usd)}, {more}."
        )
    elif told.minimised:
        yield f"  Without {winner.provider} nobody is left for some of the nodes."
    yield f"  It is paid {usd_text(winner.payment_usd)}:"
    yield from (f"    {_part(part)}" for part in winner.parts)
    paid_tokens = sum(part.tokens for part in winner.parts if part.kind != "rivals_work")
    if winner.parts and abs(paid_tokens - winner.quantity_tokens) > 1e-9 * paid_tokens:
        yield f"    That is for {tokens_text(paid_tokens)} tokens: here cached context counts too."
    rent = f"{usd_text(winner.rent_usd)} is its information rent"
    if winner.rent_usd < 0:
        rent = f"it loses {usd_text(-winner.rent_usd)}"
    at_bid = usd_text(winner.cost_at_bid_usd)
    yield f"  At its bid what it runs costs {at_bid}; {rent} if its bid is its cost."


def _part(part: PaymentPart) -> str:
    tokens = f"{tokens_text(part.tokens)} tokens / 1e6"
    return (
        f"{usd_text(part.usd)} = {figure_text(part.price)} x {tokens}, {_REASONS[part.kind](part)}"
    )


def _lost(part: PaymentPart) -> str:
    if part.tokens < 0:
        return "which it would win besides at that bid, and which are taken off"
    to = f": {listed(part.nodes)} to {listed(part.rivals)}" if part.nodes else ""
    return f"which it would lose at that bid{to}"


def _kept(part: PaymentPart) -> str:
    return "which it would keep at any bid up to that one, the top of its prior"


def _kept_unpaid(part: PaymentPart) -> str:
    return "which it would keep up to the top of its prior; without a reserve they are not paid"


def _second_price(part: PaymentPart) -> str:
    return f"the bid above which {_what(part)} would go to {listed(part.rivals)}"


def _top_of_prior(part: PaymentPart) -> str:
    if part.rivals:
        return f"the top of its prior, below what {_what(part)} would cost at {listed(part.rivals)}"
    return f"the top of its prior, as no other bid decides about {_what(part)}"


def _rivals_work(part: PaymentPart) -> str:
    return f"what {_what(part)} would cost at {listed(part.rivals)}; its own takes no tokens"


def _own_bid(part: PaymentPart) -> str:
    return "its own bid"


_REASONS = {
    "lost": _lost,
    "kept": _kept,
    "kept_unpaid": _kept_unpaid,
    "second_price": _second_price,
    "top_of_prior": _top_of_prior,
    "rivals_work": _rivals_work,
    "own_bid": _own_bid,
}


def _what(part: PaymentPart) -> str:
    return listed(part.nodes) if part.nodes else "the whole workflow"


def _loser(loser: Loser, terms: str) -> str:
    said = f"{loser.provider} bid {figure_text(loser.bid)}"
    if terms == "virtual costs":
        said += f", a virtual cost of {figure_text(loser.virtual_cost)},"
    if loser.why == "not_capable":
        return f"{said} and is capable of no node."
    if loser.why == "not_capable_of_all":
        return f"{said} and is not capable of every node, as one provider does everything."
    said = f"{said.removesuffix(',')}, which was too much"
    if loser.why == "dominated":
        said += f": {loser.by} can do all that it can and is nowhere dearer"
    if loser.wins_below is None:
        return f"{said}."
    if loser.wins_below <= 0:
        return f"{said}; it would win nothing at a lower bid."
    return f"{said}; it would win something below {figure_text(loser.wins_below)}."
