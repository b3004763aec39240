"""What every evaluator must do."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.quality import EVALUATORS, Evaluator
from tests.real_files import real
from tests.strategies import examples

CHOICES = [(name, kind()) for name, kind in EVALUATORS.items()]
every_evaluator = pytest.mark.parametrize(
    "evaluator", [one for _, one in CHOICES], ids=[name for name, _ in CHOICES]
)

words = st.sampled_from(["The", "twenty", "one", "21", "gold,", "she", "1,983", "-", "Sofia."])
texts = st.lists(words, max_size=6).map(" ".join)


@every_evaluator
@given(answer=texts, references=st.lists(texts, min_size=1, max_size=4))
@examples(100)
def test_a_score_is_that_of_the_best_reference_and_within_bounds(
    evaluator: Evaluator, answer: str, references: list[str]
) -> None:
    score = evaluator.score(answer, references)
    assert 0.0 <= score <= 1.0
    assert score == max(evaluator.score(answer, [one]) for one in references)
    assert score == evaluator.score(answer, references[::-1])


@every_evaluator
@pytest.mark.parametrize("text", ["her daughter Sofia.", "1983", "In May 1983, she married"])
def test_a_reference_scores_one_against_itself(evaluator: Evaluator, text: str) -> None:
    assert evaluator.score(text, [text]) == 1.0
    assert evaluator.score(text.upper(), ["something else", text]) == 1.0


@every_evaluator
@pytest.mark.parametrize("answer", ["", "  \n", "...", "- ?!"])
def test_an_answer_without_a_word_scores_nothing(evaluator: Evaluator, answer: str) -> None:
    assert evaluator.score(answer, ["her daughter", ""]) == 0.0
    assert evaluator.score(answer, [answer]) == 0.0


@every_evaluator
def test_an_answer_with_nothing_in_common_scores_nothing(evaluator: Evaluator) -> None:
    assert evaluator.score("gold and silver", ["her daughter Sofia"]) == 0.0


@every_evaluator
def test_without_a_reference_there_is_no_score(evaluator: Evaluator) -> None:
    with pytest.raises(ValueError, match="references: expected at least one, got none"):
        evaluator.score("her daughter", [])


def real_answers() -> list[list[str]]:
    """What several people answered to each of the questions of a real file."""
    articles = json.loads(real("dialogues/quac_val_hf_dummy.json").read_text())["data"]
    questions = [
        one for article in articles for part in article["paragraphs"] for one in part["qas"]
    ]
    return [[answer["text"] for answer in question["answers"]] for question in questions]


@every_evaluator
def test_every_real_answer_scores_one_against_itself(evaluator: Evaluator) -> None:
    answers = real_answers()
    assert len(answers) == 41
    for group in answers:
        for answer in group:
            assert evaluator.score(answer, group) == 1.0


@pytest.mark.parametrize(("answer", "span"), [("It was twenty-one.", "21"), ("да, это так", "это")])
def test_numerals_and_other_scripts_are_known_to_token_span_alone(answer: str, span: str) -> None:
    assert EVALUATORS["token_span"]().score(answer, [span]) == 1.0
    assert EVALUATORS["rouge_l"]().score(answer, [span]) == 0.0


def test_where_a_real_answer_contains_another_one_both_evaluators_say_so() -> None:
    """A contiguous span is a common subsequence of all its words; the reverse does not hold."""
    rouge_l, token_span = EVALUATORS["rouge_l"](), EVALUATORS["token_span"]()
    found = missed = 0
    for group in real_answers():
        for answer in set(group):
            for other in set(group) - {answer}:
                overlap = rouge_l.score(answer, [other])
                if token_span.score(answer, [other]):
                    found += 1
                    assert overlap > 0
                else:
                    missed += 1
                    assert overlap < 1
    assert found > 10
    assert missed > 10
