"""What must hold of every run, whatever the scenario: ``walras verify`` finds nothing wrong."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from orchestrator.analysis.logged_run import Rows
from orchestrator.log.tables import TABLES
from orchestrator.runs.directory import COMPARED, read_description
from orchestrator.scenario.model import Scenario
from orchestrator.verify import verify_run
from orchestrator.verify.checks import Check
from orchestrator.verify.findings import Findings
from orchestrator.verify.trial_log import TrialLog


def check_run(run: Path, *, digests: bool = True) -> None:
    """Check a finished run and those it is compared with; whether by its digests too."""
    for arm in [run, *sorted((run / COMPARED).glob("*"))]:
        assert read_description(arm).status == "complete"
        assert not list((arm / ".pending").glob("*"))
    for verdict in verify_run(run, payments="none", digests=digests):
        assert not verdict.count, "\n".join(one.line for one in verdict.findings[:20])


def check_rows(log: Mapping[str, Rows], scenario: Scenario, *checks: Check) -> None:
    """Check the rows of a finished trial by some of the checks alone."""
    tables = {table: log.get(table, []) for table in TABLES}
    trial, found = TrialLog(scenario, 0, tables), Findings(0)
    for check in checks:
        check(trial, found)
    assert not found.count, "\n".join(one.line for one in found.kept[:20])
