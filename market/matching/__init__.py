"""Chat requests matched to providers: maximum welfare, VCG payments (IEMAS)."""

from market.matching.assignment import BACKENDS, max_weight_matching
from market.matching.market import MatchingMarket
from market.matching.optimum import Optimum
from market.matching.pairs import NO_PRICE, UNMATCHED, Pairs
from market.matching.payments import PAYMENTS
from market.matching.problem import read_market, solve_matching, written_market
from market.matching.vcg import MatchingOutcome, clear, clear_pairs

__all__ = [
    "BACKENDS",
    "NO_PRICE",
    "PAYMENTS",
    "UNMATCHED",
    "MatchingMarket",
    "MatchingOutcome",
    "Optimum",
    "Pairs",
    "clear",
    "clear_pairs",
    "max_weight_matching",
    "read_market",
    "solve_matching",
    "written_market",
]
