"""The log's writer alone, over many rounds: time, files, bytes of a settled request, memory."""

from __future__ import annotations

import os
import re
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import click
import psutil
import pyarrow.parquet as pq

from benchmarks.rounds import market_of
from market.process import collect_rarely, peak_memory_bytes
from orchestrator.assembly import assemble
from orchestrator.log import LogWriter, read_pieces
from orchestrator.log.digests import Chains
from orchestrator.log.rows import RoundRows, provider_rows
from orchestrator.log.schema import SCHEMAS
from orchestrator.log.tables import TABLE_OF, TABLES, AwardRow, PredictionRow, Row
from orchestrator.log.writer import arrow_table
from orchestrator.runtime import InProcess
from orchestrator.scenario.model import Scenario
from orchestrator.trial import Trial

WARM_UP_ROUNDS = 20
COMMIT_ROUNDS = 10
MIB = 2**20

#: What says when something was, and which request, dialogue or workflow it is about.
SECONDS = ("time_s", "arrival_s", "submitted_s", "finish_s")
ROUNDS = ("round", "arrival_round", "awarded_round")
IDS = ("request", "dialogue", "workflow", "retry_of")
NUMBERED = re.compile(r"(d\d+-)(\d+)(.*)")

Rounds = list[list[Row]]


class RealRounds(NamedTuple):
    """Rows of rounds that were played, numbered from 1; those before the first round apart."""

    providers: list[Row]
    rounds: Rounds
    dialogues: int

    def at(self, number: int) -> Iterator[Row]:
        """The rows of round ``number``: those of a real one, with later numbers."""
        again, which = divmod(number - 1, len(self.rounds))
        for row in self.rounds[which]:
            changes: dict[str, Any] = {}
            for name in ROUNDS:
                if (value := getattr(row, name, None)) is not None:
                    changes[name] = value + again * len(self.rounds)
            for name in SECONDS:
                if (second := getattr(row, name, None)) is not None:
                    changes[name] = second + again * len(self.rounds)
            for name in IDS:
                if (of := getattr(row, name, None)) is not None:
                    changes[name] = self._renumbered(of, again)
            yield row._replace(**changes)

    def _renumbered(self, name: str, again: int) -> str:
        source, number, rest = NUMBERED.fullmatch(name).groups()  # type: ignore[union-attr]
        return f"{source}{int(number) + again * self.dialogues:05d}{rest}"


@dataclass
class Written:
    """What writing a log took: seconds in all and in fsync, rows, files, bytes of memory."""

    seconds: float = 0.0
    fsync_s: float = 0.0
    rows: int = 0
    most_files: int = 0
    resident_early: int = 0
    resident_end: int = 0
    peak_early: int = 0
    peak_end: int = 0


def real_rounds(scenario: Scenario, rounds: int) -> RealRounds:
    """Play a market, and keep the rows of its last ``rounds`` rounds."""
    market = assemble(scenario, 0)
    kept: Rounds = []
    with closing(InProcess()) as runtime:
        runtime.seat(scenario, market)
        for record in Trial(scenario, market, runtime).rounds():
            if record.number > WARM_UP_ROUNDS:
                made = RoundRows(scenario, market, 0, record)
                rows = [*made.rows(), made.timing(0.01)]
                kept.append([_shifted(row, -WARM_UP_ROUNDS) for row in rows])
            if record.number == WARM_UP_ROUNDS + rounds:
                break
    numbers = [
        int(NUMBERED.fullmatch(name)[2])  # type: ignore[index]
        for rows in kept
        for row in rows
        if (name := getattr(row, "request", None))
    ]
    return RealRounds(list(provider_rows(0, market)), kept, 1 + max(numbers))


def write(run: Path, real: RealRounds, rounds: int) -> Written:
    """Write so many rounds with the log's writer, as one trial."""
    found = Written()
    with _fsyncs_timed(found):
        log = LogWriter(run, 0)
        log.add(real.providers)
        for number in range(1, rounds + 1):
            rows = list(real.at(number))
            found.rows += len(rows)
            started = time.perf_counter()
            log.add(rows)
            if number % COMMIT_ROUNDS == 0 or number == rounds:
                log.commit(number)
                found.seconds += time.perf_counter() - started
                found.most_files = max(found.most_files, _files(run))
                if number >= rounds // 10 and not found.resident_early:
                    found.resident_early, found.peak_early = _resident(), peak_memory_bytes()
            else:
                found.seconds += time.perf_counter() - started
        started = time.perf_counter()
        log.close()
        found.seconds += time.perf_counter() - started
    found.resident_end, found.peak_end = _resident(), peak_memory_bytes()
    return found


def write_a_part_each(run: Path, real: RealRounds, rounds: int) -> Written:
    """Write so many rounds with a Parquet part of every table for every commit, each synced."""
    found = Written()
    with _fsyncs_timed(found):
        held: dict[str, list[Row]] = defaultdict(list)
        for number in range(1, rounds + 1):
            rows = list(real.at(number))
            found.rows += len(rows)
            started = time.perf_counter()
            for row in rows:
                held[TABLE_OF[type(row)]].append(row)
            if number % COMMIT_ROUNDS == 0 or number == rounds:
                for table, kept in held.items():
                    (run / table).mkdir(exist_ok=True)
                    with (run / table / f"{number}.parquet").open("wb") as file:
                        pq.write_table(arrow_table(table, kept), file, compression="zstd")
                        file.flush()
                        os.fsync(file.fileno())
                held.clear()
            found.seconds += time.perf_counter() - started
    found.most_files = _files(run)
    return found


def digest_seconds(real: RealRounds) -> float:
    """Seconds of a round that its digests take, of all real rounds, commit by commit."""
    taken = 0.0
    chains = Chains("0" * 64, "0" * 64)
    for start in range(0, len(real.rounds), COMMIT_ROUNDS):
        held: dict[str, list[Row]] = defaultdict(list)
        for row in (row for rows in real.rounds[start : start + COMMIT_ROUNDS] for row in rows):
            held[TABLE_OF[type(row)]].append(row)
        tables = {table: arrow_table(table, rows) for table, rows in held.items()}
        started = time.perf_counter()
        chains.rows(tables)
        taken += time.perf_counter() - started
    return taken / len(real.rounds)


def table_bytes(run: Path) -> dict[str, int]:
    """The bytes of each table on the disk."""
    return {
        table: sum(path.stat().st_size for path in (run / table).glob("*.parquet"))
        for table in TABLES
    }


def settled(run: Path) -> int:
    """The chat requests that were settled, void ones too."""
    return sum(
        piece["kind"].to_pylist().count("chat")
        for piece in read_pieces(run, "settlements", ["kind"])
    )


def prediction_bytes(real: RealRounds, kept: str) -> float:
    """Bytes of a settled request that ``predictions`` takes in the real rounds, by what is kept."""
    awarded = {row.request for rows in real.rounds for row in rows if isinstance(row, AwardRow)}
    rounds = [
        [
            row
            for row in rows
            if not isinstance(row, PredictionRow) or kept == "full" or row.request in awarded
        ]
        for rows in real.rounds
    ]
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder)
        write(run, real._replace(rounds=rounds), len(rounds))
        return table_bytes(run)["predictions"] / settled(run)


def _shifted(row: Row, by: int) -> Row:
    """A row as if its round had another number."""
    return row._replace(round=row.round + by)


@contextmanager
def _fsyncs_timed(found: Written) -> Iterator[None]:
    plain = os.fsync

    def timed(file: int) -> None:
        started = time.perf_counter()
        plain(file)
        found.fsync_s += time.perf_counter() - started

    os.fsync = timed  # type: ignore[assignment]
    try:
        yield
    finally:
        os.fsync = plain


def _files(run: Path) -> int:
    return sum(len(files) for _, _, files in os.walk(run))


def _resident() -> int:
    resident: int = psutil.Process().memory_info().rss
    return resident


@click.command("log")
@click.option("--rounds", default=2000, show_default=True)
@click.option("--requests", default=200, show_default=True, help="Requests a round, about.")
@click.option("--providers", default=200, show_default=True)
@click.option("--hubs", default=8, show_default=True)
@click.option("--real", default=60, show_default=True, help="Real rounds that are repeated.")
def command(rounds: int, requests: int, providers: int, hubs: int, real: int) -> None:
    """Seconds, files, bytes and memory of the log's writer, over rounds of a real market."""
    collect_rarely()
    scenario = market_of(providers, requests, hubs, WARM_UP_ROUNDS + real)
    started = time.perf_counter()
    of = real_rounds(scenario, real)
    play_s = (time.perf_counter() - started) / (WARM_UP_ROUNDS + real)
    per_round = sum(len(rows) for rows in of.rounds) / len(of.rounds)
    click.echo(
        f"{rounds} rounds, {per_round:.0f} rows each, like {real} of {providers} providers in "
        f"{hubs} hubs; a commit every {COMMIT_ROUNDS} rounds"
    )
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder)
        found = write(run, of, rounds)
        sizes, requests_settled, files = table_bytes(run), settled(run), _files(run)
    for line in _writing(found, rounds, sizes, files, digest_seconds(of), play_s):
        click.echo(line)
    for line in _bytes(of, sizes, requests_settled):
        click.echo(line)
    with tempfile.TemporaryDirectory() as folder:
        before = write_a_part_each(Path(folder), of, min(rounds, 200))
    with tempfile.TemporaryDirectory() as folder:
        now = write(Path(folder), of, min(rounds, 200))
    click.echo(f"\nof {min(rounds, 200)} rounds: a part of every table for every commit, and ours")
    for name, one in (("a part each", before), ("ours", now)):
        ms = 1e3 * one.seconds / min(rounds, 200)
        click.echo(
            f"  {name:12s}{ms:8.2f} ms a round, {one.fsync_s / one.seconds:4.0%} of it in fsync, "
            f"at most {one.most_files} files"
        )


def _writing(
    found: Written,
    rounds: int,
    sizes: dict[str, int],
    files: int,
    digest_s: float,
    play_s: float,
) -> Sequence[str]:
    round_s = found.seconds / rounds
    total = sum(sizes.values())
    return [
        f"writing          {1e3 * round_s:8.2f} ms a round, {round_s / play_s:.1%} of "
        f"{1e3 * play_s:.0f} ms to play one; {found.fsync_s / found.seconds:.1%} in fsync",
        f"digests          {1e3 * digest_s:8.2f} ms a round, {digest_s / play_s:.2%} of playing it",
        f"rate             {found.rows / found.seconds:8.0f} rows/s, "
        f"{total / MIB / found.seconds:.1f} MiB/s of Parquet",
        f"files            {files:8d} at the end, {found.most_files} at most, "
        f"{total / MIB:.0f} MiB",
        f"resident memory  {found.resident_early / MIB:8.0f} MiB after a tenth, "
        f"{found.resident_end / MIB:.0f} MiB at the end; "
        f"peak {found.peak_early / MIB:.0f} and {found.peak_end / MIB:.0f} MiB",
    ]


def _bytes(real: RealRounds, sizes: dict[str, int], requests: int) -> Iterator[str]:
    yield f"\nbytes of each of {requests} settled chat requests"
    for table in sorted(SCHEMAS, key=lambda table: -sizes[table]):
        if sizes[table]:
            yield f"  {table:14s}{sizes[table] / requests:10.1f}"
    total = sum(sizes.values()) / requests
    yield f"  {'in all':14s}{total:10.1f}"
    full, awarded = (prediction_bytes(real, kept) for kept in ("full", "awarded"))
    yield f"  of predictions in the real rounds: {full:.1f} full, {awarded:.1f} awarded, 0 none"
