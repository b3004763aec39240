"""Clustering providers into hubs by what they can do (IEMAS, section 4.4)."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from hubs.clustering.balance import Floats, Ints, balanced
from market.profiles import ProviderProfile

MOST_ITERATIONS = 50


def cluster_by_capability(
    profiles: Sequence[ProviderProfile], hubs: int, rng: np.random.Generator
) -> list[list[int]]:
    """K-means on capability vectors, from drawn centres, so that the slots of hubs are balanced.

    A hub has at most as many slots more than the smallest hub as its own smallest provider has.
    """
    if not hubs:
        return []
    vectors = capability_vectors(profiles)
    slots = np.array([profile.chat_slots for profile in profiles])
    centres = vectors[_spread_out(vectors, hubs, rng)]
    found: Ints = np.empty(0, dtype=np.int64)
    least = math.inf
    for _ in range(MOST_ITERATIONS):
        hub_of = balanced(_squared_distance(vectors, centres), slots)
        centres = np.stack([vectors[hub_of == hub].mean(axis=0) for hub in range(hubs)])
        scatter = float(((vectors - centres[hub_of]) ** 2).sum())
        if scatter >= least:
            break
        found, least = hub_of, scatter
    return [np.flatnonzero(found == hub).tolist() for hub in range(hubs)]


def capability_vectors(profiles: Sequence[ProviderProfile]) -> Floats:
    """(providers, features): tier, domains and benchmark scores, each scaled to unit variance."""
    domains = sorted({domain for profile in profiles for domain in profile.scores})
    raw = np.array(
        [
            [
                float(profile.tier),
                *(float(domain in profile.domains) for domain in domains),
                *(profile.scores.get(domain, 0.0) for domain in domains),
            ]
            for profile in profiles
        ]
    )
    spread = raw.std(axis=0)
    scaled: Floats = (raw - raw.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    return scaled


def _spread_out(vectors: Floats, count: int, rng: np.random.Generator) -> list[int]:
    """First centres far from each other: k-means++."""
    chosen = [int(rng.integers(len(vectors)))]
    nearest = _squared_distance(vectors, vectors[chosen])[:, 0]
    while len(chosen) < count:
        nearest[chosen] = 0.0
        if nearest.sum() > 0:
            chosen.append(int(rng.choice(len(vectors), p=nearest / nearest.sum())))
        else:
            chosen.append(next(i for i in range(len(vectors)) if i not in chosen))
        nearest = np.minimum(nearest, _squared_distance(vectors, vectors[chosen[-1:]])[:, 0])
    return chosen


def _squared_distance(vectors: Floats, centres: Floats) -> Floats:
    """(providers, centres)."""
    columns = [((vectors - centre) ** 2).sum(axis=1) for centre in centres]
    return np.stack(columns, axis=1)
