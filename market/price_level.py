"""Priors at another price level: a public factor on all costs is one on all of their priors."""

from __future__ import annotations

from dataclasses import replace

from market.workflow import Empirical, Prior, TruncatedLognormal, TruncatedNormal, Uniform


def at_price_level(prior: Prior, factor: float) -> Prior:
    """The prior of a cost that is ``factor`` times the one that ``prior`` is of.

    Raises ``BadInput`` where a price leaves its bounds.
    """
    if factor == 1:
        return prior
    low, high = prior.low * factor, prior.high * factor
    if isinstance(prior, TruncatedNormal):
        mean, deviation = prior.mean * factor, prior.deviation * factor
        return replace(prior, mean=mean, deviation=deviation, low=low, high=high)
    if isinstance(prior, TruncatedLognormal):
        return replace(prior, median=prior.median * factor, low=low, high=high)
    if isinstance(prior, Empirical):
        samples = tuple(sample * factor for sample in prior.samples)
        return replace(prior, samples=samples, low=low, high=high)
    if isinstance(prior, Uniform):
        return replace(prior, low=low, high=high)
    raise TypeError(f"no rule scales a {type(prior).__name__}")
