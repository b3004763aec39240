"""Clustering providers into hubs by what they can do (IEMAS, section 4.4)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment

from market.profiles import ProviderProfile

MOST_ITERATIONS = 50

Floats = npt.NDArray[np.float64]


def cluster_by_capability(
    profiles: Sequence[ProviderProfile], hubs: int, rng: np.random.Generator
) -> list[list[int]]:
    """Balanced k-means on capability vectors: every hub gets as many providers, give or take one.

    Args:
        profiles: the providers.
        hubs: how many hubs; at most as many as providers, and 0 only if there are none.
        rng: draws the first centres.

    Returns:
        For each hub, the indices of its providers in order.
    """
    if not hubs:
        return []
    vectors = capability_vectors(profiles)
    seats = np.arange(len(profiles)) % hubs
    centres = vectors[_spread_out(vectors, hubs, rng)]
    member_of = np.full(len(profiles), -1)
    for _ in range(MOST_ITERATIONS):
        distance = ((vectors[:, None, :] - centres[None, :, :]) ** 2).sum(axis=2)
        _, seat = linear_sum_assignment(distance[:, seats])
        if np.array_equal(seats[seat], member_of):
            break
        member_of = seats[seat]
        centres = np.stack([vectors[member_of == hub].mean(axis=0) for hub in range(hubs)])
    return [np.flatnonzero(member_of == hub).tolist() for hub in range(hubs)]


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
    while len(chosen) < count:
        distance = ((vectors[:, None, :] - vectors[chosen][None, :, :]) ** 2).sum(axis=2).min(1)
        distance[chosen] = 0.0
        if distance.sum() > 0:
            chosen.append(int(rng.choice(len(vectors), p=distance / distance.sum())))
        else:
            chosen.append(next(i for i in range(len(vectors)) if i not in chosen))
    return chosen
