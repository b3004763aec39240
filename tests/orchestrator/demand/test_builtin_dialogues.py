from collections.abc import Sequence

import numpy as np
import pytest

from market.prompt import prompt_tokens
from orchestrator.demand.builtin_dialogues import builtin_dialogues
from orchestrator.demand.dialogue import Dialogue
from orchestrator.demand.shape import DialogueShape

DOMAINS = {"code": 1.0, "law": 1.0}


def dialogues(
    starts: Sequence[float], seed: int = 3, source: str = "d0", **shape
) -> list[Dialogue]:
    return list(builtin_dialogues(DialogueShape(**shape), DOMAINS, iter(starts), seed, source))


def test_a_dialogue_depends_on_its_number_and_not_on_when_it_starts():
    one, other = dialogues([0.5, 1.5, 2.5]), dialogues([7.0, 7.5, 9.0, 10.0])
    for early, late in zip(one, other, strict=False):
        assert (early.dialogue, early.topic, early.turns) == (late.dialogue, late.topic, late.turns)
        assert prompt_tokens(early.document) == prompt_tokens(late.document)
    assert [early.start_s for early in one] == [0.5, 1.5, 2.5]


def test_dialogues_differ_by_number_source_and_seed():
    assert len({prompt_tokens(one.document) for one in dialogues([0.0] * 30)}) > 25
    assert dialogues([0.0], seed=4)[0].turns != dialogues([0.0])[0].turns
    assert dialogues([0.0], source="d1")[0].turns != dialogues([0.0])[0].turns


def test_names_are_of_the_source_and_in_order():
    names = [one.dialogue for one in dialogues([0.0] * 3, source="d2")]
    assert names == ["d2-000000", "d2-000001", "d2-000002"]


def test_what_is_drawn_has_the_shape_that_was_asked_for():
    drawn = dialogues(
        [0.0] * 200,
        turns={"choice": [2, 3]},
        document_tokens=500,
        question_tokens={"uniform": [10, 20]},
        answer_tokens={"uniform": [30, 40]},
        think_s=1.5,
        difficulty=0.25,
        terms=5,
    )
    assert {len(one.turns) for one in drawn} == {2, 3}
    assert {prompt_tokens(one.document) for one in drawn} == {500}
    assert {one.topic.difficulty for one in drawn} == {0.25}
    assert {one.topic.domain for one in drawn} == {"code", "law"}
    for turn in (turn for one in drawn for turn in one.turns):
        assert 10 <= turn.question_tokens <= 20
        assert 30 <= turn.answer_tokens <= 40
        assert turn.think_s == 1.5
        assert len(turn.terms) == 5


def test_a_dialogue_has_a_turn_whatever_is_drawn():
    assert {len(one.turns) for one in dialogues([0.0] * 20, turns={"uniform": [-2, 0.2]})} == {1}


def test_nobody_thinks_for_less_than_no_time():
    drawn = dialogues([0.0] * 20, think_s={"normal": [0.0, 1.0]})
    times = [turn.think_s for one in drawn for turn in one.turns]
    assert min(times) == 0.0
    assert max(times) > 0.0


def test_lengths_have_a_heavy_tail_around_their_median():
    lengths = np.array([prompt_tokens(one.document) for one in dialogues([0.0] * 2000)])
    assert np.median(lengths) == pytest.approx(600, rel=0.1)
    assert lengths.max() > 10 * np.median(lengths)
