from __future__ import annotations

from collections.abc import Collection

from agents.engine import Job, failed
from market.messages import CHAT
from orchestrator.faults.attendance import Attendance
from orchestrator.faults.events import FaultEvent
from orchestrator.faults.params import FaultParams


def attendance() -> Attendance:
    """Down for two rounds; a hang is given up in the third round after it."""
    return Attendance(FaultParams(down_rounds=2, deadline_s=3), 1.0)


def at_once(providers: Collection[str]) -> Collection[str]:
    return ()


def no_process(providers: Collection[str]) -> Collection[str]:
    return providers


def fault(name: str, event: str) -> FaultEvent:
    return FaultEvent("provider", name, event, "listed")


def told(kept: Attendance, lost: Collection[tuple[str, str]] = (), again: str = "") -> list[str]:
    """What befell whom in the round; ``lost`` are requests with their providers."""
    jobs = [(Job(name, CHAT, (), 1, 0, 0.0), provider) for name, provider in lost]
    completions = [failed(job, provider, 1.0, "provider lost") for job, provider in jobs]
    return [
        f"{one.name} {one.event} {one.lost} {one.reauctioned}"
        for one in kept.events(completions, {again})
    ]


def test_a_crash_takes_as_many_rounds_as_providers_are_down() -> None:
    kept = attendance()
    kept.begin(5, at_once)
    kept.befall([fault("p", "crash")])
    assert kept.absences == {"p": "lost"}
    assert told(kept, [("a", "p"), ("b", "p")], again="b") == ["p crash 2 1"]
    kept.begin(6, at_once)
    assert kept.absences == {"p": "lost"}
    assert told(kept) == []
    kept.begin(7, at_once)
    assert kept.absences == {}
    assert told(kept) == ["p back 0 0"]


def test_a_hang_ends_as_a_loss() -> None:
    kept = attendance()
    for number in range(1, 7):
        kept.begin(number, at_once)
        if number == 1:
            kept.befall([fault("p", "hang")])
            assert told(kept) == ["p hang 0 0"]
        kept.give_up()
        assert kept.absences == (
            {"p": "hung"} if number < 4 else {"p": "lost"} if number < 6 else {}
        )
        assert kept.is_lost("p") == (number in (4, 5))
        if number == 4:
            assert told(kept, [("a", "p")]) == ["p given_up 1 0"]


def test_without_a_process_a_provider_stays_lost_and_is_asked_for_again() -> None:
    kept = attendance()
    kept.begin(1, at_once)
    kept.lose({"p": "killed", "q": "killed"})
    kept.begin(3, lambda names: [name for name in names if name == "q"])
    assert kept.absences == {"q": "lost"}
    kept.begin(4, no_process)
    assert kept.absences == {"q": "lost"}
    kept.begin(5, at_once)
    assert kept.absences == {}


def test_who_is_lost_has_nothing_more_to_lose() -> None:
    kept = attendance()
    kept.begin(1, at_once)
    kept.befall([fault("p", "crash")])
    kept.begin(2, at_once)
    kept.befall([fault("p", "crash"), fault("q", "hang")])
    kept.lose({"p": "killed"})
    assert told(kept) == ["q hang 0 0"]
    kept.begin(3, at_once)
    kept.befall([fault("q", "hang")])
    assert kept.absences == {"q": "hung"}
    assert told(kept) == ["p back 0 0"]


def test_who_hangs_can_still_be_lost() -> None:
    kept = attendance()
    kept.begin(1, at_once)
    kept.befall([fault("p", "hang")])
    kept.begin(2, at_once)
    kept.lose({"p": "killed"})
    kept.give_up()
    assert kept.absences == {"p": "lost"}
    assert told(kept, [("a", "p")]) == ["p crash 1 0"]
    kept.begin(4, at_once)
    assert kept.absences == {}


def test_work_that_was_sent_to_one_that_is_lost_is_an_event_of_its_own() -> None:
    kept = attendance()
    kept.begin(1, at_once)
    kept.befall([fault("p", "crash")])
    kept.begin(2, at_once)
    assert told(kept, [("w/n", "p")]) == ["p unreachable 1 0"]
