"""A run told for scripts: one JSON object a line on stdout, each with the ``event`` that it is.

The fields are listed in docs/command-line.md.
"""

from __future__ import annotations

import json
import math
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from market.errors import WalrasError
from orchestrator.cli.errors import BAD_INPUT, INTERRUPTED
from orchestrator.cli.pace import Pace

if TYPE_CHECKING:
    from orchestrator.analysis.summary import RunSummary
    from orchestrator.runs.advance import Advance
    from orchestrator.runs.run import Footprint, Plan
    from orchestrator.scenario.model import Scenario

#: Progress is told at most so often.
PROGRESS_EVERY_S = 1.0


class JsonLines:
    """Tells of a run in events."""

    def plan(
        self, name: str, scenario: Scenario, plan: Plan, directory: Path, stands: str | None
    ) -> None:
        """What will run."""
        _say(
            "plan",
            run=str(directory),
            scenario=name,
            stands=stands,
            seed=scenario.seed,
            trials=scenario.trials,
            rounds=scenario.rounds,
            round_s=scenario.round_s,
            providers=plan.providers,
            hubs=scenario.hubs.count,
            mechanism=scenario.hubs.mechanism,
            compare=list(scenario.compare),
            requests=plan.turns,
            workflows=plan.workflows,
            seconds=plan.seconds,
        )

    @contextmanager
    def progress(self, rounds: int) -> Iterator[JsonProgress]:
        """What tells of its ``rounds``."""
        yield JsonProgress(rounds)

    def result(
        self, directory: Path, scenario: Scenario, seconds: float, footprint: Footprint
    ) -> None:
        """The summary of a run, and what it took."""
        _say(
            "result",
            run=str(directory),
            seconds=seconds,
            processes=footprint.processes,
            peak_bytes=footprint.peak_bytes,
            summaries=summaries(directory, scenario),
        )

    def complete(self, directory: Path, scenario: Scenario) -> None:
        """The summary of a run of which nothing was left to do."""
        _say(
            "result",
            run=str(directory),
            seconds=None,
            processes=None,
            peak_bytes=None,
            summaries=summaries(directory, scenario),
        )

    def failed(self, message: str, status: int) -> None:
        """Why a command ends early; the line on stderr says so too."""
        _say("error", message=message, exit_status=status)

    @contextmanager
    def errors(self) -> Iterator[None]:
        """Tells of errors that ``one_line_errors`` will make a line of."""
        try:
            yield
        except WalrasError as error:
            self.failed(str(error), BAD_INPUT)
            raise
        except KeyboardInterrupt:
            self.failed("interrupted; nothing was written", INTERRUPTED)
            raise


class JsonProgress:
    """Tells of the rounds of a run, ``rounds`` in all."""

    def __init__(self, rounds: int):
        self._rounds = rounds
        self._pace = Pace(rounds)
        self._last_told = -math.inf

    def show(self, advance: Advance) -> None:
        """Tell how far the run has come, unless that was told just now."""
        now = time.monotonic()
        self._pace.note(advance, now)
        if now - self._last_told < PROGRESS_EVERY_S:
            return
        self._last_told = now
        tally = asdict(advance.tally)
        del tally["reported_welfare_nano"]
        _say(
            "progress",
            stage=advance.stage,
            rounds_done=advance.rounds,
            rounds=self._rounds,
            rounds_per_s=self._pace.rounds_per_s,
            seconds_left=self._pace.left_s,
            reported_welfare_usd=advance.tally.reported_welfare_usd,
            **tally,
        )

    def tell(self, line: str) -> None:
        """Say what a person should know, on stderr."""
        print(f"walras: {line}", file=sys.stderr)


def summaries(directory: Path, scenario: Scenario) -> dict[str, Any]:
    """The summary of every mechanism that a run is of, by its name; None for what is undefined."""
    from orchestrator.analysis.summary import summarize
    from orchestrator.runs.run import arms

    return {
        arm.hubs.mechanism: _summary(summarize(run))
        for run, arm in arms(scenario, directory).items()
    }


def _summary(summary: RunSummary) -> dict[str, Any]:
    said = {**asdict(summary), "provider_profit_usd": summary.provider_profit_usd}
    for market in ("chat", "workflows"):
        said[market]["asked"] = getattr(summary, market).asked
    return said


def _say(event: str, **said: Any) -> None:
    click.echo(json.dumps({"event": event, **_defined(said)}, allow_nan=False))


def _defined(value: Any) -> Any:
    """The same with None for what is no finite number: JSON has no other word for it."""
    if isinstance(value, dict):
        return {key: _defined(item) for key, item in value.items()}
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
