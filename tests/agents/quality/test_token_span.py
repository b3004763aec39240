import pytest

from agents.quality.token_span import TokenSpan, normal_words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("She married, in May 1983!", ["she", "married", "in", "may", "1983"]),
        ("Twelve o'clock", ["12", "o", "clock"]),
        ("twenty-one, Twenty One and twenty", ["21", "21", "and", "20"]),
        ("twenty ten; one two", ["20", "10", "1", "2"]),
        ("ninety nine years", ["99", "years"]),
        ("one twenty", ["1", "20"]),
        ("twenty, zero", ["20", "0"]),
        ("1,983,000 units or 1,5 or 3.50", ["1983000", "units", "or", "1", "5", "or", "3.50"]),
        ("1,9834 and 12,345,6789", ["1", "9834", "and", "12345", "6789"]),
        ('Empnefsi! ("Inspiration!")', ["empnefsi", "inspiration"]),
        ("naïve Käse_42", ["naïve", "käse", "42"]),
        ("", []),
    ],
)
def test_words_are_compared_in_lower_case_without_punctuation_and_with_numerals(text, words):
    assert normal_words(text) == words


@pytest.mark.parametrize(
    ("answer", "reference", "score"),
    [
        ("It was twenty-one of them.", "21", 1.0),
        ("She gave birth to her daughter, Sofia, in May.", "her daughter Sofia", 1.0),
        ("her daughter", "her daughter Sofia", 0.0),
        ("her little daughter", "her daughter", 0.0),
        ("daughter her", "her daughter", 0.0),
        ("daughters", "daughter", 0.0),
        ("a a b", "a b", 1.0),
    ],
)
def test_a_reference_must_stand_in_the_answer_without_a_gap(answer, reference, score):
    assert TokenSpan().score(answer, [reference]) == score
