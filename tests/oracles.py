"""Answers by exhaustion, for judging the real ones. Slow, plain, and independent of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from itertools import product

import networkx as nx
import numpy as np

from market.workflow import Offer, Workflow
from market.workflow.elimination_order import min_fill_order
from market.workflow.quantities import token_counts


class BruteForceWorkflow:
    """Every allocation of a workflow, with the quantity that it gives to every provider."""

    def __init__(
        self,
        workflow: Workflow,
        offers: Sequence[Offer],
        charge_entry_input: bool,
        charge_cached_input: bool = False,
    ):
        self.workflow = workflow
        self.offers = offers
        domains = [
            [
                i
                for i, offer in enumerate(offers)
                if (
                    offer.provider in node.capable
                    if node.capable is not None
                    else offer.tier >= (node.difficulty or 0)
                )
            ]
            for node in workflow.nodes
        ]
        self.allocations = np.array(list(product(*domains)), dtype=int)
        self.quantities = self._quantities(charge_entry_input, charge_cached_input)
        self.order = [
            scope[0]
            for scope in min_fill_order(
                token_counts(workflow, charge_entry_input=charge_entry_input)
            )
        ]
        self.prices = np.array([offer.virtual_cost for offer in offers])

    def least_cost_usd(self, prices: Mapping[int, float] | None = None) -> float:
        """The least total virtual cost, with the prices of some providers replaced."""
        changed = self.prices.copy()
        for provider, price in (prices or {}).items():
            changed[provider] = price
        return float((self.quantities @ changed).min()) / 1e6

    def quantity(self, allocation: Mapping[str, str], provider: int) -> float:
        """The quantity of ``provider`` under ``allocation``."""
        positions = {offer.provider: i for i, offer in enumerate(self.offers)}
        wanted = [positions[allocation[node.id]] for node in self.workflow.nodes]
        (row,) = np.flatnonzero((self.allocations == wanted).all(axis=1))
        return float(self.quantities[row, provider])

    def canonical_quantity(self, provider: int, price: float) -> float:
        """The quantity of ``provider`` at a virtual cost, in the first of the best allocations.

        First is where the node eliminated last has the first provider, then the one before it, ...
        """
        changed = self.prices.copy()
        changed[provider] = price
        costs = self.quantities @ changed
        best = np.flatnonzero(costs == costs.min())
        first = min(best, key=lambda row: tuple(self.allocations[row][self.order[::-1]]))
        return float(self.quantities[first, provider])

    def payment_usd(self, provider: int, quantity: float) -> float:
        """bid q(bid) + the integral of q from the bid to the top, for a uniform prior.

        By the envelope theorem the integral of q over the virtual cost is the rise of the least
        cost; the virtual cost runs twice as fast as the bid in the support, equally fast below.
        """
        offer = self.offers[provider]
        low, high = offer.prior.low, offer.prior.high
        at_bid = self.least_cost_usd()
        at_low = self.least_cost_usd({provider: low}) if offer.bid < low else at_bid
        at_top = self.least_cost_usd({provider: 2 * high - low})
        return offer.bid * quantity / 1e6 + (at_low - at_bid) + (at_top - at_low) / 2

    def _quantities(self, charge_entry_input: bool, charge_cached_input: bool) -> np.ndarray:
        nodes, edges = executions(self.workflow)
        fed = {edge.target for edge in self.workflow.edges if edge.iterations is None}
        result = np.zeros((len(self.allocations), len(self.offers)))
        for i, offer in enumerate(self.offers):
            mine = {
                node.id: self.allocations[:, v] == i for v, node in enumerate(self.workflow.nodes)
            }
            for node in self.workflow.nodes:
                read = 0.0 if node.id in fed or not charge_entry_input else node.input_tokens
                work = node.output_tokens + offer.input_ratio * read
                result[:, i] += mine[node.id] * nodes[node.id] * work
            for edge in self.workflow.edges:
                cut = mine[edge.target] & ~mine[edge.source]
                passed = edges[edge.source, edge.target] * edge.transfer_tokens
                result[:, i] += cut * offer.input_ratio * passed
                if charge_cached_input:
                    reused = mine[edge.target] & mine[edge.source]
                    result[:, i] += reused * offer.hit_ratio * passed
        return result


def ironed_virtual_cost(samples: Sequence[float], high: float, bid: float) -> Fraction:
    """The slope of the convex hull of the points (k, k c_(k)) at the rank of a bid's next sample.

    A hull's slope is the highest, over starts before, of the lowest slope to an end behind.
    """
    costs = [Fraction(cost) for cost in sorted(samples)]
    if high > max(samples):
        costs.append(Fraction(high))
    if bid <= costs[0]:
        return Fraction(bid)
    points = [Fraction(0), *((k + 1) * cost for k, cost in enumerate(costs))]
    rank = next(k for k, cost in enumerate(costs, start=1) if cost >= bid)
    return max(
        min((points[b] - points[a]) / (b - a) for b in range(rank, len(points)))
        for a in range(rank)
    )


def executions(workflow: Workflow) -> tuple[dict[str, int], dict[tuple[str, str], int]]:
    """How often every node and every edge runs, by asking of every node whether it is in a loop."""
    graph = nx.DiGraph()
    graph.add_nodes_from(node.id for node in workflow.nodes)
    graph.add_edges_from((e.source, e.target) for e in workflow.edges if e.iterations is None)
    nodes = {node.id: 1 for node in workflow.nodes}
    edges = {(edge.source, edge.target): 1 for edge in workflow.edges}
    for back in workflow.edges:
        if back.iterations is None:
            continue
        loop = {
            node
            for node in graph
            if nx.has_path(graph, back.target, node) and nx.has_path(graph, node, back.source)
        }
        for node in loop:
            nodes[node] *= back.iterations
        for source, target in edges:
            if source in loop and target in loop:
                own = (source, target) == (back.source, back.target)
                edges[source, target] *= back.iterations - 1 if own else back.iterations
    return nodes, edges


class BruteForceMatching:
    """Every matching of requests to free slots: for each request a provider, or -1 for none.

    ``values``, ``costs`` and ``allowed`` are (requests, providers), amounts whole numbers.
    """

    def __init__(
        self, values: np.ndarray, costs: np.ndarray, allowed: np.ndarray, capacities: np.ndarray
    ):
        requests, providers = values.shape
        every = list(product(range(-1, providers), repeat=requests))
        matchings = np.array(every, dtype=int).reshape(len(every), requests)
        # a last column, which -1 picks, for staying unmatched: always allowed, worth nothing
        row, nothing = np.arange(requests), np.zeros((requests, 1), dtype=int)
        possible = np.hstack([allowed, nothing == 0])[row, matchings].all(axis=1)
        self.matchings = matchings[possible]
        self.gains = np.hstack([values - costs, nothing])[row, self.matchings]
        self.costs = np.hstack([costs, nothing])
        self.slots_used = (self.matchings[:, :, None] == np.arange(providers)).sum(axis=1)
        self.capacities = capacities

    def welfare(self, without: Sequence[int] = (), capacities: np.ndarray | None = None) -> int:
        """The largest total of value less cost, with some requests away or other capacities."""
        capacities = self.capacities if capacities is None else capacities
        feasible = (self.slots_used <= capacities).all(axis=1)
        feasible &= (self.matchings[:, list(without)] == -1).all(axis=1)
        return int(self.gains[feasible].sum(axis=1).max())

    def best_matchings(self) -> np.ndarray:
        """All matchings of largest welfare."""
        feasible = (self.slots_used <= self.capacities).all(axis=1)
        return self.matchings[feasible & (self.gains.sum(axis=1) == self.welfare())]

    def scarcity_price(self, provider: int) -> int:
        """What one more slot at ``provider`` adds to the largest welfare."""
        return self.welfare(capacities=self._slots(provider, 1)) - self.welfare()

    def largest_price(self, provider: int) -> int:
        """What one slot less at ``provider`` takes from the largest welfare."""
        return self.welfare() - self.welfare(capacities=self._slots(provider, -1))

    def contribution(self, provider: int) -> int:
        """What the largest welfare loses without ``provider``."""
        slots = self._slots(provider, -self.capacities[provider])
        return self.welfare() - self.welfare(capacities=slots)

    def _slots(self, provider: int, more: int) -> np.ndarray:
        return self.capacities + more * (np.arange(len(self.capacities)) == provider)

    def clarke_payment(self, match: np.ndarray, rows: Sequence[int]) -> int:
        """What the owner of ``rows`` pays for them under ``match``: their cost, and what the
        others would have more without them.
        """
        rows = list(rows)
        (own,) = self.gains[(self.matchings == match).all(axis=1)]
        others_now = int(own.sum() - own[rows].sum())
        cost = int(self.costs[rows, match[rows]].sum())
        return cost + self.welfare(without=rows) - others_now
