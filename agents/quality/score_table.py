"""Measured scores, replayed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from agents.engine import Task
from agents.quality.role import Grader


@dataclass(frozen=True)
class ScoreTable:
    """The scores of a provider's model, by domain, on the queries that were put to it.

    A task's place among all queries of its domain is the same for every provider, so models that
    fail on the same queries in the table fail on the same tasks here. A task's difficulty is that
    of its query, and no other. In a domain without scores, grades are those of ``elsewhere``.
    """

    scores: Mapping[str, Sequence[float]]
    elsewhere: Grader

    def grade(self, task: Task, seed: int, *key: str | int) -> float:
        """The score on the task's query; no draw is needed."""
        scores = self.scores.get(task.domain)
        if scores is None:
            return self.elsewhere.grade(task, seed, *key)
        return scores[int(task.query * len(scores))]
