"""The textbook instances of the mechanisms, and what a provider gains from an outcome."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from market.workflow import Edge, Node, Offer, StarOptions, Uniform, Workflow
from market.workflow.mechanisms import Mechanism, MyopicOutcome, Outcome

#: A draft, which anybody can write, and its edit, which takes tier 2.
CHAIN = Workflow(
    (Node("draft", 1e6, difficulty=1), Node("edit", 1e6, difficulty=2)),
    (Edge("draft", "edit", 1e6),),
)
X = Offer("x", 1, 0.5, 0.5, Uniform(0.0, 2.0))
Y = Offer("y", 2, 0.5, 2.0, Uniform(1.0, 4.0))
Z = Offer("z", 2, 0.5, 2.5, Uniform(1.0, 4.0))

#: Three iterations: both nodes run 3 times, a -> b passes 3 times, b -> a twice.
LOOP = Workflow(
    (Node("a", 1e6, 1e6, difficulty=1), Node("b", 2e6, difficulty=1)),
    (Edge("a", "b", 1e6), Edge("b", "a", 2e6, iterations=3)),
)


def named(node: str, output_tokens: float, *capable: str) -> Node:
    """A node that only the named providers can run."""
    return Node(node, output_tokens, capable=frozenset(capable))


def work_paid(outcome: Outcome) -> dict[str, float]:
    """The tokens that the payments are for."""
    cold = isinstance(outcome, MyopicOutcome)
    return dict(outcome.cold_quantities if cold else outcome.quantities)


def gain_usd(outcome: Outcome, provider: str, cost: float) -> float:
    """What ``provider`` is paid, less ``cost`` (USD per 1e6 tokens) for the work it is paid for."""
    work = work_paid(outcome).get(provider, 0.0)
    return outcome.payments_usd.get(provider, 0.0) - cost * work / 1e6


def gain_from_bidding(
    buy: Mechanism,
    workflow: Workflow,
    offers: Sequence[Offer],
    provider: str,
    bid: float,
    options: StarOptions | None = None,
) -> float:
    """The gain of ``provider``, whose cost is what it offers, if it bids ``bid`` instead."""
    (cost,) = (offer.bid for offer in offers if offer.provider == provider)
    changed = [replace(offer, bid=bid) if offer.provider == provider else offer for offer in offers]
    return gain_usd(buy(workflow, changed, options), provider, cost)
