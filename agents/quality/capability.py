"""Answers that are right with a chance that follows from skill and difficulty."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from agents.engine import Task
from market import seeding


@dataclass(frozen=True)
class Capability:
    """A provider's skill in [0, 1] in each domain, and ``elsewhere`` in any other.

    The benchmark scores that it publishes are its skills with some noise.
    """

    skills: Mapping[str, float]
    elsewhere: float

    def success_probability(self, task: Task) -> float:
        """Chance of a right answer: the skill at middling difficulty, 1 where there is none."""
        return float(self.skills.get(task.domain, self.elsewhere) ** (2 * task.difficulty))

    def grade(self, task: Task, seed: int, *key: str | int) -> float:
        """Whether the answer is right, 1.0 or 0.0; the same whenever the same pair is asked."""
        return float(seeding.uniform(seed, *key) < self.success_probability(task))
