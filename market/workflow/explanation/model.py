"""What there is to say of a cleared workflow auction, as records."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

#: What a part of a payment is paid for: work that would be lost at a bid of its price; work that
#: would be kept at every bid up to the top of the prior, or the same unpaid, for want of a reserve;
#: work at the bid at which another one would take it over, or at the top of the prior where that is
#: lower or nobody else is capable; no work of its own, at what another one asks for all of it;
#: work at the own bid.
PartKind = Literal[
    "lost", "kept", "kept_unpaid", "second_price", "top_of_prior", "rivals_work", "own_bid"
]

#: Why a provider won nothing: it is capable of no node, or not of all where one does everything;
#: another one can do all that it can and is nowhere dearer; what it asks is too much.
LossKind = Literal["not_capable", "not_capable_of_all", "dominated", "dearer"]


@dataclass(frozen=True)
class NodeCost:
    """What a node's own work costs where it went, over all of its ``runs``; USD.

    ``tokens`` are output-token equivalents: its output, and its entry input where that is charged.
    """

    node: str
    provider: str
    runs: int
    tokens: float
    cost_usd: float


@dataclass(frozen=True)
class ContextCost:
    """What reading the context of an edge costs; USD.

    ``transfer_tokens`` pass over all executions from the work of ``sender`` to ``reader``, which
    are two providers at a ``switch``; ``tokens`` are the output-token equivalents charged for it.
    """

    source: str
    target: str
    sender: str
    reader: str
    switch: bool
    transfer_tokens: float
    tokens: float
    cost_usd: float


@dataclass(frozen=True)
class PaymentPart:
    """A part of a payment: ``usd`` is ``price`` (USD per 1e6 tokens) times ``tokens`` over 1e6.

    ``nodes`` are those that it is about and ``rivals`` who would run them, where it is known.
    """

    kind: PartKind
    price: float
    tokens: float
    usd: float
    nodes: tuple[str, ...] = ()
    rivals: tuple[str, ...] = ()


@dataclass(frozen=True)
class Winner:
    """A provider that runs ``nodes``; prices are USD per 1e6 output tokens.

    ``quantity_tokens`` is what it runs. ``cost_at_bid_usd`` is its bid times that, and ``rent_usd``
    what it is paid beyond: its information rent if its bid is its cost. ``cost_share_usd`` is its
    share of the cost of the allocation. Without it the best allocation would cost
    ``least_without_usd``, ``advantage_usd`` more; both are None where the others cannot do it, or
    where the rule does not look for the best one. ``parts`` add up to the payment; there are none
    of a rule that is not known here.
    """

    provider: str
    bid: float
    virtual_cost: float
    nodes: tuple[str, ...]
    quantity_tokens: float
    cost_share_usd: float
    least_without_usd: float | None
    advantage_usd: float | None
    payment_usd: float
    cost_at_bid_usd: float
    rent_usd: float
    parts: tuple[PaymentPart, ...]


@dataclass(frozen=True)
class Loser:
    """A provider that won nothing, and why; ``by`` whom it is dominated.

    ``wins_below`` is the bid below which it would win something, the others' being as they are; 0
    where no bid of its own would, None where nobody looked.
    """

    provider: str
    bid: float
    virtual_cost: float
    why: LossKind
    by: str | None = None
    wins_below: float | None = None


@dataclass(frozen=True)
class WorkflowExplanation:
    """One auction of a workflow.

    ``mechanism`` is the rule with the options that are not the default; ``truthful`` says whether
    the truth is best for providers under these. ``cost_usd`` is the cost of the allocation in
    ``cost_terms``, which ``minimised`` tells whether the rule makes the least, ``least_cost_usd``;
    it is the sum of ``own_work_usd`` over the nodes and ``context_usd`` over the edges. Of the
    losers some are listed, those that nobody dominates before the dominated and the incapable, the
    cheap before the dear; ``losers_left_out`` are counted.
    """

    kind: str
    mechanism: str
    truthful: bool
    solver: str | None
    cost_terms: Literal["virtual costs", "bids"]
    minimised: bool
    cost_usd: float
    least_cost_usd: float
    own_work_usd: float
    context_usd: float
    payments_usd: float
    providers: int
    nodes: tuple[NodeCost, ...]
    context: tuple[ContextCost, ...]
    winners: tuple[Winner, ...]
    losers: tuple[Loser, ...]
    losers_left_out: int
