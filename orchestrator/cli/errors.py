"""Errors of ours as one line and an exit status."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import ParamSpec, TypeVar

import click

from market.errors import WalrasError

P = ParamSpec("P")
R = TypeVar("R")

FAILED = 1
BAD_INPUT = 2
INTERRUPTED = 130


def one_line_errors(command: Callable[P, R]) -> Callable[P, R]:
    """Errors of ours become one line on stderr and exit status 2, requests to end 130."""

    @wraps(command)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            with _terminable():
                return command(*args, **kwargs)
        except WalrasError as error:
            click.echo(f"walras: {error}", err=True)
            sys.exit(BAD_INPUT)
        except KeyboardInterrupt:
            click.echo("walras: interrupted; nothing was written", err=True)
            sys.exit(INTERRUPTED)

    return wrapped


@contextmanager
def _terminable() -> Iterator[None]:
    """A request to terminate does what Ctrl-C does."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
