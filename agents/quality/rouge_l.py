"""ROUGE-L.

Source: Lin, "ROUGE: A Package for Automatic Evaluation of Summaries" (ACL workshop, 2004).
"""

from __future__ import annotations

from collections.abc import Sequence

from agents.quality.role import check_references
from market.errors import BadInput


class RougeL:
    """The F1 of the longest common subsequence of words, by the library ``rouge-score``.

    It counts words of a to z and of digits, in lower case and without stemming: those of other
    scripts are no words to it.

    Raises:
        BadInput: the library is not installed.
    """

    def __init__(self) -> None:
        try:
            from rouge_score.rouge_scorer import RougeScorer
        except ModuleNotFoundError as error:
            expected = "expected rouge-score: pip install -e '.[quality]'"
            raise BadInput("evaluator rouge_l", f"{expected}; {error}") from error
        self._scorer = RougeScorer(["rougeL"])

    def score(self, answer: str, references: Sequence[str]) -> float:
        """The best F1 over the references."""
        check_references(references)
        scores = (self._scorer.score(reference, answer)["rougeL"] for reference in references)
        return max(float(score.fmeasure) for score in scores)
