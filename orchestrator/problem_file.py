"""Solving the problems in a JSON or JSON-lines file."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from market import solve
from market.errors import BadInput, WalrasError
from orchestrator.reading.json_text import parse_json
from orchestrator.reading.text_file import read_text


def solve_file(path: Path) -> Iterator[str]:
    """The answers to the problems of a file, each a line of JSON.

    Raises:
        WalrasError: of the kind that stopped it; the message names the file, and in a ``.jsonl``
            file the line.
    """
    for place, problem in numbered_problems(path):
        try:
            answer = solve(parse_json(problem))
        except BadInput as error:
            raise error.inside(place) from None
        except WalrasError as error:
            raise type(error)(f"{place}: {error}") from None
        yield json.dumps(answer, indent=None if path.suffix == ".jsonl" else 2)


def numbered_problems(path: Path) -> list[tuple[str, str]]:
    """The texts of a file's problems, each with its place; in a ``.jsonl`` file one a line.

    Raises ``BadInput`` where there is none.
    """
    text = read_text(path)
    if path.suffix != ".jsonl":
        return [(str(path), text)]
    numbered = enumerate(text.split("\n"), start=1)
    problems = [(f"{path}: line {number}", line) for number, line in numbered if line.strip()]
    if not problems:
        raise BadInput(str(path), "expected at least one problem, got none")
    return problems
