"""Things of different sizes go to near hubs, so that the totals of hubs are balanced.

A transportation problem with few sinks, solved by successive shortest paths (Ahuja, Magnanti and
Orlin, Network Flows, 9.7). A path leads over hubs, of which there are few, not over things. Only
things of one size can take the place of each other, so each size has paths of its own.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

#: Distances count as whole multiples of this, which floats add up without rounding.
RESOLUTION = 1e-6

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def balanced(distance: Floats, sizes: Ints) -> Ints:
    """The hub of every thing: near, and such that the totals of hubs are balanced.

    From everything at its nearest hub, things are moved towards the emptiest hub at least cost
    per unit of size, as long as that makes two hubs more equal. In the end a hub exceeds the
    emptiest by at most the smallest thing in it, and no hub is empty. Given how many things of
    each size every hub has, no assignment is nearer in sum.

    Args:
        distance: (things, hubs), not negative; at most as many hubs as things.
        sizes: (things,), positive.

    Returns:
        (things,), the hub of each.
    """
    cost = np.rint(distance / RESOLUTION)
    classes = [
        _OneSize(int(size), np.flatnonzero(sizes == size), cost) for size in np.unique(sizes)
    ]
    while True:
        totals = np.sum([one.size * one.count for one in classes], axis=0)
        emptiest = int(totals.argmin())
        excess = totals - totals[emptiest]
        smallest = np.min([np.where(one.count > 0, one.size, np.inf) for one in classes], axis=0)
        too_full = np.flatnonzero(smallest < excess)
        if not len(too_full):
            break
        # every move lowers the sum of the squared totals, so there is a last one
        fullest = int(too_full[totals[too_full].argmax()])
        paths = [
            one.shortest_path(fullest, emptiest)
            for one in classes
            if one.size < excess[fullest] and one.count[fullest]
        ]
        best = min(paths, key=lambda path: path.cost / path.along.size)
        best.along.move(best.hubs)
    hub_of = np.empty(len(sizes), dtype=np.int64)
    for one in classes:
        hub_of[one.things] = one.hub_of
    return hub_of


class _OneSize:
    """The things of one size: where they are, and what it costs to move one to another hub.

    ``hub_of`` is (things,), ``count`` (hubs,). No rearrangement within the counts is cheaper: so
    it is at first, where all are at their nearest hub, and a shortest path leaves it so.
    """

    def __init__(self, size: int, things: npt.NDArray[np.intp], cost: Floats):
        hubs = cost.shape[1]
        self.size = size
        self.things = things
        self._cost = cost[things]
        self.hub_of = self._cost.argmin(axis=1)
        self.count = np.bincount(self.hub_of, minlength=hubs)
        self._step = np.empty((hubs, hubs))  # the least cost of moving one thing from hub to hub
        self._mover = np.empty((hubs, hubs), dtype=np.intp)  # the thing that moves at that cost
        for hub in range(hubs):
            self._look_at(hub)

    def shortest_path(self, start: int, end: int) -> _Path:
        """The cheapest chain of moves from a hub that has some to another hub: Bellman-Ford.

        There are no cycles of negative cost, since no rearrangement is cheaper.
        """
        cost = self._step[start].copy()
        came_from = np.full(len(cost), start)
        while True:
            through = cost[:, None] + self._step
            last = through.argmin(axis=0)
            least = through.min(axis=0)
            shorter = least < cost
            if not shorter.any():
                break
            cost[shorter], came_from[shorter] = least[shorter], last[shorter]
        hubs = [end]
        while hubs[-1] != start:
            hubs.append(int(came_from[hubs[-1]]))
        return _Path(float(cost[end]), tuple(reversed(hubs)), self)

    def move(self, path: tuple[int, ...]) -> None:
        """From each hub of a path, one thing goes to the next."""
        movers = [self._mover[path[at], path[at + 1]] for at in range(len(path) - 1)]
        self.hub_of[movers] = path[1:]
        self.count[path[0]] -= 1
        self.count[path[-1]] += 1
        for hub in path:
            self._look_at(hub)

    def _look_at(self, hub: int) -> None:
        here = np.flatnonzero(self.hub_of == hub)
        if not len(here):
            self._step[hub] = np.inf
            return
        extra = self._cost[here] - self._cost[here, hub][:, None]
        self._step[hub] = extra.min(axis=0)
        self._mover[hub] = here[extra.argmin(axis=0)]


@dataclass(frozen=True)
class _Path:
    cost: float
    hubs: tuple[int, ...]
    along: _OneSize
