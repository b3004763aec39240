"""One trial with its log, from its beginning or from where the log stands.

A trial is a function of its scenario, apart from what its journal holds. So its state after any
round is a snapshot of an earlier round, and the rounds since, computed again.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from market.errors import BadInput, NotReproduced, ParticipantLost
from orchestrator.assembly import assemble
from orchestrator.faults.events import CRASH, ORCHESTRATOR, FaultEvent
from orchestrator.log import LogWriter, Rehearsal, read_checkpoint
from orchestrator.log.durable import refusals_told
from orchestrator.log.rows import RoundRows, provider_rows
from orchestrator.records import RoundRecord
from orchestrator.resume.journal import Journal
from orchestrator.resume.pace import SnapshotPace
from orchestrator.resume.relays import Recording, Relay, Repeating
from orchestrator.resume.snapshot import (
    Snapshot,
    read_snapshots,
    remove_later,
    remove_state,
    write_snapshot,
)
from orchestrator.runs.directory import STATE
from orchestrator.runtime import Runtime
from orchestrator.scenario.model import Scenario
from orchestrator.stopwatch import Stopwatch
from orchestrator.trial import Trial

#: How the loss of a real engine is explained that ended with the process before.
RESUMED = "resumed"

#: Told in a line what a person should know.
Tell = Callable[[str], None]


def to_stderr(line: str) -> None:
    """Tell it at once."""
    print(f"walras: {line}", file=sys.stderr)


@dataclass(frozen=True)
class LoggedRound:
    """A round and the seconds that its log took.

    ``again`` is one that the log had already; it was only compared with it.
    """

    record: RoundRecord
    log_s: float
    again: bool


class LoggedTrial:
    """Runs one trial and logs it, or goes on with it where its log stands.

    Args:
        scenario: what to run.
        trial: the number of the trial.
        run: the directory of the log, in which nobody else writes.
        runtime: where the participants live.
        tell: told in a line what is passed over.
        lost: how the orchestrator was lost in whose place this one goes on, if so: a fault of the
            first round that is not computed again.

    Attributes:
        reached: the last round that the log has, 0 before the first; None if it has nothing at all.
        seconds: what it has spent on its checkpoints: journal, snapshots, commits.
    """

    def __init__(
        self,
        scenario: Scenario,
        trial: int,
        run: Path,
        runtime: Runtime,
        tell: Tell = to_stderr,
        lost: str = "",
    ):
        checkpoint = read_checkpoint(run)
        begun = checkpoint is not None and checkpoint.trial == trial
        self.reached = checkpoint.round if begun and checkpoint is not None else None
        self.seconds = {"journal_s": 0.0, "snapshot_s": 0.0, "commit_s": 0.0}
        self._scenario = scenario
        self._number = trial
        self._run = run
        self._tell = tell
        self._lost = lost
        self._runtime = runtime
        self._journal = Journal(run, trial, self.reached or 0)
        self._pace = SnapshotPace(scenario.log.snapshot_share)

    def rounds(self) -> Generator[LoggedRound]:
        """The rounds, as they are logged: first those that are computed again.

        Raises:
            BadInput: the journal lacks what a round that is computed again needs.
            NotReproduced: such a round is not what the log says.
            NotWritten: the log cannot be written.
        """
        trial, relay, snapshot = self._begin()
        start, calls = (0, 0) if snapshot is None else (snapshot.round, snapshot.calls)
        records = trial.rounds()
        lost: dict[str, str] = {}
        if self.reached is not None:
            relay.to = repeating = Repeating(
                self._runtime, self._journal, trial.market.speakers, calls
            )
            yield from self._again(trial, records, start, repeating)
            calls = repeating.calls
            if self.reached:
                lost = dict.fromkeys(sorted(trial.market.speakers), RESUMED)
        real = trial.market.speakers
        relay.to = recording = Recording(
            self._runtime, self._journal, real, calls, lost, self._lost
        )
        yield from self._anew(trial, records, recording)

    def _begin(self) -> tuple[Trial, Relay, Snapshot | None]:
        """The trial as it was at the latest snapshot that can be had, or as it begins."""
        for snapshot in read_snapshots(self._run, self._number, self.reached or 0, self._tell):
            trial, relay = self._seated()
            try:
                trial.thaw(snapshot.state)
                self._runtime.thaw(snapshot.participants)
            except BadInput as error:
                self._tell(f"the snapshot of round {snapshot.round} is passed over: {error}")
            else:
                return trial, relay, snapshot
        return *self._seated(), None

    def _seated(self) -> tuple[Trial, Relay]:
        market = assemble(self._scenario, self._number)
        self._runtime.seat(self._scenario, market)
        relay = Relay(self._runtime)
        return Trial(self._scenario, market, relay), relay

    def _again(
        self, trial: Trial, records: Iterator[RoundRecord], start: int, repeating: Repeating
    ) -> Generator[LoggedRound]:
        """Compute again the rounds from a snapshot's to the last that is logged."""
        assert self.reached is not None  # the caller's
        number = start
        with closing(Rehearsal(self._run, self._number)) as log:
            if not start:
                log.add(provider_rows(self._number, trial.market))
                log.commit(0)
            for record in islice(records, self.reached - start):
                clock = Stopwatch()
                number = record.number
                log.add(self._rows(trial, record, repeating).rows())
                if number % self._scenario.log.checkpoint_rounds == 0 or number == self.reached:
                    log.commit(number)
                clock.lap("compared_s")
                yield LoggedRound(record, clock.seconds["compared_s"], again=True)
        if number < self.reached:
            raise NotReproduced(
                f"{self._run}: trial {self._number}: computed again it is over after round "
                f"{number}, the log goes on to round {self.reached}"
            )

    def _anew(
        self, trial: Trial, records: Iterator[RoundRecord], recording: Recording
    ) -> Generator[LoggedRound]:
        """Go on to the end of the trial."""
        log = LogWriter(self._run, self._number)
        if self.reached is None:
            log.add(provider_rows(self._number, trial.market))
            log.commit(0)
        with refusals_told(self._run / STATE):
            if self.reached is None:
                remove_state(self._run)
            else:
                self._journal.begin()
                remove_later(self._run, self._number, self.reached)
        try:
            for record in records:
                clock = Stopwatch()
                rows = self._rows(trial, record, recording)
                log.add(rows.rows())
                clock.lap("rows_s")
                log.add([rows.timing(clock.seconds["rows_s"])])
                if record.number % self._scenario.log.checkpoint_rounds == 0 or trial.over:
                    self._commit(trial, log, record.number, recording)
                clock.lap("commit_s")
                yield LoggedRound(record, sum(clock.seconds.values()), again=False)
        except GeneratorExit:  # whoever ends the run now may look at its log
            log.publish()
            raise
        log.close()

    def _rows(self, trial: Trial, record: RoundRecord, relay: Relay) -> RoundRows:
        if relay.orchestrator:
            crash = FaultEvent(ORCHESTRATOR, ORCHESTRATOR, CRASH, relay.orchestrator)
            record = replace(record, faults=[*record.faults, crash])
        return RoundRows(self._scenario, trial.market, self._number, record)

    def _commit(self, trial: Trial, log: LogWriter, number: int, recording: Recording) -> None:
        """Keep what came from outside, the state if it is time, and last of all the log.

        Whatever is later than the log's checkpoint does not count.
        """
        clock = Stopwatch()
        with refusals_told(self._journal.path):
            self._journal.commit(number)
        clock.lap("journal_s")
        if self._pace.due and not trial.over:
            self._keep(trial, number, recording)
        clock.lap("snapshot_s")
        log.commit(number)
        clock.lap("commit_s")
        for name, seconds in clock.seconds.items():
            self.seconds[name] += seconds

    def _keep(self, trial: Trial, number: int, recording: Recording) -> None:
        """Take a snapshot; the run can do without one that cannot be taken."""
        clock = Stopwatch()
        try:
            frozen = self._runtime.freeze()
            snapshot = Snapshot(self._number, number, recording.calls, trial.freeze(), frozen)
            write_snapshot(self._run, snapshot)
        except (ParticipantLost, OSError) as error:
            self._tell(f"no snapshot was taken after round {number}: {error}")
        clock.lap("snapshot_s")
        self._pace.took(clock.seconds["snapshot_s"])
