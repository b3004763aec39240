import json
from pathlib import Path

import pytest

from market.errors import BadInput
from orchestrator.demand.quac import read_quac
from tests import documents
from tests.documents import MISSING
from tests.real_files import real

DOCUMENT = {
    "data": [
        {
            "title": "Kitten",
            "paragraphs": [
                {
                    "id": "p0",
                    "context": "A white kitten lived in a barn. CANNOTANSWER",
                    "qas": [
                        {
                            "question": "Where did it live?",
                            "answers": [{"text": "a barn"}, {"text": "barn"}],
                            "orig_answer": {"text": "in a barn", "answer_start": 21},
                        },
                        {"question": "What colour?", "answers": [{"text": "white"}]},
                    ],
                },
                {
                    "context": "It had five sisters.",
                    "qas": [{"question": "How many?", "orig_answer": {"text": "five"}}],
                },
            ],
        },
        {
            "paragraphs": [
                {
                    "context": "Paint is wet.",
                    "qas": [
                        {"question": "Why?", "orig_answer": None, "answers": [{"text": "fresh"}]}
                    ],
                }
            ]
        },
    ]
}
PARAGRAPH = "data.0.paragraphs.0"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "quac.json"


def changed(path: str, value: object) -> dict:
    """``DOCUMENT`` with the value at a dotted path replaced, added or removed."""
    return documents.changed(DOCUMENT, path, value)


def test_every_paragraph_of_every_article_is_a_dialogue(path):
    path.write_text(json.dumps(DOCUMENT))
    assert read_quac(path) == [
        (
            "A white kitten lived in a barn. CANNOTANSWER",
            [("Where did it live?", "in a barn"), ("What colour?", "white")],
        ),
        ("It had five sisters.", [("How many?", "five")]),
        ("Paint is wet.", [("Why?", "fresh")]),
    ]


def test_the_limit_counts_paragraphs_and_does_not_mind_what_follows(path):
    path.write_text(json.dumps(changed("data.1.paragraphs", 3)))
    assert len(read_quac(path, 1)) == 1
    assert len(read_quac(path, 2)) == 2
    with pytest.raises(BadInput, match=r"data\.1\.paragraphs: expected a list, got 3"):
        read_quac(path, 3)


def test_a_limit_beyond_the_end_reads_all(path):
    path.write_text(json.dumps(DOCUMENT))
    assert read_quac(path, 99) == read_quac(path)


@pytest.mark.parametrize(
    ("dotted", "value", "problem"),
    [
        ("data", MISSING, "data: missing"),
        ("data", [], "data: expected at least one dialogue, got none"),
        ("data", [{"paragraphs": []}], "data: expected at least one dialogue, got none"),
        ("data", {"a": 1}, "data: expected a list, got {'a': 1}"),
        ("data.1", "text", "data.1: expected an object with named keys, got 'text'"),
        ("data.1.paragraphs", MISSING, "data.1.paragraphs: missing"),
        ("data.1.paragraphs", None, "data.1.paragraphs: expected a list, got None"),
        (PARAGRAPH, 7, f"{PARAGRAPH}: expected an object with named keys, got 7"),
        (f"{PARAGRAPH}.context", MISSING, f"{PARAGRAPH}.context: missing"),
        (f"{PARAGRAPH}.context", "", f"{PARAGRAPH}.context: expected a text, got ''"),
        (f"{PARAGRAPH}.context", ["x"], f"{PARAGRAPH}.context: expected a text, got ['x']"),
        (f"{PARAGRAPH}.qas", MISSING, f"{PARAGRAPH}.qas: missing"),
        (f"{PARAGRAPH}.qas", "Why?", f"{PARAGRAPH}.qas: expected a list, got 'Why?'"),
        (f"{PARAGRAPH}.qas", [], f"{PARAGRAPH}.qas: expected at least one question, got none"),
        (
            f"{PARAGRAPH}.qas.1",
            "Why?",
            f"{PARAGRAPH}.qas.1: expected an object with named keys, got 'Why?'",
        ),
        (f"{PARAGRAPH}.qas.1.question", MISSING, f"{PARAGRAPH}.qas.1.question: missing"),
        (
            f"{PARAGRAPH}.qas.1.question",
            5,
            f"{PARAGRAPH}.qas.1.question: expected a text, got 5",
        ),
        (
            f"{PARAGRAPH}.qas.0.orig_answer",
            "in a barn",
            f"{PARAGRAPH}.qas.0.orig_answer: expected an object with named keys, got 'in a barn'",
        ),
        (
            f"{PARAGRAPH}.qas.0.orig_answer.text",
            MISSING,
            f"{PARAGRAPH}.qas.0.orig_answer.text: missing",
        ),
        (
            f"{PARAGRAPH}.qas.0.orig_answer.text",
            "",
            f"{PARAGRAPH}.qas.0.orig_answer.text: expected a text, got ''",
        ),
        (f"{PARAGRAPH}.qas.1.answers", MISSING, f"{PARAGRAPH}.qas.1.answers: missing"),
        (
            f"{PARAGRAPH}.qas.1.answers",
            {"text": ["white"]},
            f"{PARAGRAPH}.qas.1.answers: expected a list, got {{'text': ['white']}}",
        ),
        (
            f"{PARAGRAPH}.qas.1.answers",
            [],
            f"{PARAGRAPH}.qas.1.answers: expected at least one answer, got none",
        ),
        (
            f"{PARAGRAPH}.qas.1.answers.0",
            "white",
            f"{PARAGRAPH}.qas.1.answers.0: expected an object with named keys, got 'white'",
        ),
        (
            f"{PARAGRAPH}.qas.1.answers.0.text",
            None,
            f"{PARAGRAPH}.qas.1.answers.0.text: expected a text, got None",
        ),
    ],
)
def test_a_malformed_file_is_refused_with_its_key(path, dotted, value, problem):
    path.write_text(json.dumps(changed(dotted, value)))
    with pytest.raises(BadInput) as error:
        read_quac(path)
    assert str(error.value) == f"{path}: {problem}"


@pytest.mark.parametrize(
    ("document", "problem"),
    [
        ([], "expected an object with named keys, got []"),
        (
            {"data": [{"story": "x", "questions": [], "answers": []}]},
            "data.0.paragraphs: missing",
        ),
    ],
)
def test_a_file_of_another_format_is_refused(path, document, problem):
    path.write_text(json.dumps(document))
    with pytest.raises(BadInput) as error:
        read_quac(path)
    assert str(error.value) == f"{path}: {problem}"


def test_a_truncated_file_is_refused_with_its_line(path):
    text = json.dumps(DOCUMENT, indent=1)
    path.write_text(text[: len(text) // 2])
    with pytest.raises(BadInput, match="not JSON") as error:
        read_quac(path)
    assert str(error.value).startswith(f"{path}: line ")
    assert "\n" not in str(error.value)


def test_real_dialogues_are_read_whole():
    path = real("dialogues/quac_val_hf_dummy.json")
    stories = read_quac(path)
    assert [len(turns) for _, turns in stories] == [8, 8, 7, 7, 11]
    assert stories[0][0].startswith("In May 1983, she married Nikos Karvelas, a composer")
    assert stories[0][1][0] == (
        "what happened in 1983?",
        "In May 1983, she married Nikos Karvelas, a composer,",
    )
    assert read_quac(path, 2) == stories[:2]


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("coqa_dev_hf_dummy.json", "data.0.paragraphs: missing"),
        (
            "hotpotqa_100_dev_distractor_reflexion.json",
            "expected an object with named keys, got [{'_id': ",
        ),
    ],
)
def test_real_files_of_another_format_are_refused(name, problem):
    path = real(f"dialogues/{name}")
    with pytest.raises(BadInput) as error:
        read_quac(path)
    assert str(error.value).startswith(f"{path}: {problem}")
    assert "\n" not in str(error.value)
