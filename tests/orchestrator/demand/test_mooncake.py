import json
from pathlib import Path
from typing import Any

import pytest

from market.errors import BadInput
from market.prompt import common_prefix_tokens, prompt_tokens
from orchestrator.demand.dialogue import DialogueTape
from orchestrator.demand.mooncake import MooncakeRow, mooncake_requests, read_mooncake
from orchestrator.demand.shape import DialogueShape
from orchestrator.demand.trace import trace_dialogues

REAL = Path(__file__).resolve().parents[4] / "shared/data/traces/mooncake_conversation_trace.jsonl"
ROWS = [
    {"timestamp": 0, "input_length": 1200, "output_length": 50, "hash_ids": [0, 1, 2]},
    {"timestamp": 500, "input_length": 1024, "output_length": 7, "hash_ids": [0, 9]},
    {"timestamp": 3000, "input_length": 1700, "output_length": 9, "hash_ids": [0, 1, 3, 4]},
    {"timestamp": 3000, "input_length": 10, "output_length": 1, "hash_ids": [0]},
]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "trace.jsonl"


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
    first, second, *_ = read_mooncake(path)
    assert first == MooncakeRow(0.0, 1200, 50, (0, 1, 2))
    assert second.time_s == 0.5
    assert len(read_mooncake(path, limit=3)) == 3


def test_prompts_share_exactly_the_blocks_whose_ids_they_share(path):
    write(path, ROWS)
    first, second, third, short = (row.prompt for row in read_mooncake(path))
    assert list(map(prompt_tokens, (first, second, third, short))) == [1200, 1024, 1700, 10]
    assert common_prefix_tokens(first, third) == 1024
    assert common_prefix_tokens(first, second) == 512
    assert common_prefix_tokens(first, short) == 10


def test_requests_of_a_conversation_have_its_name_and_count_on(path):
    write(path, ROWS)
    played = DialogueTape(iter(dialogues(read_mooncake(path))), 100.0).arrivals(100.0)
    assert [turn.request for turn in played] == [
        "d0-00000001.1", "d0-00000009.1", "d0-00000000.1", "d0-00000001.2",
    ]  # fmt: skip
    assert [turn.arrival_s for turn in played] == [0.0, 0.5, 3.0, 3.0]
    assert [turn.output_tokens for turn in played] == [50, 7, 1, 9]
    assert played[0].task == played[3].task


def test_a_trace_is_open_loop_and_can_be_played_faster(path):
    write(path, ROWS)
    rows = read_mooncake(path)
    assert [one.start_s for one in dialogues(rows, rate_scale=2.0)] == [0.0, 0.25, 1.5, 1.5]
    tape = DialogueTape(iter(dialogues(rows)), 100.0)
    assert len(tape.arrivals(3.0)) == 4
    tape.answered("d0-00000001.1", 4.0)
    assert tape.arrivals(100.0) == []


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"timestamp": -1}, "timestamp: expected a finite number >= 0"),
        ({"timestamp": 499}, "timestamp: earlier than the row before: 499"),
        ({"input_length": 0}, "input_length: expected a finite number >= 1"),
        ({"input_length": 1e9}, "input_length: expected a finite number >= 1 and <= 1e+07"),
        ({"input_length": 1537.5}, "input_length: expected a whole number"),
        ({"output_length": "9"}, "output_length: expected a finite number"),
        ({"hash_ids": [0, 1]}, "hash_ids: expected 4 blocks of 512 for 1700 tokens, got 2"),
        ({"hash_ids": [0, 1, 2.5, 4]}, "hash_ids.2: expected a whole number, got 2.5"),
        ({"hash_ids": "0134"}, "hash_ids: expected a list"),
        ({"hash": 1}, "hash: unknown key"),
    ],
)
def test_a_malformed_row_is_named_with_its_line_and_field(path, change, problem):
    write(path, [*ROWS[:2], ROWS[2] | change])
    with pytest.raises(BadInput) as caught:
        read_mooncake(path)
    assert str(caught.value).startswith(f"{path}: line 3: {problem}")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "expected at least one row, got none"),
        ('{"timestamp": 0, "input_', "line 1: line 1 column"),
        ("TIMESTAMP,ContextTokens,GeneratedTokens\n", "line 1: line 1 column 1: not JSON"),
        ("[]\n", "line 1: expected an object"),
    ],
)
def test_another_file_is_refused(path, text, problem):
    path.write_text(text)
    with pytest.raises(BadInput) as caught:
        read_mooncake(path)
    assert str(caught.value).startswith(f"{path}: {problem}")


def test_the_real_trace_reuses_as_much_as_an_infinite_cache_could():
    if not REAL.exists():
        pytest.skip("needs the real Mooncake trace under shared/data beside the checkout")
    rows = read_mooncake(REAL)
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
