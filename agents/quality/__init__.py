"""The quality of answers: drawn or replayed where they are simulated, evaluated where not."""

from functools import cache

from agents.quality.capability import Capability
from agents.quality.role import Evaluator, Grader
from agents.quality.rouge_l import RougeL
from agents.quality.score_table import ScoreTable
from agents.quality.token_span import TokenSpan

#: What answers in text can be scored by; one more is one file more.
EVALUATORS: dict[str, type[Evaluator]] = {"rouge_l": RougeL, "token_span": TokenSpan}

__all__ = ["EVALUATORS", "Capability", "Evaluator", "Grader", "ScoreTable", "evaluator_named"]


@cache
def evaluator_named(name: str) -> Evaluator:
    """One of ``EVALUATORS``, which are all without state.

    Raises:
        BadInput: what it needs is not installed.
    """
    return EVALUATORS[name]()
