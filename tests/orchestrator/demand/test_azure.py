from itertools import islice
from pathlib import Path

import pytest

from agents.params import Distribution
from market.errors import BadInput
from market.prompt import prompt_tokens
from orchestrator.demand.azure import AzureRow, azure_requests, read_trace
from orchestrator.demand.shape import DialogueShape
from orchestrator.demand.trace import trace_dialogues

REAL = Path(__file__).parents[3] / "../shared/data/traces/azure2023_conv.csv"
HEADER = "TIMESTAMP,ContextTokens,GeneratedTokens"
TRACE = f"""{HEADER}
2023-11-16 18:15:46.6805900,374,44
2023-11-16 18:15:50.9951690,396,109
2023-11-16 18:15:51.2225670,1,1
"""
#: What no length may be: empty, out of bounds, or anything but decimal digits.
WRONG_LENGTHS = (
    *("", "0", "-5", "10000001", "100000000"),
    *("3.5", "5.0", "1e3", "1e400", "nan", "inf", "True", "0x10", "1_000", "many"),
    *("٣٧٤", "+5", "5\0"),
)
#: What Python takes for a time, but is not of the form that is documented.
WRONG_TIMES = (
    *("2023-11-16 18:15:52\0", "2023-W46-5", "2023-W46-4 18:15:52", "2023-11-16x18:15:52"),
    *("2023-11-16", "2023-11-16 18:15", "2023-11-16T18", "20231116T181552", "٢٠٢٣-11-16 18:15:52"),
    *("2023-11-16 18:15:52.", "2023-11-16 18:15:52+02", "2023-11-16 18:15:52 Z"),
)


def read(path: Path, limit: int | None = None) -> list[AzureRow]:
    return list(read_trace(path, limit))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "trace.csv"


def test_times_count_from_the_first_row(path):
    path.write_text(TRACE)
    assert read(path) == [
        AzureRow(0.0, 374, 44),
        AzureRow(pytest.approx(4.314579), 396, 109),
        AzureRow(pytest.approx(4.541977), 1, 1),
    ]


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_line_endings_and_the_last_newline_do_not_matter(path, ending):
    path.write_bytes(TRACE.rstrip("\n").replace("\n", ending).encode())
    assert len(read(path)) == 3


def test_fields_may_be_quoted_and_lines_blank(path):
    path.write_text(TRACE.replace(HEADER, '"TIMESTAMP","ContextTokens","GeneratedTokens"'))
    plain = read(path)
    path.write_text("\n\n" + TRACE.replace(",374,44", ',"374","44"\n  \n'))
    assert read(path) == plain


def test_a_file_with_a_byte_order_mark_is_read(path):
    path.write_text(TRACE, encoding="utf-8-sig")
    assert len(read(path)) == 3


def test_rows_at_the_same_moment_are_in_order(path):
    row = "2023-11-16 18:15:46.6805900,374,44"
    path.write_text(f"{HEADER}\n{row}\n{row}\n")
    assert [one.time_s for one in read(path)] == [0.0, 0.0]


def test_rows_are_checked_as_they_are_asked_for(path):
    path.write_text(TRACE + "nonsense\n")
    rows = read_trace(path)
    assert len(list(islice(rows, 3))) == 3
    with pytest.raises(BadInput, match="line 5: expected 3 fields"):
        next(rows)


def test_reading_stops_at_the_limit_and_does_not_mind_what_follows(path):
    path.write_text(TRACE + "nonsense\n")
    assert len(read(path, 2)) == 2
    assert len(read(path, 3)) == 3
    with pytest.raises(BadInput, match="line 5"):
        read(path, 4)


@pytest.mark.parametrize(
    ("text", "where", "problem"),
    [
        ("", ": line 1", f"expected {HEADER}, got ''"),
        ("a,b,c\n", ": line 1", f"expected {HEADER}, got 'a,b,c'"),
        (f"{HEADER},Extra\n", ": line 1", f"expected {HEADER}, got '{HEADER},Extra'"),
        (
            HEADER.replace("TIMESTAMP", 'TIM"EST"AMP') + "\n",
            ": line 1",
            f"expected {HEADER}, got 'TIM\"EST\"AMP,ContextTokens,GeneratedTokens'",
        ),
        *(
            (
                TRACE + f"{time},1,2\n",
                ": line 5: TIMESTAMP",
                f"expected YYYY-MM-DD HH:MM:SS.ffffff, got {time!r}",
            )
            for time in WRONG_TIMES
        ),
        (f"{HEADER}\n", "", "expected at least one row below the header, got none"),
        (
            TRACE + "2023-11-16 18:15:52,1\n",
            ": line 5",
            "expected 3 fields, got 2: '2023-11-16 18:15:52,1'",
        ),
        (
            TRACE + "2023-11-16 18:15:52,1,2,3\n",
            ": line 5",
            "expected 3 fields, got 4: '2023-11-16 18:15:52,1,2,3'",
        ),
        (
            TRACE + "yesterday,1,2\n",
            ": line 5: TIMESTAMP",
            "expected YYYY-MM-DD HH:MM:SS.ffffff, got 'yesterday'",
        ),
        (
            TRACE + "2023-13-16 18:15:52,1,2\n",
            ": line 5: TIMESTAMP",
            "expected YYYY-MM-DD HH:MM:SS.ffffff, got '2023-13-16 18:15:52'",
        ),
        (
            TRACE + "2023-11-16 18:15:50.000000,1,2\n",
            ": line 5: TIMESTAMP",
            "earlier than the row before: 2023-11-16 18:15:50.000000",
        ),
        (
            TRACE + "-2023-11-16 18:15:52,1,2\n",
            ": line 5: TIMESTAMP",
            "expected YYYY-MM-DD HH:MM:SS.ffffff, got '-2023-11-16 18:15:52'",
        ),
        (
            TRACE + "0001-01-01T00:00:00+23:59,1,2\n",
            ": line 5: TIMESTAMP",
            "expected YYYY-MM-DD HH:MM:SS.ffffff, got '0001-01-01T00:00:00+23:59'",
        ),
        (
            TRACE + "2023-11-16 18:15:5",
            ": line 5",
            "expected 3 fields, got 1: '2023-11-16 18:15:5'",
        ),
        (
            TRACE + "2023-11-16 18:15:52,1,",
            ": line 5: GeneratedTokens",
            "expected a whole number from 1 to 10000000, got ''",
        ),
        (TRACE + '2023-11-16 18:15:52,"1\n2",3\n', ": line 5", "not CSV: unexpected end of data"),
        (TRACE + '2023-11-16 18:15:52,"1"2,3\n', ": line 5", "not CSV: ',' expected after '\"'"),
        (
            TRACE + '2023-11-16 18:15:52,"' + "9" * 200_000 + '",3\n',
            ": line 5",
            "not CSV: field larger than field limit (131072)",
        ),
        (HEADER, "", "expected at least one row below the header, got none"),
        ("\n \n", ": line 1", f"expected {HEADER}, got ''"),
        (f"\n{HEADER.lower()}\n", ": line 2", f"expected {HEADER}, got '{HEADER.lower()}'"),
        *(
            (
                TRACE + f"2023-11-16 18:15:52,{tokens},2\n",
                ": line 5: ContextTokens",
                f"expected a whole number from 1 to 10000000, got {tokens!r}",
            )
            for tokens in WRONG_LENGTHS
        ),
        (
            TRACE + f"2023-11-16 18:15:52,{'9' * 5000},2\n",
            ": line 5: ContextTokens",
            f"expected a whole number from 1 to 10000000, got '{'9' * 56}...",
        ),
        (
            TRACE + "2023-11-16 18:15:52,5,0\n",
            ": line 5: GeneratedTokens",
            "expected a whole number from 1 to 10000000, got '0'",
        ),
    ],
)
def test_a_malformed_file_is_refused_with_its_line(path, text, where, problem):
    path.write_text(text)
    with pytest.raises(BadInput) as error:
        read(path)
    assert str(error.value) == f"{path}{where}: {problem}"


def test_a_file_that_is_not_text_is_refused(path):
    path.write_bytes(f"{HEADER}\n2023-11-16 18:15:46,\xff1,2\n".encode("latin-1"))
    with pytest.raises(BadInput) as error:
        read(path)
    assert str(error.value) == f"{path}: line 2: expected UTF-8 text"


def dialogues(rows: list[AzureRow], rate_scale: float = 1.0, seed: int = 3, source: str = "d0"):
    shape = DialogueShape(difficulty=Distribution(constant=0.5))
    domains = {"code": 1.0, "law": 1.0}
    return list(trace_dialogues(azure_requests(rows), rate_scale, shape, domains, seed, source))


ROWS = [AzureRow(0.0, 374, 44), AzureRow(4.0, 20, 109), AzureRow(4.0, 2, 1)]


def test_a_row_is_a_dialogue_of_one_turn_with_its_tokens_and_its_time():
    for row, one in zip(ROWS, dialogues(ROWS), strict=True):
        (turn,) = one.turns
        assert one.start_s == row.time_s
        assert (prompt_tokens(one.document), turn.question_tokens) == (0, row.context_tokens)
        assert turn.answer_tokens == row.generated_tokens
        assert one.topic.domain in ("code", "law")
        assert len(turn.terms) == 8


def test_the_trace_can_be_played_faster():
    assert [one.start_s for one in dialogues(ROWS, rate_scale=8.0)] == [0.0, 0.5, 0.5]


def test_what_the_trace_lacks_depends_on_the_row_the_source_and_the_seed():
    def drawn(**changes) -> list[tuple]:
        return [(one.topic, one.turns[0].terms) for one in dialogues(ROWS * 10, **changes)]

    assert drawn() == drawn(rate_scale=2.0)
    assert drawn() != drawn(seed=4)
    assert drawn() != drawn(source="d1")
    assert len(set(drawn())) == 30


def test_the_real_trace_is_read_whole():
    if not REAL.exists():
        pytest.skip(f"no Azure trace of 2023 at {REAL}")
    rows = read(REAL)
    with REAL.open(encoding="utf-8") as file:
        assert len(rows) == sum(1 for _ in file) - 1 == 19_366
    assert rows[0] == AzureRow(0.0, 374, 44)
    assert rows[-1] == AzureRow(pytest.approx(3501.721937), 197, 183)
    times = [row.time_s for row in rows]
    assert times == sorted(times)
    assert read(REAL, 100) == rows[:100]


def test_times_with_and_without_a_zone_may_be_mixed(tmp_path):
    path = tmp_path / "trace.csv"
    path.write_text(
        "TIMESTAMP,ContextTokens,GeneratedTokens\n"
        "2024-05-10 00:00:00.009930,374,44\n"
        "2024-05-10 00:00:01+00:00,374,44\n"
        "2024-05-10 02:00:02+02:00,374,44\n"
        "2024-05-10T00:00:03.25Z,374,44\n"
    )
    assert [row.time_s for row in read(path)] == pytest.approx([0.0, 0.99007, 1.99007, 3.24007])
