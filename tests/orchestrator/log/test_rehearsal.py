from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

from market.errors import NotReproduced
from orchestrator.log import LogWriter, Rehearsal
from orchestrator.log.tables import HubRow, Row, SettlementRow, TimingRow
from tests.orchestrator.log.rounds import describe, rows_of, write_rounds


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A finished trial, and one of which five rounds are committed."""
    describe(tmp_path)
    write_rounds(tmp_path, 0, range(1, 4))
    log = LogWriter(tmp_path, 1)
    for round_ in range(1, 6):
        log.add(rows_of(1, round_))
        log.commit(round_)
    log.publish()
    return tmp_path


def rehearse(
    run: Path, rounds: Iterable[int], changed: dict[Row, Row | None] | None = None
) -> None:
    rehearsal = Rehearsal(run, 1)
    for round_ in rounds:
        rows = [(changed or {}).get(row, row) for row in map(hashable, rows_of(1, round_))]
        rehearsal.add(row for row in rows if row is not None)
        if round_ % 2 == 0:
            rehearsal.commit(round_)
    rehearsal.commit(round_)
    rehearsal.close()


def hashable(row: Row) -> Row:
    """A row that is a key; its lists are tuples, which are written alike."""
    return row._make(tuple(one) if isinstance(one, list) else one for one in row)


@pytest.mark.parametrize("first", [1, 2, 4])
def test_the_same_rows_from_any_round_on_are_as_logged_and_nothing_is_written(
    run: Path, first: int
) -> None:
    before = {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}
    rehearse(run, range(first, 6))
    assert before == {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}


def test_what_is_after_the_checkpoint_is_not_compared(run: Path) -> None:
    rehearse(run, range(3, 9))


def test_how_long_it_took_is_not_compared(run: Path) -> None:
    (timing,) = (row for row in rows_of(1, 4) if isinstance(row, TimingRow))
    rehearse(run, range(1, 6), {timing: timing._replace(hubs_s=9.0)})


@pytest.mark.parametrize(
    ("kind", "number", "change", "place"),
    [
        (SettlementRow, 1, {"void": True}, "round 3, table settlements, row 1"),
        (SettlementRow, 1, None, "round 3, table settlements, row 1"),
        (HubRow, 0, {"arrived": 0}, "round 3, table hubs, row 0"),
        (HubRow, 0, None, "round 3, table hubs, row 0"),
    ],
)
def test_the_first_row_that_differs_is_named(
    run: Path, kind: type[Row], number: int, change: dict[str, int] | None, place: str
) -> None:
    row = [hashable(row) for row in rows_of(1, 3) if isinstance(row, kind)][number]
    other = None if change is None else row._replace(**change)
    with pytest.raises(NotReproduced, match=f"trial 1, {place}: computed again") as caught:
        rehearse(run, range(2, 6), {row: other})
    assert "\n" not in str(caught.value)


def test_a_table_that_the_log_has_no_rows_of_is_named(run: Path) -> None:
    rehearsal = Rehearsal(run, 1)
    node = next(row for row in rows_of(1, 3) if type(row).__name__ == "NodeRow")
    rehearsal.add([*rows_of(1, 2), node._replace(round=2)])
    with pytest.raises(NotReproduced, match="trial 1, round 2, table nodes, row 0"):
        rehearsal.commit(2)


def test_a_round_that_is_not_computed_again_is_named(run: Path) -> None:
    rehearsal = Rehearsal(run, 1)
    rehearsal.add(rows_of(1, 2))
    with pytest.raises(NotReproduced, match="trial 1, round 3, table hubs, row 0"):
        rehearsal.commit(5)
