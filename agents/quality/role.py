"""The two roles of quality: graders of simulated answers, evaluators of real ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from agents.engine import Task


class Grader(Protocol):
    """How good one provider's simulated answers are."""

    def grade(self, task: Task, seed: int, *key: str | int) -> float:
        """The quality of the answer to a task, in [0, 1]; what it draws is keyed by ``key``."""


class Evaluator(Protocol):
    """How good an answer in text is, by what people answered (IEMAS, App. C.2.5)."""

    def score(self, answer: str, references: Sequence[str]) -> float:
        """In [0, 1]: that against the best of the references, 0 for an answer without a word.

        Raises ``ValueError`` where there is no reference.
        """


def check_references(references: Sequence[str]) -> None:
    """Raise ``ValueError`` where there is no reference."""
    if not references:
        raise ValueError("references: expected at least one, got none")
