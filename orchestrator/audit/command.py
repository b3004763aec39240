"""What ``walras audit`` does: audit a file of problems or a run, and say what came of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from market import solve
from market.audit import Finding, Report, audit, worst_of
from market.errors import BadInput, WalrasError
from orchestrator.analysis.logged_run import LoggedRun
from orchestrator.audit.clearings import (
    audit_chat,
    audit_workflow,
    chat_places,
    workflow_places,
)
from orchestrator.audit.unchecked import NotChecked, not_checked
from orchestrator.problem_file import numbered_problems
from orchestrator.reading.json_text import parse_json

#: Shows who is audited next: where, which of how many markets, and who.
Progress = Callable[[str, int, int, str], None]


class Worst(NamedTuple):
    """The misreport of the largest regret, and in which market it gains."""

    where: str
    finding: Finding


@dataclass(frozen=True)
class Audited:
    """The report of one market, and where that is."""

    where: str
    report: Report

    def as_json(self) -> str:
        """One line of JSON."""
        return json.dumps({"where": self.where, **self.report.as_dict()})

    def worse(self, known: Worst | None) -> Worst | None:
        """The worst misreport here, or the one ``known`` from elsewhere if that is as bad."""
        here = self.report.worst
        if here is None or (known is not None and known.finding.regret >= here.regret):
            return known
        return Worst(self.where, here)


def audit_path(
    path: Path,
    *,
    sides: Sequence[str] | None,
    owners: Sequence[str] | None,
    cost_basis: str | None,
    limit: int | None,
    progress: Progress,
) -> Iterator[Audited | NotChecked]:
    """Audit the problems of a file, or of a run's directory its clearings, one at a time.

    Of a run the ``limit`` largest of each kind: the chat clearings of most awards, the dearest
    workflows. What is left out comes last.

    Raises:
        WalrasError: of the kind that stopped it; the message names the place.
    """
    if not path.is_dir():
        yield from _problems(path, sides, owners, cost_basis, progress)
        return
    for what, given in (("owners", owners), ("cost_basis", cost_basis)):
        if given is not None:
            raise BadInput(what, "is for a problem, got it with a run")
    yield from _clearings(LoggedRun(path), sides, limit, progress)


def _problems(
    path: Path,
    sides: Sequence[str] | None,
    owners: Sequence[str] | None,
    cost_basis: str | None,
    progress: Progress,
) -> Iterator[Audited]:
    numbered = numbered_problems(path)
    for number, (place, text) in enumerate(numbered, start=1):

        def told(name: str, place: str = place, number: int = number) -> None:
            progress(place, number, len(numbered), name)

        try:
            report = audit(
                parse_json(text), sides=sides, owners=owners, cost_basis=cost_basis, progress=told
            )
        except BadInput as error:
            raise error.inside(place) from None
        except WalrasError as error:
            raise type(error)(f"{place}: {error}") from None
        yield Audited(place, report)


def _clearings(
    run: LoggedRun, sides: Sequence[str] | None, limit: int | None, progress: Progress
) -> Iterator[Audited | NotChecked]:
    left_out = list(not_checked(run, limit))
    workflows, chats = workflow_places(run)[:limit], chat_places(run)[:limit]
    total = len(workflows) + len(chats)
    if not total:
        reasons = "".join(f"; {one.line}" for one in left_out)
        raise BadInput(str(run.path), f"has no clearing that could be held again{reasons}")
    for number, workflow in enumerate(workflows, start=1):

        def told(name: str, where: str = str(workflow), number: int = number) -> None:
            progress(where, number, total, name)

        yield Audited(str(workflow), audit_workflow(run, workflow, sides=sides, progress=told))
    for number, chat in enumerate(chats, start=len(workflows) + 1):

        def told_chat(name: str, where: str = str(chat), number: int = number) -> None:
            progress(where, number, total, name)

        yield Audited(str(chat), audit_chat(run, chat, sides=sides, progress=told_chat))
    yield from left_out


def described(audited: Audited | NotChecked) -> Iterator[str]:
    """The lines about one market, or about what was left out."""
    if isinstance(audited, NotChecked):
        yield audited.line
        return
    report = audited.report
    yield f"{audited.where}: {report.mechanism}"
    for side in ("provider", "client"):
        found = [finding for finding in report.findings if finding.side == side]
        if found:
            exact = sum(finding.method == "exact" for finding in found)
            gaining = sum(finding.gains for finding in found)
            yield (
                f"  {side}s audited: {len(found)} ({exact} exact, {len(found) - exact} by search);"
                f" {gaining or 'none'} would gain by a misreport"
            )
        if (worst := worst_of(found)) is not None:
            yield from (f"    {line}" for line in _regret(worst))
    for check in report.checks:
        yield f"  {check.name}: {check.verdict}{f' ({check.detail})' if check.detail else ''}"
    for note in report.notes:
        yield f"  note: {note}"


def _regret(worst: Finding) -> Iterator[str]:
    bound = "" if worst.attained else ", a supremum that is not attained"
    yield f"worst regret: {worst.regret:.9g} of {worst.side} {worst.participant}{bound}"
    yield f"  the truth: {worst.truth}, and gains {worst.truthful_utility:.9g}"
    yield f"  the misreport: {worst.misreport}, and gains {worst.witness_utility:.9g}"


def write_counterexample(worst: Worst | None, file: Path) -> str:
    """Write the worst misreport of all as a problem for ``walras solve``, and say what it is.

    Raises ``BadInput`` where it cannot be written, or where some logged report is none that a
    problem may have, such as a bid below its prior.
    """
    if worst is None:
        return "no misreport gains: there is no counterexample to write"
    place, finding = worst
    problem = finding.counterexample()
    try:
        solve(problem)
        file.write_text(json.dumps(problem, indent=2) + "\n", encoding="utf-8")
    except BadInput as error:
        raise error.inside(f"the counterexample of {place}") from None
    except OSError as error:
        raise BadInput(str(file), f"cannot be written: {error.strerror}") from None
    return (
        f"counterexample in {file}: {finding.participant} {finding.misreport} and gains"
        f" {finding.witness_utility:.9g}; the truth: {finding.truth}, and gains"
        f" {finding.truthful_utility:.9g}"
    )
