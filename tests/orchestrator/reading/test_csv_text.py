from itertools import islice
from pathlib import Path

import pytest

from market.errors import BadInput
from orchestrator.reading.csv_text import csv_rows


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "table.csv"


def test_a_row_is_a_line_with_its_place(path):
    path.write_bytes(b'\xef\xbb\xbfa,b\r\n\r\n \n"1,""2""", x\n,')
    assert list(csv_rows(path)) == [
        (f"{path}: line 1", ["a", "b"]),
        (f"{path}: line 4", ['1,"2"', " x"]),
        (f"{path}: line 5", ["", ""]),
    ]


def test_a_quote_in_a_field_that_is_not_quoted_is_a_character(path):
    path.write_text('TIM"EST"AMP,b\n')
    assert [fields for _, fields in csv_rows(path)] == [['TIM"EST"AMP', "b"]]


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ('1,"2', "unexpected end of data"),
        ('1,"2"3', "',' expected after '\"'"),
        ("9" * 200_000, "field larger than field limit (131072)"),
    ],
)
def test_what_is_not_csv_is_refused_in_its_own_line(path, line, problem):
    path.write_text(f"a,b\n{line}\n" + '1,"2"\n' * 1500)
    with pytest.raises(BadInput) as error:
        list(csv_rows(path))
    assert str(error.value) == f"{path}: line 2: not CSV: {problem}"


def test_no_row_is_read_before_it_is_asked_for(path):
    path.write_bytes(b"a,b\n1,2\n\xff\n")
    assert len(list(islice(csv_rows(path), 2))) == 2
    with pytest.raises(BadInput, match="line 3: expected UTF-8 text"):
        list(csv_rows(path))
