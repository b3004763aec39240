from hypothesis import given
from hypothesis import strategies as st

from market.prompt import Prompt, Span, common_prefix_tokens, prompt_tokens
from tests.strategies import examples

spans = st.builds(Span, st.integers(1, 3), st.integers(1, 5))
prompts = st.lists(spans, max_size=5).map(tuple)


def tokens_of(prompt: Prompt) -> list[tuple[int, int]]:
    """The tokens themselves: each is a position in a content."""
    return [(content, position) for content, length in prompt for position in range(length)]


@given(prompt=prompts)
@examples(100)
def test_the_length_of_a_prompt_is_the_number_of_its_tokens(prompt):
    assert prompt_tokens(prompt) == len(tokens_of(prompt))


@given(beginning=prompts, one=prompts, other=prompts)
@examples(500)
def test_the_common_prefix_is_that_of_the_tokens(beginning, one, other):
    first, second = beginning + one, beginning + other
    expected = 0
    for token, same in zip(tokens_of(first), tokens_of(second), strict=False):
        if token != same:
            break
        expected += 1
    assert common_prefix_tokens(first, second) == expected
    assert common_prefix_tokens(second, first) == expected


@given(prompt=prompts, more=prompts)
@examples(100)
def test_a_continued_prompt_shares_all_of_its_beginning(prompt, more):
    assert common_prefix_tokens(prompt, prompt + more) == prompt_tokens(prompt)


def test_a_longer_part_of_the_same_content_ends_the_common_prefix():
    document = (Span(1, 100), Span(2, 10))
    assert common_prefix_tokens(document, (Span(1, 60), Span(2, 10))) == 60
    assert common_prefix_tokens(document, (Span(1, 100), Span(3, 10))) == 100
    assert common_prefix_tokens(document, (Span(2, 100),)) == 0
    assert common_prefix_tokens(document, ()) == 0
