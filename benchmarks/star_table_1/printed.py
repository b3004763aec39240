"""Table 1 of the STAR paper as printed, and its market's constants (table 2, appendix D)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

#: USD per 1e6 output tokens before the multipliers, by tier from 1.
BASE_PRICES = ((0.10, 0.20, 0.30), (0.50, 1.00, 1.50), (2.50, 5.00, 7.50))
#: Bounds of the private spot multiplier, appendix D.2.
SPOT = (0.1, 1.0)
#: Token lengths move by so much either way, appendix D.2.
LENGTH_NOISE = 0.1
#: Trials behind the printed table.
PRINTED_TRIALS = 50

#: The columns of payments, USD, and of reductions, per cent.
PAYMENTS = ("STAR", "Myopic", "Homogeneous")
REDUCTIONS = ("vs. myopic", "vs. homogeneous")
COLUMNS = PAYMENTS + REDUCTIONS


@dataclass(frozen=True)
class Printed:
    """A row of Table 1: means and what stands behind the ± in USD, reductions in per cent."""

    means: tuple[float, float, float]
    spreads: tuple[float, float, float]
    reductions: tuple[float, float]

    @property
    def figures(self) -> Mapping[str, float]:
        """The means and reductions by ``COLUMNS``."""
        return dict(zip(COLUMNS, (*self.means, *self.reductions), strict=True))

    @property
    def recomputed(self) -> tuple[float, float]:
        """The reductions that follow from the printed means, per cent: 1 - ratio of means."""
        star, myopic, homogeneous = self.means
        return 100 * (1 - star / myopic), 100 * (1 - star / homogeneous)


TABLE_1: Mapping[str, Printed] = {
    "S1": Printed((4.03, 4.48, 5.14), (0.81, 0.85, 0.98), (10.0, 21.6)),
    "S2": Printed((5.18, 6.72, 7.80), (0.44, 0.53, 0.64), (22.9, 33.6)),
    "S3": Printed((1.90, 2.10, 2.38), (0.23, 0.25, 0.29), (9.5, 20.2)),
    "S4": Printed((1.58, 1.96, 2.24), (0.19, 0.24, 0.28), (19.4, 29.5)),
}
