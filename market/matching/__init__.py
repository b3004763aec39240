"""Chat requests matched to providers: maximum welfare, VCG payments (IEMAS)."""

from market.matching.assignment import UNMATCHED, max_weight_matching
from market.matching.market import MatchingMarket
from market.matching.problem import read_market, solve_matching, written_market
from market.matching.vcg import MatchingOutcome, clear, scarcity_prices

__all__ = [
    "UNMATCHED",
    "MatchingMarket",
    "MatchingOutcome",
    "clear",
    "max_weight_matching",
    "read_market",
    "scarcity_prices",
    "solve_matching",
    "written_market",
]
