"""Solving the problems in a JSON or JSON-lines file."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from market import solve
from market.errors import BadInput, WalrasError
from orchestrator.text_file import read_text


def solve_file(path: Path) -> Iterator[str]:
    """The answers to the problems of a file, each a line of JSON.

    Raises:
        WalrasError: of the kind that stopped it; the message names the file, and in a ``.jsonl``
            file the line.
    """
    text = read_text(path)
    if path.suffix == ".jsonl":
        numbered = enumerate(text.splitlines(), start=1)
        problems = [(f"{path}: line {number}", line) for number, line in numbered if line.strip()]
    else:
        problems = [(str(path), text)]
    if not problems:
        raise BadInput(str(path), "expected at least one problem, got none")
    for place, problem in problems:
        try:
            answer = solve(_parse(problem))
        except BadInput as error:
            raise error.inside(place) from None
        except WalrasError as error:
            raise type(error)(f"{place}: {error}") from None
        yield json.dumps(answer, indent=None if path.suffix == ".jsonl" else 2)


def _parse(text: str) -> Any:
    def no_constant(name: str) -> Any:
        raise BadInput("", f"expected finite numbers, got {name}")

    def no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        record = dict(pairs)
        if len(record) < len(pairs):
            names = [name for name, _ in pairs]
            twice = next(name for name in names if names.count(name) > 1)
            raise BadInput("", f"duplicate key {twice!r}")
        return record

    try:
        return json.loads(text, parse_constant=no_constant, object_pairs_hook=no_duplicates)
    except json.JSONDecodeError as error:
        raise BadInput(
            f"line {error.lineno} column {error.colno}", f"not JSON: {error.msg}"
        ) from None
    except RecursionError:
        raise BadInput("", "not a problem: nested too deeply") from None
