import json
from pathlib import Path

import pytest

from market.errors import BadInput
from orchestrator.demand.hotpotqa import read_hotpotqa
from tests import documents
from tests.documents import MISSING
from tests.real_files import real

DOCUMENT = [
    {
        "_id": "a",
        "question": "Where did the white kitten live?",
        "answer": "in a barn",
        "supporting_facts": [["Cotton", 0]],
        "context": [
            ["Cotton", ["Cotton is a kitten.", " It is white.", ""]],
            ["Barn", ["A barn houses kittens."]],
        ],
    },
    {"question": "Is paint wet?", "answer": "yes", "context": [["Paint", []]]},
]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "hotpotqa.json"


def changed(path: str, value: object) -> list:
    """``DOCUMENT`` with the value at a dotted path replaced, added or removed."""
    return documents.changed(DOCUMENT, path, value)


def test_every_entry_is_a_dialogue_of_one_turn_about_its_paragraphs(path):
    path.write_text(json.dumps(DOCUMENT))
    assert read_hotpotqa(path) == [
        (
            "Cotton\nCotton is a kitten. It is white.\nBarn\nA barn houses kittens.",
            [("Where did the white kitten live?", "in a barn")],
        ),
        ("Paint\n", [("Is paint wet?", "yes")]),
    ]


def test_reading_stops_at_the_limit_and_does_not_mind_what_follows(path):
    path.write_text(json.dumps(changed("1", 3)))
    assert len(read_hotpotqa(path, 1)) == 1
    with pytest.raises(BadInput, match=r"1: expected an object with named keys, got 3"):
        read_hotpotqa(path, 2)


def test_a_limit_beyond_the_end_reads_all(path):
    path.write_text(json.dumps(DOCUMENT))
    assert read_hotpotqa(path, 99) == read_hotpotqa(path)


@pytest.mark.parametrize(
    ("dotted", "value", "problem"),
    [
        ("1", "text", "1: expected an object with named keys, got 'text'"),
        ("1.question", MISSING, "1.question: missing"),
        ("1.question", "", "1.question: expected a text, got ''"),
        ("0.answer", MISSING, "0.answer: missing"),
        ("0.answer", ["barn"], "0.answer: expected a text, got ['barn']"),
        ("0.context", MISSING, "0.context: missing"),
        ("0.context", [], "0.context: expected at least one paragraph, got none"),
        ("0.context", "Barn", "0.context: expected a list, got 'Barn'"),
        ("0.context", {"title": []}, "0.context: expected a list, got {'title': []}"),
        ("0.context.1", "Barn", "0.context.1: expected [title, [sentences]], got 'Barn'"),
        ("0.context.1", ["Barn"], "0.context.1: expected [title, [sentences]], got ['Barn']"),
        (
            "0.context.1",
            ["Barn", [], 1],
            "0.context.1: expected [title, [sentences]], got ['Barn', [], 1]",
        ),
        ("0.context.1.0", 5, "0.context.1.0: expected a text, got 5"),
        ("0.context.1.0", "", "0.context.1.0: expected a text, got ''"),
        ("0.context.1.1", "A barn.", "0.context.1.1: expected a list of sentences, got 'A barn.'"),
        ("0.context.0.1.2", None, "0.context.0.1.2: expected a sentence, got None"),
    ],
)
def test_a_malformed_file_is_refused_with_its_key(path, dotted, value, problem):
    path.write_text(json.dumps(changed(dotted, value)))
    with pytest.raises(BadInput) as error:
        read_hotpotqa(path)
    assert str(error.value) == f"{path}: {problem}"


@pytest.mark.parametrize(
    ("document", "problem"),
    [
        ([], "expected at least one dialogue, got none"),
        ({"data": []}, "expected a list of entries, got {'data': []}"),
        ("text", "expected a list of entries, got 'text'"),
        (None, "expected a list of entries, got None"),
    ],
)
def test_a_file_of_another_format_is_refused(path, document, problem):
    path.write_text(json.dumps(document))
    with pytest.raises(BadInput) as error:
        read_hotpotqa(path)
    assert str(error.value) == f"{path}: {problem}"


def test_a_truncated_file_is_refused_with_its_line(path):
    text = json.dumps(DOCUMENT, indent=1)
    path.write_text(text[: len(text) // 2])
    with pytest.raises(BadInput, match="not JSON") as error:
        read_hotpotqa(path)
    assert str(error.value).startswith(f"{path}: line ")
    assert "\n" not in str(error.value)


def test_real_entries_are_read_whole():
    path = real("dialogues/hotpotqa_100_dev_distractor_reflexion.json")
    stories = read_hotpotqa(path)
    assert len(stories) == 100
    assert [len(turns) for _, turns in stories] == [1] * 100
    story, [(question, answer)] = stories[0]
    assert story.startswith("Constantin Medien\nConstantin Medien AG (formerly EM.Entertainment")
    assert question.startswith("VIVA Media AG changed it's name in 2004.")
    assert answer == "Gesellschaft mit beschränkter Haftung"
    assert read_hotpotqa(path, 7) == stories[:7]


@pytest.mark.parametrize("name", ["coqa_dev_hf_dummy.json", "quac_val_hf_dummy.json"])
def test_real_files_of_another_format_are_refused(name):
    path = real(f"dialogues/{name}")
    with pytest.raises(BadInput) as error:
        read_hotpotqa(path)
    assert str(error.value).startswith(f"{path}: expected a list of entries, got {{")
    assert "\n" not in str(error.value)
