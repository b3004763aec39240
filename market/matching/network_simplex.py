"""The sparse backend: a min-cost flow by LEMON's network simplex (IEMAS, section 4.2)."""

from __future__ import annotations

import numpy as np
from pylmcf import Graph

from market.matching.pairs import UNMATCHED, Counts, Pairs

#: LEMON's potentials are sums of costs along a path of its tree, whose requests are at most as
#: many as providers; beyond this one would meet its artificial cost of 2**62 in 64 bits.
MOST_PATH = 2**62


def network_simplex(pairs: Pairs, capacities: Counts) -> Counts:
    """The pair that every request takes in a matching of largest weight, or ``UNMATCHED``.

    Every request sends one unit through a provider or, at weight zero, past all of them, so that
    the flow is not one of the most pairs but of the most weight. Weights are whole numbers.
    """
    requests, providers = pairs.requests, pairs.providers
    rows = np.arange(requests, dtype=np.int32)
    past = pairs.start[1:] + rows
    through = np.ones(len(pairs.weight) + requests, dtype=bool)
    through[past] = False
    sink = requests + providers
    ends = np.full(len(through), sink, dtype=np.int32)
    ends[through] = pairs.provider + np.int32(requests)
    costs = np.full(len(through), pairs.top, dtype=np.int64)
    costs[through] -= pairs.weight.astype(np.int64)
    starts = np.repeat(rows, np.diff(pairs.start) + 1)
    hosts = np.arange(requests, sink, dtype=np.int32)
    graph = Graph(
        sink + 1,
        np.concatenate([starts, hosts]),
        np.concatenate([ends, np.full(providers, sink, dtype=np.int32)]),
    )
    slots = np.minimum(capacities, requests)
    graph.set_edge_capacities(np.concatenate([np.ones(len(through), dtype=np.int64), slots]))
    graph.set_edge_costs(np.concatenate([costs, np.zeros(providers, dtype=np.int64)]))
    supply = np.zeros(sink + 1, dtype=np.int64)
    supply[:requests], supply[sink] = 1, -requests
    graph.set_node_supply(supply)
    graph.solve()
    used = np.flatnonzero(graph.result()[: len(through)])
    return np.where(used == past, UNMATCHED, used - rows)
