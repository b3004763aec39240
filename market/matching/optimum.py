"""An optimal matching and what follows from it without solving anything again.

Let g_i be what one more slot at provider i would add to welfare, and h_i what one slot less would
take away. At the prices g, and at the prices h, everybody gets what it likes best and a free slot
costs nothing; they are the smallest and the largest prices of that kind (Leonard 1983, Demange and
Gale 1985). Neither depends on which of several optimal matchings was found.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from market.matching.alternating_paths import slot_gains, slot_losses
from market.matching.assignment import AUTO, best_pairs, total
from market.matching.augmenting_paths import gains_of_requests_returned, gains_of_slots_freed
from market.matching.pairs import UNMATCHED, Amounts, Counts, Integers, Pairs

#: Of the largest weight: a gain of less than this is rounding in floats.
_ROUNDING = 2.0**-50


@dataclass(frozen=True)
class Optimum:
    """An optimal matching of a market: every request's pair (requests,), or ``UNMATCHED``."""

    pairs: Pairs
    capacities: Counts
    taken: Counts

    @classmethod
    def of(cls, pairs: Pairs, capacities: Counts, backend: str = AUTO) -> Optimum:
        """Find one; raises ``BadInput`` as ``max_weight_matching`` does."""
        return cls(pairs, capacities, best_pairs(pairs, capacities, backend))

    @cached_property
    def match(self) -> npt.NDArray[np.intp]:
        """(requests,), the provider of each, or ``UNMATCHED``."""
        return self.pairs.match(self.taken)

    @cached_property
    def served(self) -> npt.NDArray[np.intp]:
        """The requests that are matched."""
        return np.flatnonzero(self.taken != UNMATCHED)

    @cached_property
    def welfare(self) -> Any:
        """The total weight, a Python number."""
        return total(self.pairs.weight[self.taken[self.served]])

    @cached_property
    def scarcity_prices(self) -> Amounts:
        """(providers,), g: what one more slot would add, zero where a slot is free."""
        pairs = self.pairs
        return slot_gains(
            pairs.start, pairs.provider, pairs.weight, self.taken, pairs.providers, self._slack
        )

    @cached_property
    def largest_prices(self) -> Amounts:
        """(providers,), h: what one slot less would take away; ``NO_PRICE`` where there is none."""
        pairs = self.pairs
        return slot_losses(
            pairs.start,
            pairs.provider,
            pairs.weight,
            self.taken,
            self.capacities,
            pairs.top,
            self._slack,
        )

    def externality(self, rows: Integers) -> Any:
        """What all other requests together would have more if those of ``rows`` were away."""
        pairs = self.pairs
        gained = gains_of_slots_freed(
            pairs.start,
            pairs.provider,
            pairs.weight,
            *pairs.columns,
            self.taken,
            self.scarcity_prices,
            rows,
        )
        return total(gained)

    def contribution(self, provider: int) -> Any:
        """What welfare would lose without a provider."""
        pairs = self.pairs
        regained = gains_of_requests_returned(
            pairs.start,
            pairs.provider,
            pairs.weight,
            self.taken,
            self.scarcity_prices,
            self.capacities,
            provider,
        )
        lost = self.taken[self.match == provider]
        return total(pairs.weight[lost]) - total(regained)

    @cached_property
    def _slack(self) -> float:
        return 0 if self.pairs.whole else _ROUNDING * self.pairs.top
