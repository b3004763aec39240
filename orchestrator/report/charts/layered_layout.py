"""A drawing of a directed graph in layers, after Sugiyama, Tagawa and Toda (1981)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

import networkx as nx

#: Passes over the layers, down and up in turn; after that the order hardly changes.
SWEEPS = 8


def layers(
    nodes: Sequence[str], edges: Iterable[tuple[str, str]], back: Iterable[tuple[str, str]]
) -> list[list[str]]:
    """The nodes by layer, in an order within each that lets few edges cross.

    Every edge leads from a layer to a later one, but those in ``back``, which close loops, and, in
    cycles that are left without them, the last edge that is found of each.

    Args:
        nodes: all of them; their order breaks ties.
        edges: source and target.
        back: the edges that are drawn against the direction.
    """
    graph: nx.DiGraph[str] = nx.DiGraph()
    graph.add_nodes_from(nodes)
    graph.add_edges_from(set(edges) - set(back))
    while not nx.is_directed_acyclic_graph(graph):
        graph.remove_edge(*nx.find_cycle(graph)[-1][:2])
    depth: dict[str, int] = {}
    for node in nx.topological_sort(graph):
        depth[node] = max((depth[before] + 1 for before in graph.predecessors(node)), default=0)
    ordered: defaultdict[int, list[str]] = defaultdict(list)
    for node in nodes:
        ordered[depth[node]].append(node)
    found = [ordered[level] for level in sorted(ordered)]
    for sweep in range(SWEEPS):
        _sweep(found, graph.pred if sweep % 2 == 0 else graph.succ, down=sweep % 2 == 0)
    return found


def _sweep(found: list[list[str]], neighbours: Mapping[str, Iterable[str]], down: bool) -> None:
    """Put each node of each layer at the mean place of its neighbours, those without where they
    are."""
    place = places(found)
    for layer in found if down else reversed(found):
        wanted = {}
        for node in layer:
            of = [place[other] for other in neighbours[node]]
            wanted[node] = sum(of) / len(of) if of else place[node]
        layer.sort(key=wanted.__getitem__)
        place |= _centred(layer)


def places(found: Sequence[Sequence[str]]) -> dict[str, float]:
    """The place of every node across its layer, one apart, the middle of a layer at 0."""
    return {node: at for layer in found for node, at in _centred(layer).items()}


def _centred(layer: Sequence[str]) -> dict[str, float]:
    return {node: at - (len(layer) - 1) / 2 for at, node in enumerate(layer)}
