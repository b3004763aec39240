import csv
from statistics import fmean

import pytest

from market.errors import BadInput
from orchestrator.supply.score_table import read_scores
from tests.orchestrator.supply.files import HEADER, REAL_SCORES, SCORES, write_scores
from tests.real_files import real

ROW = "train,9,sums,em,10,ae"


def problem(path) -> str:
    """The one line that a bad table is answered with, without the file's name."""
    with pytest.raises(BadInput) as caught:
        read_scores(path)
    line = str(caught.value)
    assert line.startswith(f"{path}: ")
    assert "\n" not in line
    return line.removeprefix(f"{path}: ")


def test_scores_are_kept_by_task_and_query(tmp_path):
    table = read_scores(write_scores(tmp_path))
    assert table.models == ("best-70b", "good-8b-instruct", "unsold-9b", "weak-1.5b")
    assert table.scores == {
        "sums": [(1.0, 1.0, 1.0, 0.0), (1.0, 0.0, 1.0, 0.0)],
        "proofs": [(0.5, 0.0, 1.0, 0.25)],
        "poems": [(0.6, 0.8, 1.0, 0.4)],
    }


def test_a_model_has_its_scores_on_all_queries_of_some_tasks_in_the_order_of_these(tmp_path):
    table = read_scores(write_scores(tmp_path))
    assert table.by_model(["sums", "proofs"]) == {
        "best-70b": (1.0, 1.0, 0.5),
        "good-8b-instruct": (1.0, 0.0, 0.0),
        "unsold-9b": (1.0, 1.0, 1.0),
        "weak-1.5b": (0.0, 0.0, 0.25),
    }
    assert table.by_model(["proofs", "sums"])["best-70b"] == (0.5, 1.0, 1.0)
    assert table.by_model(["poems"])["weak-1.5b"] == (0.4,)


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_line_endings_and_the_last_newline_do_not_matter(tmp_path, ending):
    path = tmp_path / "scores.csv"
    path.write_bytes(SCORES.rstrip("\n").replace("\n", ending).encode())
    assert read_scores(path) == read_scores(write_scores(tmp_path))


HEADER_EXPECTED = f"line 1: expected {HEADER} and a column for each model, got "


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", HEADER_EXPECTED + "''"),
        (f"{HEADER}\n", HEADER_EXPECTED),
        ("split,idx,metric,question_chars,question_sha1,a,b\n", HEADER_EXPECTED + "'split,idx,me"),
        (f"task,{HEADER},a\n", HEADER_EXPECTED + "'task,split,idx"),
        (f"{HEADER},a,\n", "line 1: expected the name of a model, got ''"),
        (f'{HEADER},"a\nb"\n', "line 1: not CSV: unexpected end of data"),
        (f"{HEADER},a\0b\n", r"line 1: expected the name of a model, got 'a\x00b'"),
        (f"{HEADER},{'a' * 201}\n", "line 1: expected the name of a model, got 'aaa"),
        (f"{HEADER},a,b,a\n", "line 1: 'a' is the model of column 'a'"),
        (f"{HEADER},a-1,A1\n", "line 1: 'A1' is the model of column 'a-1'"),
        (f"{HEADER},a\n", "expected at least one query below the header, got none"),
        (f"{SCORES}{ROW},1,1,1\n", f"line 6: expected 10 fields, got 9: '{ROW},1,1,1'"),
        (f"{SCORES}{ROW},1,1,1,1,1\n", f"line 6: expected 10 fields, got 11: '{ROW},1,1,1,1,1'"),
        (SCORES[:-20], "line 5: expected 10 fields, got 5: 'train,0,poems,f1,40'"),
        (
            f"{SCORES}{ROW.replace('sums', '')},1,1,1,1\n",
            "line 6: task: expected a name, got ''",
        ),
        *(
            (
                f"{SCORES}{ROW},1,{score},1,1\n",
                f"line 6: good-8b-instruct: expected a number from 0 to 1, got '{score}'",
            )
            for score in (
                "",
                "x",
                "-0.1",
                "1.01",
                "nan",
                "inf",
                "1e400",
                "True",
                "0x1",
                "0_1",
                "\u0660.\u0662",
                " 1",
            )
        ),
        (f'{SCORES}"{ROW},1,1,1,1\n', "line 6: not CSV: unexpected end of data"),
        (
            f'{SCORES}"{ROW},1,1,1,1\n' + f"{ROW},1,1,1,1\n" * 1450,
            "line 6: not CSV: unexpected end of data",
        ),
    ],
)
def test_a_malformed_table_is_refused_with_its_line(tmp_path, text, expected):
    assert problem(write_scores(tmp_path, text)).startswith(expected)


def test_a_table_that_is_not_there_is_named(tmp_path):
    assert problem(tmp_path / "none.csv") == "no such file"


def test_a_table_that_is_no_text_is_named(tmp_path):
    path = tmp_path / "scores.csv"
    path.write_bytes(b"\xff\xfe" + SCORES.encode())
    assert problem(path) == "line 1: expected UTF-8 text"


def test_the_real_table_is_read_whole():
    path = real(REAL_SCORES)
    table = read_scores(path)
    assert (len(table.models), len(table.scores)) == (9, 14)
    assert sum(map(len, table.scores.values())) == 6108
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for model, tasks in [("qwen2.5-7b-instruct", ["gsm8k"]), ("codegemma-7b", ["mbpp", "gpqa"])]:
        scores = [float(row[model]) for task in tasks for row in rows if row["task"] == task]
        assert table.by_model(tasks)[model] == tuple(scores)
    everything = table.by_model(list(table.scores))
    assert fmean(everything["llama-3.1-8b-instruct"]) == pytest.approx(0.5563360855683529)
