"""Traces are played from the file: no more of one is read, or held, than is needed."""

import gc
import json
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from market.errors import BadInput
from orchestrator.demand import Demand, Turn, count_demand, mooncake
from orchestrator.demand.azure import AzureRow, azure_requests
from orchestrator.demand.dialogue import Dialogue, DialogueTape
from orchestrator.demand.mooncake import MooncakeRow, mooncake_requests
from orchestrator.demand.shape import DialogueShape
from orchestrator.demand.trace import trace_dialogues, until_horizon
from tests.orchestrator.demand.test_sources import demand, sources


def write_traces(folder: Path, rows: int, apart_ms: int) -> list[Path]:
    """A trace of evenly spaced requests, in both formats."""
    azure, mooncake = folder / f"{rows}.csv", folder / f"{rows}.jsonl"
    times = [apart_ms * row for row in range(rows)]
    with azure.open("w") as file:
        print("TIMESTAMP,ContextTokens,GeneratedTokens", file=file)
        for time in times:
            print(f"2023-11-16 18:{time // 60000:02d}:{time % 60000 / 1000:06.3f},9,7", file=file)
    usual = {"input_length": 600, "output_length": 7, "hash_ids": [0, 1]}
    with mooncake.open("w") as file:
        for time in times:
            print(json.dumps({"timestamp": time, **usual}), file=file)
    return [azure, mooncake]


@pytest.fixture
def traces(tmp_path: Path) -> list[Path]:
    """Ten requests, one a second."""
    return write_traces(tmp_path, 10, 1000)


def source_of(path: Path, **changes: Any) -> dict[str, Any]:
    kind = {".csv": "azure", ".jsonl": "mooncake"}[path.suffix]
    return {"kind": kind, "path": str(path), **changes}


def test_a_trace_is_read_no_further_than_the_first_row_after_the_horizon(traces):
    for path in traces:
        path.write_text(path.read_text() + "nonsense\n")
        source = source_of(path)
        assert count_demand(sources(source, horizon_s=8.9)) == (9, 0)
        assert len(demand(source, horizon_s=8.9).turns(100.0)) == 9
        for read in (count_demand, lambda all_: Demand(all_).turns(100.0)):
            with pytest.raises(BadInput, match=r"line 1[12]: "):
                read(sources(source, horizon_s=9.0))


def test_what_is_counted_is_what_is_played_however_fast_and_up_to_the_limit(traces):
    for path in traces:
        for changes, count in (
            ({"rate_scale": 2.0}, 10),
            ({"rate_scale": 0.5}, 3),
            ({"rate_scale": 0.5, "limit": 2}, 2),
            ({"limit": 7}, 5),
            ({"limit": 4}, 4),
        ):
            source = source_of(path, **changes)
            assert count_demand(sources(source, horizon_s=4.5)) == (count, 0)
            assert len(demand(source, horizon_s=4.5).turns(100.0)) == count


def test_a_limit_ends_the_reading_of_a_trace(traces):
    for path in traces:
        path.write_text(path.read_text() + "nonsense\n")
        source = source_of(path, limit=10)
        assert count_demand(sources(source)) == (10, 0)
        assert len(demand(source).turns(20.0)) == 10


def test_a_file_is_closed_when_the_horizon_is_reached(traces, monkeypatch):
    opened: list[Any] = []
    open_path = Path.open

    def recorded(self: Path, *args: Any, **kwargs: Any) -> Any:
        opened.append(open_path(self, *args, **kwargs))
        return opened[-1]

    monkeypatch.setattr(Path, "open", recorded)
    for path in traces:
        source = source_of(path)
        count_demand(sources(source, horizon_s=4.5))
        playing = demand(source, horizon_s=4.5)
        playing.turns(2.0)
        assert [file.closed for file in opened] == [True, False]
        playing.turns(4.5)
        assert [file.closed for file in opened] == [True, True]
        demand(source).turns(4.5)  # and dropped with its tape
        assert opened[-1].closed
        opened.clear()


def test_two_million_rows_are_read_only_as_far_as_they_are_played():
    read = 0

    def rows() -> Iterator[AzureRow]:
        nonlocal read
        for read in range(1, 2_000_001):
            yield AzureRow(0.1 * (read - 1), 100, 10)

    requests = azure_requests(until_horizon(rows(), 1.0, 86_400.0))
    dialogues = trace_dialogues(requests, 1.0, DialogueShape(), {"law": 1.0}, 3, "d0")
    tape = DialogueTape(dialogues, 86_400.0)
    assert len(tape.arrivals(9.95)) == 100
    assert read == 101


@pytest.fixture
def most_memory() -> Iterator[Callable[[Callable[[], object]], int]]:
    """Tells how many bytes a call takes at most."""

    def measure(call: Callable[[], object]) -> int:
        tracemalloc.reset_peak()
        before, _ = tracemalloc.get_traced_memory()
        call()
        return tracemalloc.get_traced_memory()[1] - before

    tracemalloc.start()
    yield measure
    tracemalloc.stop()


def test_counting_a_trace_takes_as_much_memory_however_long_it_is(tmp_path, most_memory):
    for short, long in long_traces(tmp_path, 2_000, 6_000):
        counted = [sources(source_of(path), horizon_s=1e5) for path in (short, short, long)]
        _, few, many = [most_memory(lambda one=one: count_demand(one)) for one in counted]
        assert many < few + 50_000


def test_numbering_conversations_takes_as_much_memory_however_many_there_are(
    monkeypatch, most_memory
):
    monkeypatch.setattr(mooncake, "MOST_CONVERSATIONS", 500)

    def number_turns(rows: int) -> None:
        spoken = (MooncakeRow(float(row), 513, 1, (0, row)) for row in range(rows))
        assert sum(1 for _ in mooncake_requests(spoken)) == rows

    _, few, many = [
        most_memory(lambda rows=rows: number_turns(rows)) for rows in (1000, 1000, 5000)
    ]
    assert many < few + 50_000


@pytest.mark.parametrize("kind", [Dialogue, Turn])
@pytest.mark.parametrize("format_", [0, 1], ids=["azure", "mooncake"])
def test_a_turn_of_a_trace_is_held_until_it_is_answered_or_lost(traces, kind, format_):
    before = held(kind)
    playing = demand(source_of(traces[format_]))
    first, second, third = playing.turns(2.0)
    ahead = 1 if kind is Dialogue else 0  # the one that comes next
    assert held(kind) - before == 3 + ahead
    playing.answered(first, 2.5)
    playing.lost(second)
    del first, second
    assert held(kind) - before == 1 + ahead
    playing.answered(third, 2.5)
    del third
    assert held(kind) - before == ahead


def held(kind: type) -> int:
    """How many of a kind there are anywhere."""
    gc.collect()
    return sum(type(one) is kind for one in gc.get_objects())


def long_traces(folder: Path, *rows: int) -> list[tuple[Path, ...]]:
    """Traces of so many rows, a hundred a second; those of one format together."""
    return list(zip(*(write_traces(folder, count, 10) for count in rows), strict=True))
