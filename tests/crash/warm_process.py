"""A process that has imported everything and forks a command whenever it is asked to.

A command starts in milliseconds then, so that many can be killed in little time.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Warm:
    """The process; every command is the leader of a group of its own."""

    asked: IO[str]
    answers: IO[str]

    def start(self, output: Path, *arguments: str | Path) -> int:
        """Start ``walras ARGUMENTS``; returns its process group."""
        print(output, *arguments, sep="\0", file=self.asked, flush=True)
        return int(self.answers.readline())

    def wait(self) -> int:
        """The exit status of the command, negative where a signal ended it."""
        print("", file=self.asked, flush=True)
        return int(self.answers.readline())


@contextmanager
def warm_process() -> Iterator[Warm]:
    """A warm process, gone when the block ends."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.crash.warm_process"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        yield Warm(process.stdin, process.stdout)


def _serve() -> None:
    from orchestrator.cli import main
    from orchestrator.cli.announce import announce_plan  # noqa: F401  all that a command imports
    from orchestrator.runs.run import plan  # noqa: F401

    for line in sys.stdin:
        output, *arguments = line.rstrip("\n").split("\0")
        child = os.fork()
        if not child:
            os.setsid()
            with open(output, "ab", buffering=0) as file:
                os.dup2(file.fileno(), 1)
                os.dup2(file.fileno(), 2)
            status = 1
            try:
                main(arguments, standalone_mode=False)
                status = 0
            except SystemExit as end:
                status = int(end.code or 0)
            finally:
                sys.stdout.flush()
                sys.stderr.flush()
                os._exit(status)
        print(child, flush=True)
        sys.stdin.readline()
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


if __name__ == "__main__":
    _serve()
