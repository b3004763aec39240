"""Verifying a run on its log alone: digests, what must hold of every run, all clearings again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow.compute as pc

from market.errors import BadInput, WalrasError
from orchestrator.analysis.logged_run import NoRow
from orchestrator.log.checkpoint import Checkpoint, read_checkpoint
from orchestrator.log.digest_check import Mismatch, check_digests
from orchestrator.log.reader import ATTEMPTS, Vanished
from orchestrator.log.schema import SCHEMA_VERSION
from orchestrator.log.tables import TABLES
from orchestrator.runs.directory import COMPARED, RunDescription, read_description
from orchestrator.runs.run_file import RUN_FILE
from orchestrator.scenario.needed_plugins import changed_plugins
from orchestrator.verify.chat import ChatCheck
from orchestrator.verify.checks import CHECKS, DRAWS
from orchestrator.verify.checks.draws import drawn_again
from orchestrator.verify.checks.shape import rows_are_of_rounds_that_there_were
from orchestrator.verify.clearing import clearings
from orchestrator.verify.coverage import Coverage
from orchestrator.verify.findings import Finding, Findings, named, shown
from orchestrator.verify.trial_log import TrialLog, VerifiedRun
from orchestrator.verify.workflows import WorkflowCheck

#: Says what is checked now.
Told = Callable[[str], None]

#: What a check may raise on rows that make no sense: that is a finding.
NONSENSE = (LookupError, ValueError, TypeError, ArithmeticError, AttributeError, WalrasError)


@dataclass
class Verdict:
    """What came of one run; ``findings`` are the first ones of ``count``, the worst first.

    The first of all is that of the digests, if they tell of one: it is the row that was changed.
    """

    run: Path
    findings: list[Finding] = field(default_factory=list)
    count: int = 0
    coverage: Coverage = field(default_factory=Coverage)

    def take(self, found: Findings) -> None:
        """Take over what was found in a trial."""
        self.findings += found.kept
        self.count += found.count

    def add(self, finding: Finding) -> None:
        """One more."""
        self.findings.append(finding)
        self.count += 1

    def as_dict(self, most: int) -> dict[str, Any]:
        """For JSON."""
        return {
            "run": str(self.run),
            "holds": not self.count,
            "count": self.count,
            "findings": [one.as_dict() for one in self.findings[:most]],
            **self.coverage.as_dict(),
        }


def verify_run(
    run: Path,
    *,
    payments: str = "sampled",
    digests: bool = True,
    told: Told = lambda what: None,
) -> Iterator[Verdict]:
    """Verify a run, then those it is compared with, one at a time.

    Args:
        run: its directory.
        payments: which are checked by solving again, one of ``PAYMENT_CHECKS``.
        digests: whether these are checked.
        told: hears what is checked now.

    Raises:
        BadInput: there is no run of this version, or a part of it cannot be read.
    """
    main = _verify_arm(run, payments, digests, told)
    described = VerifiedRun(run).description
    for mechanism in described.scenario.compare if described.status == "complete" else ():
        if not (run / COMPARED / mechanism / RUN_FILE).is_file():
            main.add(_of_run("scenario.compare", mechanism, f"a run in {COMPARED}/{mechanism}"))
    yield main
    for arm in sorted((run / COMPARED).glob("*")):
        if (arm / RUN_FILE).is_file():
            yield _verify_arm(arm, payments, digests, told)


def verify_trial(
    run: VerifiedRun, trial: int, *, over: bool, payments: str, told: Told = lambda what: None
) -> tuple[Findings, Coverage]:
    """Everything but digests, of one trial; raises ``BadInput`` if a part cannot be read."""
    found, coverage = Findings(trial), Coverage()
    log = TrialLog.read(run, trial, over=over)
    coverage.note("trials")
    coverage.note("rounds", log.last_round)
    with _sense(found, "rows are of rounds that there were"):
        rows_are_of_rounds_that_there_were(log, found)
    if found.count:
        coverage.leave_out("trials but for their rounds", "rows name rounds that there are not")
        return found, coverage
    for name, check in CHECKS.items():
        told(f"trial {trial}: {name}")
        with _sense(found, name):
            check(log, found)
    market = drawn_again(log)
    if market is None:
        coverage.leave_out("draws", "a file that the scenario names is gone or has changed")
    else:
        for name, draw in DRAWS.items():
            with _sense(found, name):
                draw(log, market, found)
    with _sense(found, "predictions make sense"):
        chat = ChatCheck(log, market, payments, found, coverage)
        _check_clearings(run, log, chat, found, told)
    workflows = WorkflowCheck(run, log, payments, found, coverage)
    for auction in log.tables["auctions"]:
        told(f"trial {trial}: round {auction['round']}, workflow {auction['workflow']}")
        with _sense(found, "the allocation reaches the optimum"):
            workflows.check(auction)
    return found, coverage


def _check_clearings(
    run: VerifiedRun, log: TrialLog, chat: ChatCheck, found: Findings, told: Told
) -> None:
    """Those of the matching hubs, as they stream by."""
    for clearing in clearings(run.pieces("predictions"), log.trial):
        told(f"trial {log.trial}: round {clearing.round}, {clearing.hub}")
        if not 1 <= clearing.round <= log.last_round:
            found.begin("rows are of rounds that there were")
            there = f"1 to {log.last_round}"
            found.add("predictions", clearing.row(0), "round", clearing.round, there)
            continue
        with _sense(found, "predictions make sense"):
            chat.check(clearing)
    with _sense(found, "predictions make sense"):
        chat.end()


def _verify_arm(run: Path, payments: str, digests: bool, told: Told) -> Verdict:
    """Begins again where the log was merged under our eyes, as one that still grows may be."""
    for attempt in range(ATTEMPTS):
        try:
            return _as_it_stands(run, payments, digests, told)
        except Vanished:
            if attempt + 1 == ATTEMPTS:
                raise
    raise AssertionError  # the last attempt returns or raises


def _as_it_stands(run: Path, payments: str, digests: bool, told: Told) -> Verdict:
    verdict, described = Verdict(run), read_description(run)
    checkpoint = read_checkpoint(run)
    logged = VerifiedRun(run, _reached(checkpoint) if described.status == "running" else None)
    if described.schema_version != SCHEMA_VERSION:
        problem = f"expected a log of version {SCHEMA_VERSION}, got {described.schema_version}"
        raise BadInput(str(run / RUN_FILE), problem)
    if described.seed != described.scenario.seed:
        verdict.add(_of_run("seed", described.seed, str(described.scenario.seed)))
    if digests:
        told("digests")
        mismatch = check_digests(run)
        verdict.coverage.note("tables by their digests", len(TABLES))
        if mismatch is not None:
            verdict.add(_of_digests(logged, mismatch))
    _how_far(described, checkpoint, verdict)
    foreign = _foreign_trials(logged, described)
    for table, trial in foreign:
        finding = f"a trial from 0 to {described.scenario.trials - 1}"
        verdict.add(Finding("trials are those of the scenario", trial, None, table, "", "trial",
                            str(trial), finding))  # fmt: skip
    for key in changed_plugins(described.scenario, described.versions):
        reason = f"it was {described.versions.get(key)}: what is here now has checked the run"
        verdict.coverage.leave_out(f"the plug-in {key} as it was", reason)
    last = -1 if checkpoint is None else checkpoint.trial
    for trial in range(last + 1):
        over = described.status == "complete" or trial < last
        found, coverage = verify_trial(logged, trial, over=over, payments=payments, told=told)
        verdict.take(found)
        verdict.coverage.add(coverage)
    verdict.coverage.leave_out(
        "what only digests protect",
        "timings are of a clock; what predictors forecast, grades, engines and what demand "
        "draws are not made again",
    )
    return verdict


def _reached(checkpoint: Checkpoint | None) -> tuple[int, int]:
    """The last trial and round that count."""
    return (-1, 0) if checkpoint is None else (checkpoint.trial, checkpoint.round)


def _how_far(described: RunDescription, checkpoint: Checkpoint | None, verdict: Verdict) -> None:
    """A complete run has all trials; another is checked as far as it goes."""
    trials = 0 if checkpoint is None else checkpoint.trial + checkpoint.over
    if described.status == "complete":
        if trials != described.scenario.trials:
            verdict.add(_of_run("status", "complete", f"{described.scenario.trials} whole trials"))
        return
    upto = (
        "nothing" if checkpoint is None else f"trial {checkpoint.trial}, round {checkpoint.round}"
    )
    verdict.coverage.leave_out("rest of the run", f"it is {described.status}, up to {upto}")


def _foreign_trials(run: VerifiedRun, described: RunDescription) -> list[tuple[str, int]]:
    """Rows of trials that there are not."""
    foreign = []
    for table in TABLES:
        trials = pc.unique(run.table(table)["trial"]).to_pylist()
        foreign += [(table, one) for one in trials if not 0 <= one < described.scenario.trials]
    return foreign


def _of_run(column: str, found: Any, expected: str) -> Finding:
    """Something that ``run.json`` says."""
    return Finding("the run is whole", None, None, RUN_FILE, "", column, shown(found), expected)


def _of_digests(run: VerifiedRun, mismatch: Mismatch) -> Finding:
    """The first row that its digest does not know, by what names it."""
    row = "" if mismatch.row is None else f"row {mismatch.row}"
    if mismatch.index is not None and mismatch.what in ("altered", "extra"):
        table = run.table(mismatch.table)
        if mismatch.index < table.num_rows:
            told = named(mismatch.table, table.slice(mismatch.index, 1).to_pylist()[0])
            row = f"{row} ({told})" if told else row
    return Finding(
        "digests hold",
        mismatch.trial,
        mismatch.round,
        mismatch.table,
        row,
        "",
        mismatch.what,
        "what was written",
    )


@contextmanager
def _sense(found: Findings, check: str) -> Iterator[None]:
    """Where rows make so little sense that a check cannot go on, that is found."""
    found.begin(check)
    try:
        yield
    except NoRow as error:
        found.add(str(error.args[0]), {}, "", "no row", "one that others name")
    except NONSENSE as error:
        told = f"{type(error).__name__}: {error}"
        found.add("log", {}, "", told, "rows that make sense together")
