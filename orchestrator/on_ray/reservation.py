"""What a packing asks of a Ray cluster: all of it reserved at once, or the reason why not."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import ray
from ray.util.placement_group import (
    PlacementGroup,
    placement_group,
    placement_group_table,
    remove_placement_group,
)

from market.errors import NotEnoughResources
from orchestrator.on_ray.packing import Packing

#: How long a reservation may take where the cluster has what is asked, but others use it.
BUSY_S = 15.0

GIB = 2**30

Resources = Mapping[str, float]


@dataclass(frozen=True)
class Reserved:
    """A bundle that is reserved for an actor.

    Ray reserves a bundle whose node died anew, as soon as another node has room for all that the
    group has lost.
    """

    group: PlacementGroup
    index: int

    @property
    def has_room(self) -> bool:
        """Whether its group is whole; not so after a node died, until there is room again."""
        return bool(placement_group_table(self.group)["state"] == "CREATED")


def reserve(packing: Packing, wait_s: float) -> list[Reserved]:
    """Reserve everything or nothing, so that two runs never keep each other's half for long.

    Returns what is reserved for each actor, in the order of the packing's places.
    """
    bundles = [bundle for place in packing.places for bundle in place.bundles]
    if wait_s <= 0 and (_lacking(bundles, ray.cluster_resources()) or _misfits(packing)):
        raise NotEnoughResources(_shortage(packing))
    together = [place for place in packing.places if not place.parts]
    everyone = placement_group([place.resources for place in together], strategy="SPREAD")
    own = {
        place.members: placement_group(place.bundles, strategy="STRICT_PACK")
        for place in packing.places
        if place.parts
    }
    groups = [everyone, *own.values()]
    deadline_s = time.monotonic() + max(wait_s, BUSY_S)
    if not all(group.wait(max(0.1, deadline_s - time.monotonic())) for group in groups):
        give_back(groups)
        raise NotEnoughResources(_shortage(packing))
    order = iter(range(len(together)))
    return [
        Reserved(own[place.members], 0) if place.parts else Reserved(everyone, next(order))
        for place in packing.places
    ]


def give_back(groups: Iterable[PlacementGroup]) -> None:
    """Give back what was reserved, and end whoever lives there."""
    for group in groups:
        remove_placement_group(group)


def _lacking(bundles: Sequence[Resources], there: Resources) -> bool:
    """Whether bundles ask for more than there is, in all; Ray counts in ten-thousandths."""
    return any(
        round(1e4 * amount) > round(1e4 * there.get(name, 0.0))
        for name, amount in _total(bundles).items()
    )


def _misfits(packing: Packing) -> list[Resources]:
    """What no node has enough for that must be on one, even if nobody else were there."""
    nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    return [
        _total(place.bundles)
        for place in packing.places
        if all(_lacking(place.bundles, node) for node in nodes)
    ]


def _total(bundles: Sequence[Resources]) -> dict[str, float]:
    names = ("CPU", "GPU", "memory")
    return {name: sum(bundle.get(name, 0.0) for bundle in bundles) for name in names}


def _shortage(packing: Packing) -> str:
    """What is asked, what there is, where it does not fit, and what to do."""
    bundles = [bundle for place in packing.places for bundle in place.bundles]
    there, free = ray.cluster_resources(), ray.available_resources()
    misfits = _misfits(packing)
    where = ""
    if misfits:
        where = f"; one that asks for {amounts(misfits[0])} fits on no node"
    elif not _lacking(bundles, free):
        where = "; on its nodes they do not fit side by side"
    return (
        f"not enough on the cluster: {len(packing.places)} actors ask for "
        f"{amounts(_total(bundles))}; it has {amounts(there)}, of which {amounts(free)} are "
        f"free{where}; see packing in the scenario, or --wait for a cluster that grows"
    )


def amounts(resources: Resources) -> str:
    """Them in words."""
    cpus, gpus = (resources.get(name, 0.0) for name in ("CPU", "GPU"))
    return f"{cpus:g} CPUs, {gpus:g} GPUs and {resources.get('memory', 0.0) / GIB:.1f} GiB"
