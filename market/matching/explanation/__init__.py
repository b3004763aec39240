"""Why each request of a matching is matched as it is, as records and in words."""

from market.matching.explanation.explain import explain_market, explain_matching
from market.matching.explanation.model import MatchingExplanation
from market.matching.explanation.words import in_words

__all__ = ["MatchingExplanation", "explain_market", "explain_matching", "in_words"]
