"""What tests of the command share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from click.testing import Result

from orchestrator.records import RoundRecord
from orchestrator.trial import Trial


def assert_one_line_error(result: Result, *parts: str) -> None:
    assert result.exit_code == 2, result.output
    assert result.stdout == ""
    (line,) = result.stderr.splitlines()
    assert line.startswith("walras: ")
    for part in parts:
        assert part in line


def interrupt_after_two_rounds(patch: pytest.MonkeyPatch) -> None:
    rounds = Trial.rounds

    def interrupted(trial: Trial) -> Iterator[RoundRecord]:
        for record in rounds(trial):
            if record.number == 3:
                raise KeyboardInterrupt
            yield record

    patch.setattr(Trial, "rounds", interrupted)
