from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.served_model import ServedModel, check_alike
from tests.strategies import examples

SCORES = {"code": [1.0, 0.0, 0.5], "law": [1.0, 1.0]}


def model(**changes: Any) -> ServedModel:
    usual = {"name": "acme/one", "tier": 1, "skills": {"code": 0.5, "law": 1.0}, "scores": SCORES}
    return ServedModel.model_validate(usual | changes)


def test_models_with_scores_on_as_many_queries_of_the_same_domains_are_alike():
    check_alike([model(), model(name="acme/other", scores={"law": [0, 0], "code": "1 1 0"})])


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"scores": {}}, "at least 1 item"),
        ({"scores": {"code": []}}, "at least 1 item"),
        ({"scores": {"code": [1.5]}}, "less than or equal to 1"),
        ({"scores": {"code": "0 1e999"}}, "finite number"),
        ({"scores": {"code": "0 one"}}, "numbers from 0 to 1 with spaces between, got 'one'"),
        (
            {"scores": {"art": [1.0]}},
            r"scores: expected domains of skills \(code, law\), got art",
        ),
        (
            {"scores": {"code": [1.0]}, "skills": None},
            r"scores: expected domains of skills \(none\), got code",
        ),
        (
            {"scores": SCORES | {"law": [1.0]}},
            r"models.1.scores: expected the queries of models.0 \(code 3, law 2\), "
            "got code 3, law 1",
        ),
        (
            {"scores": None},
            r"models.1.scores: expected the queries of models.0 \(code 3, law 2\), got none",
        ),
    ],
)
def test_malformed_scores_are_refused(changes, complaint):
    with pytest.raises(ValueError, match=complaint):
        check_alike([model(), model(name="acme/other", **changes)])


@given(scores=st.lists(st.floats(0, 1) | st.sampled_from([0.0, 1.0, 0.1 + 0.2]), min_size=1))
@examples(100)
def test_scores_come_back_from_a_file_as_they_were(scores: list[float]):
    scored = model(scores={"code": scores})
    assert scored.scores == {"code": tuple(scores)}
    assert ServedModel.model_validate_json(scored.model_dump_json()) == scored


def test_scores_of_nothing_and_of_all_take_two_characters_in_a_file():
    scored = model(scores={"code": [0, 1, 1, 0.25]})
    assert scored.model_dump(mode="json")["scores"] == {"code": "0 1 1 0.25"}
