"""What came from outside of a run is in its journal, and is repeated when it is computed again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hubs.host import HubsRound
from market.errors import BadInput
from orchestrator.log import read_table
from orchestrator.resume.journal import Heard, Journal
from orchestrator.resume.pace import FIRST_S, SnapshotPace
from orchestrator.resume.relays import Recording
from orchestrator.runs.advance import Advance
from orchestrator.runs.directory import STATE
from orchestrator.runs.run import run_scenario
from orchestrator.runtime import Cleared, InProcess, Stepped
from orchestrator.verify.verify import verify_run
from tests.invariants import check_run
from tests.markets import StoppedAfter, rewritten, run_market, small_market
from tests.orchestrator.test_determinism import rows


class Losing(InProcess):
    """Processes die: of a provider in rounds 4 and 8, of a hub in round 5."""

    def step_providers(self, jobs: Any, until_s: float, won: Any, silent: Any) -> Stepped:
        lost = {"small-000": "it died"} if until_s in (4.0, 8.0) else {}
        stepped = super().step_providers(jobs, until_s, won, {*silent, *lost})
        return Stepped(
            stepped.replies, {name: how for name, how in lost.items() if name not in silent}
        )

    def clear_hubs(self, round_: HubsRound) -> Cleared:
        asked = round_.chat
        if len(asked) > 1 and next(iter(asked.values())).number == 5:
            chat = {hub: one for hub, one in asked.items() if hub != "hub-0"}
            reply = super().clear_hubs(HubsRound(chat, round_.workflow)).reply
            return Cleared(reply, {"hub-0": "it died"})
        return super().clear_hubs(round_)


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_losses_are_repeated_in_a_runtime_that_loses_nobody(share: float, tmp_path: Path) -> None:
    market = small_market(log={"checkpoint_rounds": 3, "snapshot_share": share})
    whole = run_market(market, tmp_path / "whole", runtime=Losing())
    run = tmp_path / "run"
    with pytest.raises(KeyboardInterrupt):
        run_market(market, run, progress=StoppedAfter(11), runtime=Losing())
    assert (run / STATE / "journal-0000").exists()
    run_scenario(market, "test", run, InProcess(), lambda _: None)
    assert rows(run) == rows(whole)
    assert {"small-000", "hub-0"} <= set(read_table(run, "faults")["name"].to_pylist())


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_an_orchestrator_that_was_lost_is_a_fault_of_the_round_from_which_the_next_goes_on(
    share: float, tmp_path: Path
) -> None:
    market = small_market(log={"checkpoint_rounds": 3, "snapshot_share": share})
    whole = run_market(market, tmp_path / "whole")
    run = tmp_path / "run"
    with pytest.raises(KeyboardInterrupt):
        run_market(market, run, progress=StoppedAfter(5))
    with pytest.raises(KeyboardInterrupt):
        run_scenario(market, "test", run, InProcess(), stop_in_round(8), lost="it died")
    run_scenario(market, "test", run, InProcess(), lambda _: None, lost="again")
    check_run(run)
    faults = read_table(run, "faults").to_pylist()
    assert [(row["round"], row["cause"]) for row in faults] == [(4, "it died"), (7, "again")]
    assert {(row["participant"], row["event"]) for row in faults} == {("orchestrator", "crash")}
    assert without_faults(rows(run)) == without_faults(rows(whole))
    (verdict,) = verify_run(run)
    assert verdict.findings == []
    changed = rewritten(run, tmp_path / "changed", "faults", lambda rows: rows[0].update(lost=1))
    (verdict,) = verify_run(changed, digests=False)
    assert [(one.table, one.column) for one in verdict.findings] == [("faults", "lost")]


def stop_in_round(number: int) -> Callable[[Advance], None]:
    def report(advance: Advance) -> None:
        if advance.rounds == number:
            raise KeyboardInterrupt

    return report


def without_faults(tables: dict[str, list[str]]) -> dict[str, list[str]]:
    """All rows but those of faults, and their digests."""
    digests = [row for row in tables["digests"] if "'table': 'faults'" not in row]
    return tables | {"faults": [], "digests": digests}


def journal_of(run: Path, up_to: int = 10) -> Journal:
    return Journal(run, 0, up_to)


def written(run: Path) -> Path:
    """Two records, of rounds 3 and 6."""
    journal = journal_of(run, 0)
    for call, round_ in ((2, 3), (9, 6)):
        journal.note(call, Heard(lost={"p": f"round {round_}"}))
        journal.note(call + 1, Heard())
        journal.commit(round_)
    return journal.path


def test_what_is_later_than_the_log_is_cut_off(tmp_path: Path) -> None:
    path = written(tmp_path)
    size = path.stat().st_size
    journal = journal_of(tmp_path, 5)
    assert journal.heard == {2: Heard(lost={"p": "round 3"})}
    assert path.stat().st_size == size
    journal.begin()
    assert path.stat().st_size < size
    assert journal_of(tmp_path).heard == journal.heard


def test_a_record_that_was_being_written_does_not_count(tmp_path: Path) -> None:
    path = written(tmp_path)
    whole = path.read_bytes()
    for missing in (1, 100):
        path.write_bytes(whole[:-missing])
        assert list(journal_of(tmp_path).heard) == [2]


def test_a_damaged_record_is_told_with_its_place(tmp_path: Path) -> None:
    path = written(tmp_path)
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(BadInput, match=r"journal-0000: byte \d+: is damaged"):
        journal_of(tmp_path)


def test_nothing_is_written_where_nothing_was_heard(tmp_path: Path) -> None:
    journal = journal_of(tmp_path, 0)
    journal.commit(3)
    assert not journal.path.exists()


def test_who_is_lost_by_what_was_before_is_told_once_and_not_asked(tmp_path: Path) -> None:
    asked: list[Any] = []

    class Silent(InProcess):
        def step_providers(self, jobs: Any, until_s: float, won: Any, silent: Any) -> Stepped:
            asked.append(set(silent))
            return Stepped([])

    lost = {"a": "resumed", "b": "resumed"}
    recording = Recording(Silent(), journal_of(tmp_path, 0), {"a", "b"}, lost=lost)
    assert recording.step_providers({}, 1.0, {}, ["b"]).lost == {"a": "resumed"}
    assert recording.step_providers({}, 2.0, {}, ["b"]).lost == {}
    assert asked == [{"a", "b"}, {"b"}]


class Clock:
    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def test_snapshots_take_their_share_of_the_time() -> None:
    clock = Clock()
    pace = SnapshotPace(0.1, clock)
    assert not pace.due
    clock.now_s += FIRST_S
    assert pace.due
    pace.took(2.0)
    clock.now_s += 19.9
    assert not pace.due
    clock.now_s += 0.1
    assert pace.due


def test_a_share_of_one_takes_all_and_none_takes_none() -> None:
    clock = Clock()
    every, never = SnapshotPace(1.0, clock), SnapshotPace(0.0, clock)
    assert every.due
    clock.now_s += 1e9
    every.took(5.0)
    assert every.due
    assert not never.due
