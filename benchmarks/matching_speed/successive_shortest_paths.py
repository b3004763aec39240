"""A plain min-cost flow as the reference implementation of IEMAS has it (appendix C.2.4).

Successive shortest paths in the network source, requests, providers, sink: potentials by
Bellman-Ford, for the costs are negative welfare, then an augmenting path by Dijkstra with a heap
and one unit along it, until no path lowers the cost. Theirs is plain Python; this one is compiled.
"""

from __future__ import annotations

import heapq

import numpy as np

from market.compiled import compiled
from market.matching import Pairs
from market.matching.pairs import Counts


def least_cost(pairs: Pairs, capacities: Counts) -> int:
    """The least cost of any flow, which is the largest welfare with the other sign."""
    requests, providers = pairs.requests, pairs.providers
    source, sink = requests + providers, requests + providers + 1
    row = np.repeat(np.arange(requests), np.diff(pairs.start))
    hosts = np.arange(requests, source)
    tail = np.concatenate([np.full(requests, source), row, hosts])
    head = np.concatenate(
        [np.arange(requests), requests + pairs.provider, np.full(providers, sink)]
    )
    cost = np.concatenate(
        [np.zeros(requests, np.int64), -pairs.weight, np.zeros(providers, np.int64)]
    )
    free = np.concatenate([np.ones(len(tail) - providers, np.int64), capacities])
    # arc 2k and its reverse 2k + 1; each node's arcs side by side
    ends = np.stack([head, tail], axis=1).ravel()
    starts = np.stack([tail, head], axis=1).ravel()
    costs = np.stack([cost, -cost], axis=1).ravel()
    left = np.stack([free, np.zeros_like(free)], axis=1).ravel()
    arcs = np.argsort(starts, kind="stable")
    first = np.searchsorted(starts[arcs], np.arange(sink + 2))
    return int(_flow(first, arcs, ends, costs, left, source, sink))


@compiled
def _flow(
    first: Counts, arcs: Counts, ends: Counts, costs: Counts, left: Counts, source: int, sink: int
) -> int:
    """The cost of a flow of least cost; ``left`` (arcs,) are the free capacities."""
    potential = _bellman_ford(first, arcs, ends, costs, left, source)
    total = 0
    while True:
        distance, used = _dijkstra(first, arcs, ends, costs, left, potential, source)
        far = distance[sink]
        if used[sink] < 0 or far + potential[sink] - potential[source] >= 0:
            return total
        for node in range(len(potential)):
            potential[node] += min(distance[node], far)
        node = sink
        while node != source:
            arc = used[node]
            left[arc] -= 1
            left[arc ^ 1] += 1
            total += costs[arc]
            node = ends[arc ^ 1]


@compiled
def _bellman_ford(
    first: Counts, arcs: Counts, ends: Counts, costs: Counts, left: Counts, source: int
) -> Counts:
    """(nodes,), the distances from the source."""
    nodes = len(first) - 1
    distance = np.full(nodes, 2**60)
    distance[source] = 0
    for _ in range(nodes):
        settled = True
        for node in range(nodes):
            if distance[node] == 2**60:
                continue
            for at in range(first[node], first[node + 1]):
                arc = arcs[at]
                if left[arc] > 0 and distance[node] + costs[arc] < distance[ends[arc]]:
                    distance[ends[arc]] = distance[node] + costs[arc]
                    settled = False
        if settled:
            break
    return distance


@compiled
def _dijkstra(
    first: Counts,
    arcs: Counts,
    ends: Counts,
    costs: Counts,
    left: Counts,
    potential: Counts,
    source: int,
) -> tuple[Counts, Counts]:
    """(nodes,), the reduced distances from the source, and the arcs by which they are reached."""
    distance = np.full(len(potential), 2**60)
    used = np.full(len(potential), -1)
    distance[source] = 0
    heap = [(0, source)]
    while heap:
        so_far, node = heapq.heappop(heap)
        if so_far > distance[node]:
            continue
        for at in range(first[node], first[node + 1]):
            arc = arcs[at]
            end = ends[arc]
            if left[arc] > 0:
                there = so_far + costs[arc] + potential[node] - potential[end]
                if there < distance[end]:
                    distance[end], used[end] = there, arc
                    heapq.heappush(heap, (there, end))
    return distance, used
