import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubs.ledger import PrefixLedger
from market.prompt import Span, common_prefix_tokens, prompt_tokens
from tests.hubs.builders import completion, request
from tests.strategies import examples

COLUMN = {"p": 0, "q": 1, "s": 2}


def turn(number: int, tokens: int = 100, dialogue: str = "d", document: int = 1):
    """A turn of a dialogue about a document of so many tokens less ten for the question."""
    prompt = (Span(document, tokens - 10), Span(1000 + number, 10))
    return request(f"{dialogue}.{number}", prompt, turn=number)


def matches(ledger: PrefixLedger, *requests) -> list[list[int]]:
    return ledger.matches(requests, COLUMN).tolist()


def test_an_empty_ledger_matches_nothing():
    ledger = PrefixLedger(10)
    assert matches(ledger, turn(1), turn(2)) == [[0, 0, 0], [0, 0, 0]]
    assert ledger.matches([], COLUMN).shape == (0, 3)
    assert ledger.summary() == (0, 0)


def test_a_match_is_the_longest_common_prefix_with_the_last_prompt_of_the_dialogue():
    ledger = PrefixLedger(10)
    ledger.record("p", "d", turn(1).prompt)
    ledger.record("s", "d", (*turn(1).prompt, Span(9, 50)))
    longer = request("d.2", (*turn(1).prompt, Span(9, 50), Span(10, 5)))
    assert matches(ledger, turn(2), longer) == [[90, 0, 90], [100, 0, 150]]


def test_another_dialogue_is_not_matched_though_its_words_are_the_same():
    ledger = PrefixLedger(10)
    ledger.record("p", "d", turn(1).prompt)
    assert matches(ledger, turn(2, dialogue="e")) == [[0, 0, 0]]


def test_the_last_prompt_replaces_the_one_before():
    ledger = PrefixLedger(10)
    ledger.record("p", "d", turn(1).prompt)
    ledger.record("p", "d", turn(1, document=2, tokens=60).prompt)
    assert matches(ledger, turn(2), turn(2, document=2)) == [[0, 0, 0], [50, 0, 0]]
    assert ledger.summary() == (1, 60)


def test_the_entry_that_was_touched_longest_ago_makes_room():
    ledger = PrefixLedger(2)
    ledger.record("p", "d", turn(1).prompt)
    ledger.record("q", "d", turn(1).prompt)
    ledger.record("p", "d", turn(2).prompt)  # p is fresh again
    ledger.record("s", "d", turn(1).prompt)
    assert matches(ledger, turn(3)) == [[90, 0, 90]]


@given(
    capacity=st.integers(1, 5),
    events=st.lists(
        st.tuples(
            st.sampled_from(sorted(COLUMN)),
            st.sampled_from("abc"),
            st.lists(st.builds(Span, st.integers(1, 2), st.integers(1, 4)), max_size=3),
        ),
        max_size=30,
    ),
)
@examples(200)
def test_memory_is_bounded_and_the_counts_are_those_of_what_is_remembered(capacity, events):
    ledger, expected = PrefixLedger(capacity), {}
    for provider, dialogue, spans in events:
        ledger.record(provider, dialogue, tuple(spans))
        expected.pop((dialogue, provider), None)
        expected[dialogue, provider] = tuple(spans)
        if len(expected) > capacity:
            del expected[next(iter(expected))]
        total = sum(prompt_tokens(prompt) for prompt in expected.values())
        assert ledger.summary() == (len(expected), total)
        assert len(expected) <= capacity
        asked = request(f"{dialogue}.9", (Span(1, 2), Span(2, 3)))
        found = [
            common_prefix_tokens(asked.prompt, expected.get((dialogue, name), ()))
            for name in COLUMN
        ]
        assert matches(ledger, asked) == [found]


@pytest.mark.parametrize(
    ("tokens", "turn_number", "matched", "cached", "dropped"),
    [
        (100, 2, 90, 0, True),
        (100, 2, 90, 10, True),  # a tenth is still far fewer
        (100, 2, 90, 11, False),
        (100, 2, 80, 0, True),  # four fifths is a firm expectation
        (100, 2, 79, 0, False),
        (100, 2, 90, 90, False),
        (100, 2, 90, None, False),  # not reported is unknown, not zero
        (100, 1, 90, 0, False),
        (100, 3, 90, 0, True),
        (64, 2, 54, 0, True),
        (63, 2, 53, 0, False),  # too short a prompt to tell
    ],
)
def test_an_entry_goes_where_the_engine_clearly_no_longer_holds_it(
    tokens, turn_number, matched, cached, dropped
):
    ledger = PrefixLedger(10)
    asked = turn(turn_number, tokens)
    ledger.record("p", "d", asked.prompt)
    ledger.record("q", "d", asked.prompt)
    ledger.observe(asked, matched, completion(asked.request, "p", cached_tokens=cached))
    left = 0 if dropped else tokens - 10
    assert matches(ledger, turn(9, tokens)) == [[left, tokens - 10, 0]]
    assert ledger.summary() == ((1, tokens) if dropped else (2, 2 * tokens))


def test_observing_what_is_forgotten_already_does_no_harm():
    ledger = PrefixLedger(1)
    ledger.record("p", "d", turn(1).prompt)
    ledger.record("p", "e", turn(1, dialogue="e").prompt)
    ledger.observe(turn(2), 90, completion("d.2", "p", cached_tokens=0))
    assert ledger.summary() == (1, 100)
    assert matches(ledger, turn(2, dialogue="e")) == [[90, 0, 0]]


def test_matches_are_whole_tokens_by_request_and_provider():
    tokens = PrefixLedger(1).matches([turn(1), turn(2)], COLUMN)
    assert tokens.dtype == np.int64
    assert tokens.shape == (2, 3)
