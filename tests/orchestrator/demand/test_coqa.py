import json
from collections import Counter
from pathlib import Path

import pytest

from agents.params import Distribution
from market.errors import BadInput
from market.prompt import prompt_tokens
from orchestrator.demand.coqa import read_coqa
from orchestrator.demand.dialogue import DialogueText, TurnText
from orchestrator.demand.shape import DialogueShape
from orchestrator.demand.stories import story_dialogues, tokens_of
from tests import documents
from tests.documents import MISSING

DIALOGUES = Path(__file__).parents[3] / "../shared/data/dialogues"
DOCUMENT = {
    "version": "1.0",
    "data": [
        {
            "story": "A white kitten lived in a barn.",
            "questions": [{"input_text": "Where did it live?"}, {"input_text": "What colour?"}],
            "answers": [{"input_text": "in a barn"}, {"input_text": "white"}],
        },
        {
            "story": "x" * 4001,
            "questions": [{"input_text": "Why?"}],
            "answers": [{"input_text": "y" * 400}],
        },
    ],
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "dialogues.json"


def changed(path: str, value: object) -> dict:
    """``DOCUMENT`` with the value at a dotted path replaced, added or removed."""
    return documents.changed(DOCUMENT, path, value)


def test_stories_come_with_their_turns_in_order(path):
    path.write_text(json.dumps(DOCUMENT))
    first, second = read_coqa(path)
    assert first == (
        "A white kitten lived in a barn.",
        [("Where did it live?", "in a barn"), ("What colour?", "white")],
    )
    assert second[1] == [("Why?", "y" * 400)]


def test_reading_stops_at_the_limit_and_does_not_mind_what_follows(path):
    path.write_text(json.dumps(changed("data.1.story", 3)))
    assert len(read_coqa(path, 1)) == 1
    with pytest.raises(BadInput, match=r"data\.1\.story"):
        read_coqa(path, 2)


@pytest.mark.parametrize(
    ("dotted", "value", "problem"),
    [
        ("data", MISSING, "data: missing"),
        ("data", [], "data: expected at least one dialogue, got none"),
        ("data", {"a": 1}, "data: expected a list, got {'a': 1}"),
        ("data.1", "text", "data.1: expected an object with named keys, got 'text'"),
        ("data.1.story", MISSING, "data.1.story: missing"),
        ("data.1.story", "", "data.1.story: expected a text, got ''"),
        ("data.1.story", 5, "data.1.story: expected a text, got 5"),
        ("data.0.questions", MISSING, "data.0.questions: missing"),
        ("data.0.answers", None, "data.0.answers: expected a list, got None"),
        (
            "data.0.answers",
            [{"input_text": "white"}],
            "data.0.answers: expected one for each question, 2 and at least 1; got 1",
        ),
        (
            "data.0.questions",
            [],
            "data.0.answers: expected one for each question, 0 and at least 1; got 2",
        ),
        (
            "data.0.answers.1",
            "white",
            "data.0.answers.1: expected an object with named keys, got 'white'",
        ),
        ("data.0.answers.1", {"span_text": "x"}, "data.0.answers.1.input_text: missing"),
        (
            "data.0.questions.0.input_text",
            ["Why?"],
            "data.0.questions.0.input_text: expected a text, got ['Why?']",
        ),
    ],
)  # fmt: skip
def test_a_malformed_file_is_refused_with_its_key(path, dotted, value, problem):
    path.write_text(json.dumps(changed(dotted, value)))
    with pytest.raises(BadInput) as error:
        read_coqa(path)
    assert str(error.value) == f"{path}: {problem}"


def test_a_list_is_no_file_of_dialogues(path):
    path.write_text("[]")
    with pytest.raises(BadInput) as error:
        read_coqa(path)
    assert str(error.value) == f"{path}: expected an object with named keys, got []"


def test_a_file_that_is_not_json_is_refused_with_its_line(path):
    path.write_text('{"data": [\n  {"story": "x",}\n]}')
    with pytest.raises(BadInput, match="not JSON") as error:
        read_coqa(path)
    assert str(error.value).startswith(f"{path}: line 2 column ")


@pytest.mark.parametrize(("length", "tokens"), [(1, 1), (4, 1), (5, 2), (8, 2), (4001, 1001)])
def test_four_characters_are_about_a_token(length, tokens):
    assert tokens_of("x" * length) == tokens


def dialogues(starts, seed: int = 3):
    stories = [
        (entry["story"], [
            (question["input_text"], answer["input_text"])
            for question, answer in zip(entry["questions"], entry["answers"], strict=True)
        ])
        for entry in DOCUMENT["data"]
    ]  # fmt: skip
    shape = DialogueShape(think_s=Distribution(constant=1.5))
    domains = {"law": 1.0, "code": 1.0}
    return list(
        story_dialogues(stories, shape, domains, iter(starts), seed, "d0", "token_span", 64)
    )


def test_a_dialogue_has_the_lengths_and_the_words_of_its_story():
    first, second = dialogues([0.5, 2.5])
    assert (first.dialogue, first.start_s, prompt_tokens(first.document)) == ("d0-000000", 0.5, 8)
    assert [turn.question_tokens for turn in first.turns] == [5, 3]
    assert [turn.answer_tokens for turn in first.turns] == [3, 2]
    assert {turn.think_s for turn in first.turns} == {1.5}
    assert Counter(first.turns[0].terms) == Counter(
        ["where", "live", "white", "kitten", "lived", "barn"]
    )
    assert (prompt_tokens(second.document), second.turns[0].answer_tokens) == (1001, 100)


def test_a_dialogue_keeps_the_words_of_its_story_for_engines_that_read():
    first, _ = dialogues([0.5, 2.5])
    entry = DOCUMENT["data"][0]
    assert first.text == DialogueText(entry["story"], "token_span", 64)
    assert [turn.text for turn in first.turns] == [
        TurnText(question["input_text"], answer["input_text"])
        for question, answer in zip(entry["questions"], entry["answers"], strict=True)
    ]


def test_there_are_as_many_dialogues_as_starts_and_stories():
    assert len(dialogues([0.0])) == 1
    assert len(dialogues([0.0, 1.0, 2.0])) == 2
    assert dialogues([]) == []


def test_the_domain_of_a_story_depends_on_its_number_and_the_seed_alone():
    tasks = [one.topic for one in dialogues([0.0, 1.0])]
    assert [one.topic for one in dialogues([5.0, 5.5])] == tasks
    assert [one.topic for one in dialogues([0.0, 1.0], seed=4)] != tasks


def test_real_dialogues_are_read_whole():
    path = DIALOGUES / "quac_500_in_coqa_shape.json"
    if not path.exists():
        pytest.skip(f"no QuAC dialogues at {path}")
    stories = read_coqa(path)
    assert len(stories) == 500
    assert sum(len(turns) for _, turns in stories) == 2126
    assert len(read_coqa(path, 7)) == 7


def test_coqa_in_its_own_format_is_read():
    path = DIALOGUES / "coqa_dev_hf_dummy.json"
    if not path.exists():
        pytest.skip(f"no CoQA file at {path}")
    stories = read_coqa(path)
    assert all(story and turns for story, turns in stories)


def test_quac_in_its_own_format_is_refused_with_the_key_that_it_lacks():
    path = DIALOGUES / "quac_val_hf_dummy.json"
    if not path.exists():
        pytest.skip(f"no QuAC file at {path}")
    with pytest.raises(BadInput, match=r"data\.0\.story: missing"):
        read_coqa(path)
