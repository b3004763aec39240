import pytest

from agents.engine import Task
from agents.quality import Capability, ScoreTable
from market import seeding

NEVER_RIGHT = Capability({}, elsewhere=0.0)
TABLE = ScoreTable({"law": (1.0, 0.0, 0.25, 0.0)}, elsewhere=NEVER_RIGHT)


@pytest.mark.parametrize(
    ("query", "score"), [(0.0, 1.0), (0.2499, 1.0), (0.25, 0.0), (0.5, 0.25), (0.9999, 0.0)]
)
def test_an_answer_gets_the_score_on_its_query(query, score):
    assert TABLE.grade(Task("law", 0.5, query), 7, "grade", "p", "r") == score


def test_difficulty_and_whoever_else_asks_make_no_difference():
    grades = {
        TABLE.grade(Task("law", hard, 0.6), seed, "grade", provider, request)
        for hard in (0.0, 1.0)
        for seed in (1, 2)
        for provider in "pq"
        for request in ("r1", "r2")
    }
    assert grades == {0.25}


@pytest.mark.parametrize("count", [1, 2, 3, 1000, 4097, 6108])
def test_the_last_place_is_that_of_the_last_query(count):
    table = ScoreTable({"law": (*[0.0] * (count - 1), 1.0)}, NEVER_RIGHT)
    assert table.grade(Task("law", 0.5, 1 - 2.0**-53), 7) == 1.0


def test_a_domain_without_scores_is_graded_by_capability():
    skilled = ScoreTable({"law": (0.0,)}, elsewhere=Capability({"code": 1.0}, elsewhere=0.0))
    assert skilled.grade(Task("code", 0.5, 0.1), 7, "r") == 1.0
    assert skilled.grade(Task("art", 0.5, 0.1), 7, "r") == 0.0


def test_models_fail_on_the_same_tasks_as_in_the_table():
    """Two models, each right on half of the queries: on the same ones, or on the other ones."""
    queries = [seeding.uniform(3, "query", number) for number in range(2000)]
    one, same, opposite = (
        ScoreTable({"law": scores}, NEVER_RIGHT)
        for scores in ((0.0, 1.0, 1.0, 0.0), (0.0, 1.0, 1.0, 0.0), (1.0, 0.0, 0.0, 1.0))
    )
    right = [
        [table.grade(Task("law", 0.5, query), 3, "r") for query in queries]
        for table in (one, same, opposite)
    ]
    assert right[0] == right[1]
    assert all(first + last == 1.0 for first, last in zip(right[0], right[2], strict=True))
    assert sum(right[0]) / 2000 == pytest.approx(0.5, abs=0.04)
