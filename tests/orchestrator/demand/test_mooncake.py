import json
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from market.errors import BadInput
from market.prompt import common_prefix_tokens, prompt_tokens
from orchestrator.demand import mooncake
from orchestrator.demand.dialogue import DialogueTape
from orchestrator.demand.mooncake import MooncakeRow, mooncake_requests, read_mooncake
from orchestrator.demand.shape import DialogueShape
from orchestrator.demand.trace import trace_dialogues
from tests.real_files import real

REAL = "traces/mooncake_conversation_trace.jsonl"
ROWS = [
    {"timestamp": 0, "input_length": 1200, "output_length": 50, "hash_ids": [0, 1, 2]},
    {"timestamp": 500, "input_length": 1024, "output_length": 7, "hash_ids": [0, 9]},
    {"timestamp": 3000, "input_length": 1700, "output_length": 9, "hash_ids": [0, 1, 3, 4]},
    {"timestamp": 3000, "input_length": 10, "output_length": 1, "hash_ids": [0]},
]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "trace.jsonl"


def read(path: Path, limit: int | None = None) -> list[MooncakeRow]:
    return list(read_mooncake(path, limit))


def write(path: Path, rows: list[Any]) -> None:
    path.write_text("\n".join(map(json.dumps, rows)) + "\n\n")


def dialogues(rows: list[MooncakeRow], **changes: Any) -> list:
    usual: dict[str, Any] = {"rate_scale": 1.0, "seed": 3, "source": "d0"} | changes
    return list(
        trace_dialogues(
            mooncake_requests(rows),
            usual["rate_scale"],
            DialogueShape(),
            {"chat": 1.0, "code": 1.0},
            usual["seed"],
            usual["source"],
        )
    )


def test_rows_are_read_as_they_stand(path):
    write(path, ROWS)
    first, second, *_ = read(path)
    assert first == MooncakeRow(0.0, 1200, 50, (0, 1, 2))
    assert second.time_s == 0.5
    assert len(read(path, limit=3)) == 3


def test_prompts_share_exactly_the_blocks_whose_ids_they_share(path):
    write(path, ROWS)
    first, second, third, short = (row.prompt for row in read(path))
    assert list(map(prompt_tokens, (first, second, third, short))) == [1200, 1024, 1700, 10]
    assert common_prefix_tokens(first, third) == 1024
    assert common_prefix_tokens(first, second) == 512
    assert common_prefix_tokens(first, short) == 10


def test_requests_of_a_conversation_have_its_name_and_count_on(path):
    write(path, ROWS)
    played = DialogueTape(iter(dialogues(read(path))), 100.0).arrivals(100.0)
    assert [turn.request for turn in played] == [
        "d0-00000001.1", "d0-00000009.1", "d0-00000000.1", "d0-00000001.2",
    ]  # fmt: skip
    assert [turn.arrival_s for turn in played] == [0.0, 0.5, 3.0, 3.0]
    assert [turn.output_tokens for turn in played] == [50, 7, 1, 9]
    first, second = played[0].task, played[3].task
    assert (first.domain, first.difficulty) == (second.domain, second.difficulty)
    assert first.query != second.query


def test_a_trace_is_open_loop_and_can_be_played_faster(path):
    write(path, ROWS)
    rows = read(path)
    assert [one.start_s for one in dialogues(rows, rate_scale=2.0)] == [0.0, 0.25, 1.5, 1.5]
    tape = DialogueTape(iter(dialogues(rows)), 100.0)
    assert len(tape.arrivals(3.0)) == 4
    tape.answered("d0-00000001.1", 4.0)
    assert tape.arrivals(100.0) == []


TIME = "expected a finite number >= 0 and <= 1e+15, got"
LENGTH = "expected a finite number >= 1 and <= 1e+07, got"
BLOCK = "expected a whole number from 0 to 18446744073709551615, got"


@pytest.mark.parametrize(
    ("field", "value", "problem"),
    [
        ("timestamp", "-1", f"timestamp: {TIME} -1"),
        ("timestamp", "1e400", f"timestamp: {TIME} inf"),
        ("timestamp", "1e16", f"timestamp: {TIME} 1e+16"),
        ("timestamp", '"3000"', f"timestamp: {TIME} '3000'"),
        ("timestamp", "null", f"timestamp: {TIME} None"),
        ("timestamp", "499.5", "timestamp: earlier than the row before: 499.5"),
        ("input_length", "0", f"input_length: {LENGTH} 0"),
        ("input_length", "-5", f"input_length: {LENGTH} -5"),
        ("input_length", "100000000", f"input_length: {LENGTH} 100000000"),
        ("input_length", "9" * 4000, f"input_length: {LENGTH} {'9' * 57}..."),
        ("input_length", "1e400", f"input_length: {LENGTH} inf"),
        ("input_length", "NaN", "expected finite numbers, got NaN"),
        ("input_length", "true", f"input_length: {LENGTH} True"),
        ("input_length", '"1700"', f"input_length: {LENGTH} '1700'"),
        ("input_length", "1537.5", "input_length: expected a whole number, got 1537.5"),
        ("output_length", "0", f"output_length: {LENGTH} 0"),
        ("output_length", "1e8", f"output_length: {LENGTH} 100000000.0"),
        ("output_length", "0.5", f"output_length: {LENGTH} 0.5"),
        ("output_length", "9.5", "output_length: expected a whole number, got 9.5"),
        ("output_length", "false", f"output_length: {LENGTH} False"),
        ("hash_ids", "[0, 1]", "hash_ids: expected 4 blocks of 512 for 1700 tokens, got 2"),
        ("hash_ids", "[]", "hash_ids: expected 4 blocks of 512 for 1700 tokens, got 0"),
        ("hash_ids", "[0, 1, 2.0, 4]", f"hash_ids.2: {BLOCK} 2.0"),
        ("hash_ids", "[0, -1, 2, 4]", f"hash_ids.1: {BLOCK} -1"),
        ("hash_ids", f"[0, 1, 2, {2**64}]", f"hash_ids.3: {BLOCK} {2**64}"),
        ("hash_ids", "[true, 1, 2, 4]", f"hash_ids.0: {BLOCK} True"),
        ("hash_ids", '"0134"', "hash_ids: expected a list, got '0134'"),
        ("hash_ids", '[0], "hash": 1', "hash_ids: expected 4 blocks of 512 for 1700 tokens, got 1"),
        (
            "hash_ids",
            '[0, 1, 3, 4], "hash": 1',
            "hash: unknown key; known here: hash_ids, input_length, output_length, timestamp",
        ),
        (
            "hash_ids",
            r'"\ud83d"',
            r"column 76: expected whole characters, got \ud83d, half of a pair",
        ),
        ("hash_ids", '[0, 1, 3, 4], "timestamp": 1', "duplicate key 'timestamp'"),
    ],
)
def test_a_malformed_row_is_refused_with_its_line_and_field(path, field, value, problem):
    last = {name: json.dumps(usual) for name, usual in ROWS[2].items()} | {field: value}
    row = ", ".join(f'"{name}": {text}' for name, text in last.items())
    write(path, ROWS[:2])
    path.write_text(path.read_text() + f"{{{row}}}\n")
    with pytest.raises(BadInput) as caught:
        read(path)
    assert str(caught.value) == f"{path}: line 4: {problem}"


@pytest.mark.parametrize("field", ROWS[0])
def test_a_row_that_lacks_a_field_is_refused(path, field):
    write(path, [{name: value for name, value in ROWS[0].items() if name != field}])
    with pytest.raises(BadInput) as caught:
        read(path)
    assert str(caught.value) == f"{path}: line 1: {field}: missing"


def test_late_times_are_told_to_the_millisecond(path):
    late = 1_700_000_000_123
    write(path, [ROWS[0] | {"timestamp": late + 1}, ROWS[0] | {"timestamp": late}])
    with pytest.raises(BadInput, match=f"earlier than the row before: {late}$"):
        read(path)


@pytest.mark.parametrize("text", ["", "\n \n"])
def test_a_file_without_rows_is_refused(path, text):
    path.write_text(text)
    with pytest.raises(BadInput) as caught:
        read(path)
    assert str(caught.value) == f"{path}: expected at least one row, got none"


def test_a_last_line_that_is_cut_is_refused(path):
    write(path, ROWS)
    path.write_text(path.read_text().rstrip()[:-5])
    with pytest.raises(BadInput) as caught:
        read(path)
    problem = "column 72: not JSON: Expecting value"
    assert str(caught.value) == f"{path}: line 4: {problem}"


def test_rows_are_checked_as_they_are_asked_for(path):
    write(path, ROWS)
    path.write_text(path.read_text() + "nonsense\n")
    rows = read_mooncake(path)
    assert len(list(islice(rows, 4))) == 4
    with pytest.raises(BadInput, match="line 6: column 1: not JSON: Expecting value"):
        next(rows)


def test_reading_stops_at_the_limit_and_does_not_mind_what_follows(path):
    path.write_text(json.dumps(ROWS[0]) + "\nnonsense\n")
    assert len(read(path, 1)) == 1
    with pytest.raises(BadInput, match="line 2"):
        read(path, 2)


def test_line_endings_and_a_byte_order_mark_do_not_matter(path):
    write(path, ROWS)
    plain = read(path)
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().rstrip().replace(b"\n", b"\r\n"))
    assert read(path) == plain


def test_the_longest_row_that_is_allowed_can_be_read(path):
    ids = [2**64 - 1] * 19_532
    write(path, [ROWS[0] | {"input_length": 10_000_000, "hash_ids": ids}])
    assert read(path)[0].hash_ids == tuple(ids)


def rows_of(*conversations: int) -> list[MooncakeRow]:
    """A row a second for each."""
    return [
        MooncakeRow(float(second), 513, 1, (0, conversation))
        for second, conversation in enumerate(conversations)
    ]


def test_a_conversation_that_was_long_silent_is_forgotten_but_no_turn_comes_twice(monkeypatch):
    monkeypatch.setattr(mooncake, "MOST_CONVERSATIONS", 2)
    requests = mooncake_requests(rows_of(1, 1, 2, 1, 3, 4, 1, 2, 5, 3, 3))
    turns = [(int(request.conversation), request.turn) for request in requests]
    assert turns[:6] == [(1, 1), (1, 2), (2, 1), (1, 3), (3, 1), (4, 2)]
    assert turns[6:] == [(1, 4), (2, 4), (5, 4), (3, 5), (3, 6)]


def test_a_conversation_that_speaks_is_not_forgotten(monkeypatch):
    monkeypatch.setattr(mooncake, "MOST_CONVERSATIONS", 2)
    requests = mooncake_requests(rows_of(1, 2, 1, 3, 1, 4, 1, 5, 1))
    assert [one.turn for one in requests if int(one.conversation) == 1] == [1, 2, 3, 4, 5]


def test_the_real_trace_reuses_as_much_as_an_infinite_cache_could():
    rows = read(real(REAL))
    assert len(rows) == 12_031
    seen: set[int] = set()
    reused = 0
    for row in rows:
        known = next(
            (n for n, block in enumerate(row.hash_ids) if block not in seen), len(row.hash_ids)
        )
        reused += min(known * 512, row.input_tokens)
        seen.update(row.hash_ids)
    assert reused / sum(row.input_tokens for row in rows) == pytest.approx(0.374, abs=0.0005)
