"""When things start: a Poisson process whose rate is itself random."""

from __future__ import annotations

from collections.abc import Iterator

from market import seeding

LEAST_BURSTINESS = 1e-3


def bursty_starts(
    rate_per_s: float, burstiness: float, horizon_s: float, seed: int, *key: str | int
) -> Iterator[float]:
    """Moments in order, up to ``horizon_s``.

    Each second has a rate of its own, gamma-distributed with mean ``rate_per_s`` and coefficient
    of variation ``burstiness``; near 0 is a plain Poisson process.
    """
    for second in range(int(horizon_s) + 1):
        rng = seeding.stream(seed, *key, "second", second)
        rate = rate_per_s
        if burstiness > LEAST_BURSTINESS:
            shape = burstiness**-2
            rate *= rng.gamma(shape, 1 / shape)
        moments = second + rng.random(rng.poisson(rate))
        moments.sort()
        yield from (moment for moment in moments.tolist() if moment <= horizon_s)
