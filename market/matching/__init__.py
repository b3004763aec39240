"""Chat requests matched to providers: maximum welfare, VCG payments (IEMAS)."""

from market.matching.assignment import UNMATCHED, max_weight_matching
from market.matching.problem import solve_matching
from market.matching.vcg import MatchingOutcome, clear, scarcity_prices

__all__ = [
    "UNMATCHED",
    "MatchingOutcome",
    "clear",
    "max_weight_matching",
    "scarcity_prices",
    "solve_matching",
]
