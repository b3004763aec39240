"""The matrix factorisation router of RouteLLM (Ong et al. 2025), MFRouter in IEMAS (section 5).

A table of queries x models is factorised, and a request goes to the model with the best predicted
score on it. The routers of the literature learn the table from graded answers, and place a query
in it by an embedding of its text. A hub has the benchmark scores that its members publish by
domain: these make a table of domains x members, and a request stands in the row of its domain.
Like the paper's baseline it is trained before, and learns nothing from what it routes.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from hubs.mechanisms.role import Offers
from market.profiles import ProviderProfile

#: The most latent factors, and how much each singular value of the table is shrunk.
RANK = 8
SHRINKAGE = 0.1

#: A fit stands when no score moves in these digits, or after so many sweeps. Predicted scores are
#: rounded to them, so that members with equal scores tie.
DIGITS = 5
MOST_SWEEPS = 1000

#: Instead of a square of zero, by whose root nothing can be divided.
_TINY = 1e-300

Floats = npt.NDArray[np.float64]


class MatrixFactorizationRouter:
    """Every request goes to the best predicted score in its domain; ties to the cheaper.

    A request of a domain in which no member publishes a score goes by the mean over domains.
    """

    def __init__(self, members: Sequence[ProviderProfile]):
        """Factorise the scores that the ``members`` publish."""
        domains = sorted({domain for member in members for domain in member.scores})
        table = np.array(
            [[member.scores.get(domain, np.nan) for member in members] for domain in domains]
        ).reshape(len(domains), len(members))
        scores = completed(table)
        mean = scores.mean(axis=0) if domains else np.zeros(len(members))
        self._scores = dict(zip(domains, scores.round(DIGITS), strict=True))
        self._elsewhere: Floats = mean.round(DIGITS)

    def choose(
        self, row: int, free: npt.NDArray[np.int64], offers: Offers, rng: np.random.Generator
    ) -> int:
        """The best with a free slot; of equals the cheapest at the bids."""
        open_to = np.flatnonzero(free)
        scores = self._scores.get(offers.domains[row], self._elsewhere)[open_to]
        best = open_to[scores == scores.max()]
        return int(best[np.argmin(offers.costs[row, best])])


def completed(scores: Floats, rank: int = RANK, shrinkage: float = SHRINKAGE) -> Floats:
    """A low-rank fit to the known scores, which predicts the missing ones: Soft-Impute.

    With Z the scores less their mean, it minimises ``|Z - U V'|^2 + shrinkage (|U|^2 + |V|^2)``
    over factors U, V of ``rank`` columns, the first sum over known scores only. No start is
    drawn: the missing begin at the mean, and the fit fills them until it repeats itself
    (Mazumder, Hastie and Tibshirani 2010, Algorithm 1).

    Args:
        scores: (domains, members); NaN where missing.
        rank: the most factors.
        shrinkage: taken off each singular value; 0 leaves a table without gaps as it is, up to
            ``rank``.

    Returns:
        (domains, members); all 0 where no score is known.
    """
    known = ~np.isnan(scores)
    if not known.any():
        return np.zeros_like(scores)
    mean = scores[known].mean()
    fit = np.zeros_like(scores)
    for _ in range(MOST_SWEEPS):
        filled = np.where(known, scores - mean, fit)
        # Domains are few: their products are sooner decomposed than the whole table.
        squares, factors = np.linalg.eigh(filled @ filled.T)
        singular, factors = np.sqrt(np.maximum(squares, _TINY))[-rank:], factors[:, -rank:]
        kept = np.maximum(1 - shrinkage / singular, 0.0)
        before, fit = fit, (factors * kept) @ (factors.T @ filled)
        if np.abs(fit - before).max() < 10.0**-DIGITS:
            break
    return np.asarray(mean + fit)
