"""Payments against a plain sum over a fine grid of bids, each cleared by brute force."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given

from market.workflow import Edge, Node, Offer, Uniform, Workflow, star
from market.workflow.interval_splitting import TOLERANCE, interval_splitting
from market.workflow.priors import Prior, TruncatedLognormal, TruncatedNormal
from tests.oracles import BruteForceWorkflow, executions
from tests.strategies import Auction, auctions, examples

STEPS = 2000


def random_market(rng: np.random.Generator) -> Auction:
    """No two allocations cost the same: every number is drawn from a continuum."""
    size, bidders = int(rng.integers(1, 7)), int(rng.integers(2, 5))
    nodes = tuple(
        Node(
            f"n{v}",
            rng.lognormal(1, 1.5),
            rng.uniform(1, 9),
            capable=frozenset(
                f"p{i}" for i in range(bidders) if rng.random() < 0.6 or i == v % bidders
            ),
        )
        for v in range(size)
    )
    edges = [
        Edge(f"n{u}", f"n{v}", rng.lognormal(3, 1.5))
        for v in range(size)
        for u in range(v)
        if rng.random() < 0.5
    ]
    if edges and rng.random() < 0.3:
        edges.append(Edge(edges[0].target, edges[0].source, rng.uniform(1, 30), 3))
    offers = []
    for i in range(bidders):
        prior = random_prior(rng)
        bid = rng.uniform(prior.low, prior.low + 0.6 * (prior.high - prior.low))
        offers.append(Offer(f"p{i}", 1, rng.uniform(0, 1), bid, prior))
    return Auction(Workflow(nodes, tuple(edges)), tuple(offers), bool(rng.random() < 0.7))


def random_prior(rng: np.random.Generator) -> Prior:
    low = rng.uniform(0, 2)
    high = low + rng.uniform(1, 5)
    kind = rng.integers(3)
    if kind == 0:
        return Uniform(low, high)
    if kind == 1:
        return TruncatedNormal(rng.uniform(low, high), rng.uniform(0.5, 3), low, high)
    return TruncatedLognormal(rng.uniform(low, high), rng.uniform(0.3, 1.5), low, high)


def cold_quantities(auction: Auction, every: BruteForceWorkflow) -> np.ndarray:
    """(allocations, providers): the paper's omega, all input counted wherever it comes from."""
    nodes, edges = executions(auction.workflow)
    read = {node.id: 0.0 for node in auction.workflow.nodes}
    for node in auction.workflow.nodes:
        fed = any(e.target == node.id and e.iterations is None for e in auction.workflow.edges)
        if auction.charge_entry_input and not fed:
            read[node.id] += nodes[node.id] * node.input_tokens
    for edge in auction.workflow.edges:
        read[edge.target] += edges[edge.source, edge.target] * edge.transfer_tokens
    work = np.zeros((len(every.allocations), len(auction.offers)))
    for v, node in enumerate(auction.workflow.nodes):
        for i, offer in enumerate(auction.offers):
            mine = every.allocations[:, v] == i
            own = nodes[node.id] * node.output_tokens + offer.input_ratio * read[node.id]
            work[:, i] += mine * own
    return work


@pytest.mark.parametrize("workload", ["cost_bearing", "published"])
def test_a_payment_is_the_bid_for_the_work_and_the_integral_of_the_work_above_it(workload: str):
    rng = np.random.default_rng(11)
    winners = rises = 0
    for _ in range(150):
        auction = random_market(rng)
        every = auction.brute_force()
        work = every.quantities if workload == "cost_bearing" else cold_quantities(auction, every)
        outcome = star(auction.workflow, auction.offers, auction.options(workload=workload))
        for i, offer in enumerate(auction.offers):
            if offer.provider not in outcome.payments_usd:
                continue
            winners += 1
            step = (offer.prior.high - offer.bid) / STEPS
            bids = np.array([offer.bid, *(offer.bid + step * (np.arange(STEPS) + 0.5))])
            prices = np.tile(every.prices, (len(bids), 1))
            prices[:, i] = [offer.prior.virtual_cost(bid) for bid in bids.tolist()]
            done = work[(every.quantities @ prices.T).argmin(axis=0), i]
            expected = offer.bid * done[0] + step * done[1:].sum()
            paid = outcome.payments_usd[offer.provider] * 1e6
            assert abs(paid - expected) <= step * np.abs(np.diff(done)).sum() + 1e-9 * expected
            rises += bool((np.diff(done) > 0).any())
    assert winners > 150
    assert (rises > 0) == (workload == "published")


@given(auction=auctions())
@examples(200)
def test_interval_splitting_finds_the_exact_payments_to_its_tolerance(auction: Auction):
    for reserve in ("support_top", "none"):
        exact, split = (
            star(auction.workflow, auction.offers, replace(auction.options(), **changed))
            for changed in (
                {"reserve": reserve},
                {"reserve": reserve, "payment_method": "bisection"},
            )
        )
        assert split.allocation == exact.allocation
        for offer in auction.offers:
            if offer.provider not in exact.payments_usd:
                continue
            lost = sum(point.quantity_lost for point in exact.breakpoints[offer.provider])
            width = TOLERANCE * (offer.prior.high - offer.bid)
            difference = split.payments_usd[offer.provider] - exact.payments_usd[offer.provider]
            assert abs(difference) * 1e6 <= width * lost + 1e-9


@pytest.mark.parametrize("gap", [1e-3, 1e-8, 1e-10, 1e-12, 0.0])
def test_interval_splitting_ends_for_a_bid_beside_the_top(gap: float):
    def work(bids: np.ndarray) -> np.ndarray:
        return np.where(bids > 2.0 - gap / 2, 0.0, 5.0)

    drops, retained = interval_splitting(work, 2.0 - gap, 5.0, 2.0)
    assert sum(drop.quantity_lost for drop in drops) + retained == 5.0


def test_interval_splitting_overlooks_work_that_rises_between_two_bids_of_equal_work():
    def work(bids: np.ndarray) -> np.ndarray:
        return np.where((bids > 1.1) & (bids < 1.9), 7.0, 5.0)

    assert interval_splitting(work, 1.0, 5.0, 2.0) == ((), 5.0)
