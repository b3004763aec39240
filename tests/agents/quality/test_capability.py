import numpy as np
import pytest

from agents.engine import Task
from agents.quality import Capability

EXPERT = Capability({"code": 0.9, "law": 0.5}, elsewhere=0.25)


def test_at_middling_difficulty_the_skill_is_the_chance_of_a_right_answer():
    assert EXPERT.success_probability(Task("code", 0.5, 0.25)) == pytest.approx(0.9)
    assert EXPERT.success_probability(Task("law", 0.5, 0.25)) == pytest.approx(0.5)


def test_without_difficulty_every_answer_is_right():
    assert Capability({"code": 0.0}, 0.0).success_probability(Task("code", 0.0, 0.25)) == 1.0


def test_the_harder_the_task_the_smaller_the_chance():
    chances = [EXPERT.success_probability(Task("law", hard, 0.25)) for hard in (0.0, 0.3, 0.6, 1.0)]
    assert chances == sorted(chances, reverse=True)
    assert chances[-1] == pytest.approx(0.25)


def test_an_unknown_domain_is_answered_as_elsewhere():
    assert EXPERT.success_probability(Task("poetry", 0.5, 0.25)) == pytest.approx(0.25)


def test_a_grade_is_the_same_whenever_the_same_pair_is_asked():
    task = Task("law", 0.5, 0.25)
    grades = [EXPERT.grade(task, 3, "grade", "p", f"r{number}") for number in range(200)]
    backwards = [EXPERT.grade(task, 3, "grade", "p", f"r{number}") for number in range(199, -1, -1)]
    assert backwards[::-1] == grades
    assert set(grades) == {0.0, 1.0}
    assert grades != [EXPERT.grade(task, 4, "grade", "p", f"r{number}") for number in range(200)]


def test_as_many_answers_are_right_as_the_skill_says():
    task = Task("code", 0.5, 0.25)
    grades = [EXPERT.grade(task, 3, "grade", "p", f"r{number}") for number in range(3000)]
    assert np.mean(grades) == pytest.approx(0.9, abs=0.02)
