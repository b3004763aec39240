"""Why each winner of a workflow auction won, and what its payment is made of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

import numpy as np

from market.money import TOKENS_PER_MTOK
from market.workflow.auction import WorkflowAuction
from market.workflow.explanation.contest import MOST_LOSERS, Contest
from market.workflow.explanation.model import (
    ContextCost,
    NodeCost,
    Winner,
    WorkflowExplanation,
)
from market.workflow.explanation.payment_parts import payment_parts
from market.workflow.mechanisms import GreedyOutcome, Outcome
from market.workflow.mechanisms.tender import Tender
from market.workflow.problem import read_auction
from market.workflow.quantities import IntArray
from market.workflow.star import StarOutcome


def explain_workflow(problem: Mapping[str, Any]) -> WorkflowExplanation:
    """Clear a problem of kind "workflow" and explain what came of it.

    Prices are USD per 1e6 output tokens, amounts USD, quantities tokens. It solves again without
    each winner, and for the nearest losers. Raises what ``solve_workflow`` raises.
    """
    return explain_auction(read_auction(problem))


def explain_auction(auction: WorkflowAuction) -> WorkflowExplanation:
    """The same of an auction."""
    outcome = auction.buy()
    rule, options = auction.rule, auction.options
    tender = Tender.call(auction.workflow, auction.offers, options)
    by_virtual_cost = isinstance(outcome, StarOutcome | GreedyOutcome)
    prices = tender.virtual_costs if by_virtual_cost else tender.bids
    if rule.minimises is not None:
        prices = np.array([rule.minimises(offer) for offer in tender.offers])
    contest = Contest(auction, tender, prices)
    position = {offer.provider: i for i, offer in enumerate(tender.offers)}
    allocation = np.array(
        [position[outcome.allocation[node.id]] for node in auction.workflow.nodes]
    )
    least = contest.least_cost_usd()
    nodes = tuple(_node_costs(contest, allocation))
    context = tuple(_context_costs(contest, allocation))
    won = np.unique(allocation)
    own_work, read = (sum(one.cost_usd for one in costs) for costs in (nodes, context))
    return WorkflowExplanation(
        kind="workflow",
        mechanism=auction.described,
        truthful=rule.truthful
        and options.workload == "cost_bearing"
        and options.payment_method == "exact",
        solver=outcome.solver if isinstance(outcome, StarOutcome) else None,
        cost_terms="virtual costs" if by_virtual_cost else "bids",
        minimised=rule.exact,
        cost_usd=outcome.virtual_cost_usd if isinstance(outcome, StarOutcome) else own_work + read,
        least_cost_usd=least,
        own_work_usd=own_work,
        context_usd=read,
        payments_usd=sum(outcome.payments_usd.values()),
        providers=len(auction.offers),
        nodes=nodes,
        context=context,
        winners=tuple(_winner(contest, outcome, i, allocation, least) for i in won.tolist()),
        losers=tuple(islice(contest.losers(won), MOST_LOSERS)),
        losers_left_out=max(0, len(auction.offers) - len(won) - MOST_LOSERS),
    )


def _winner(
    contest: Contest, outcome: Outcome, i: int, allocation: IntArray, least_usd: float
) -> Winner:
    offer = contest.tender.offers[i]
    quantity = outcome.quantities[offer.provider]
    paid = outcome.payments_usd[offer.provider]
    without = contest.least_without_usd(i) if contest.auction.rule.exact else None
    nodes = contest.tender.workflow.nodes
    at_bid = offer.bid * quantity / TOKENS_PER_MTOK
    return Winner(
        provider=offer.provider,
        bid=offer.bid,
        virtual_cost=offer.virtual_cost,
        nodes=tuple(nodes[v].id for v in np.flatnonzero(allocation == i).tolist()),
        quantity_tokens=quantity,
        cost_share_usd=float(contest.prices[i]) * quantity / TOKENS_PER_MTOK,
        least_without_usd=without,
        advantage_usd=None if without is None else without - least_usd,
        payment_usd=paid,
        cost_at_bid_usd=at_bid,
        rent_usd=paid - at_bid,
        parts=payment_parts(contest, outcome, i, allocation),
    )


def _node_costs(contest: Contest, allocation: IntArray) -> Iterator[NodeCost]:
    problem, workflow = contest.tender.problem, contest.tender.workflow
    tokens = problem.tokens
    work = tokens.output + problem.input_ratio[allocation] * tokens.entry_input
    cost = contest.prices[allocation] * work / TOKENS_PER_MTOK
    for v, (node, i) in enumerate(zip(workflow.nodes, allocation.tolist(), strict=True)):
        provider = contest.tender.offers[i].provider
        runs = workflow.node_executions[v]
        yield NodeCost(node.id, provider, runs, float(work[v]), float(cost[v]))


def _context_costs(contest: Contest, allocation: IntArray) -> Iterator[ContextCost]:
    """Of every edge that carries tokens, in the order of the edges."""
    problem, workflow, offers = (
        contest.tender.problem,
        contest.tender.workflow,
        contest.tender.offers,
    )
    tokens = problem.tokens
    sender, reader = allocation[tokens.source], allocation[tokens.target]
    cut = sender != reader
    kept_ratio = np.zeros(len(offers)) if problem.hit_ratio is None else problem.hit_ratio
    ratio = np.where(cut, problem.input_ratio[reader], kept_ratio[reader])
    read = ratio * tokens.transfer
    cost = contest.prices[reader] * read / TOKENS_PER_MTOK
    for e in range(len(tokens.transfer)):
        yield ContextCost(
            source=workflow.nodes[tokens.source[e]].id,
            target=workflow.nodes[tokens.target[e]].id,
            sender=offers[sender[e]].provider,
            reader=offers[reader[e]].provider,
            switch=bool(cut[e]),
            transfer_tokens=float(tokens.transfer[e]),
            tokens=float(read[e]),
            cost_usd=float(cost[e]),
        )
