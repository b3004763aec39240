"""What ``walras verify`` prints."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console

from orchestrator.progress import Shown
from orchestrator.verify.verify import Verdict, verify_run

#: So many findings are listed at most.
MOST_LISTED = 20


class VerifyProgress(Shown):
    """Says now and then on stderr what is checked; a terminal shows it all the time."""

    def __init__(self, console: Console, run: Path):
        self._run = run
        self._status = console.status(f"verifying {run}")
        super().__init__(console, self._status)

    def show(self, what: str) -> None:
        """Show what is checked now."""
        if self._console.is_terminal:
            self._status.update(f"verifying {self._run}: {what}")
        elif self._is_due():
            self._say(f"verifying: {what}")


def verified(run: Path, payments: str, progress: VerifyProgress) -> Iterator[Verdict]:
    """The verdicts on a run and on those it is compared with; raises what ``verify_run`` does."""
    yield from verify_run(run, payments=payments, told=progress.show)


def described(verdict: Verdict, *, quiet: bool, most: int = MOST_LISTED) -> Iterator[str]:
    """The lines about one run, the first bad row before all else."""
    if verdict.count:
        listed = verdict.findings[:most]
        yield f"{verdict.run}: {listed[0].line}"
        if not quiet:
            for finding in listed[1:]:
                yield f"  {finding.line}"
            if verdict.count > len(listed):
                yield f"  and {verdict.count - len(listed)} more"
    if not quiet:
        yield from (f"  {line}" for line in verdict.coverage.lines)
    wrong = f"{verdict.count} findings" if verdict.count != 1 else "1 finding"
    yield f"{verdict.run}: {'does not hold: ' + wrong if verdict.count else 'holds'}"


def as_json(verdict: Verdict, most: int = MOST_LISTED) -> str:
    """One line of JSON about one run."""
    return json.dumps(verdict.as_dict(most))
