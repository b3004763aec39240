"""Clustering providers by what they specialise in (IEMAS, 4.4 and B.1)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hubs.clustering.lpt import lpt
from market.profiles import ProviderProfile


def cluster_by_domain(
    profiles: Sequence[ProviderProfile], hubs: int, rng: np.random.Generator
) -> list[list[int]]:
    """Providers of the same first specialty together.

    With as many hubs as domains at least, every domain has hubs of its own, as many as its slots
    are worth; among these a hub has at most as many slots more than the smallest as its own
    smallest provider has. With fewer hubs, whole domains share one.
    """
    if not hubs:
        return []
    slots = [profile.chat_slots for profile in profiles]
    groups = _by_first_specialty(profiles)
    totals = [sum(slots[index] for index in group) for group in groups]
    if hubs < len(groups):
        merged = lpt(totals, hubs, range(len(groups)))
        return [sorted(index for group in part for index in groups[group]) for part in merged]
    clusters = []
    for group, count in zip(
        groups, _apportioned(totals, list(map(len, groups)), hubs), strict=True
    ):
        clusters += lpt(slots, count, rng.permutation(group).tolist())
    return clusters


def _by_first_specialty(profiles: Sequence[ProviderProfile]) -> list[list[int]]:
    """The providers of every domain, in order of its name; those without any are one group."""
    groups: dict[tuple[str, ...], list[int]] = {}
    for index, profile in enumerate(profiles):
        groups.setdefault(profile.domains[:1], []).append(index)
    return [groups[domain] for domain in sorted(groups)]


def _apportioned(totals: Sequence[int], most: Sequence[int], hubs: int) -> list[int]:
    """Hubs for each domain by Adams's method: the next goes where hubs have most slots by now.

    Every domain gets one, and none more than ``most``, the number of its providers.
    """
    counts = [1] * len(totals)
    for _ in range(hubs - len(totals)):
        open_to = [domain for domain in range(len(totals)) if counts[domain] < most[domain]]
        counts[max(open_to, key=lambda domain: totals[domain] / counts[domain])] += 1
    return counts
