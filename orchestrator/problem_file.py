"""Solving and explaining the problems in a JSON or JSON-lines file."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

from market import explain, solve
from market.errors import BadInput, WalrasError
from market.explaining import explain_in_words
from orchestrator.reading.json_text import parse_json
from orchestrator.reading.text_file import read_text

R = TypeVar("R")


def solve_file(path: Path) -> Iterator[str]:
    """The answers to the problems of a file, each a line of JSON.

    Raises:
        WalrasError: of the kind that stopped it; the message names the file, and in a ``.jsonl``
            file the line.
    """
    return _jsons(path, solve)


def explain_file(path: Path) -> Iterator[str]:
    """Why they are answered so, each explanation in words; raises what ``solve_file`` raises."""
    for lines in _each(path, explain_in_words):
        yield "\n".join(lines)


def explain_file_as_json(path: Path) -> Iterator[str]:
    """The same as JSON, of the form that ``market.explain`` gives."""
    return _jsons(path, explain)


def _jsons(path: Path, of: Callable[[Any], dict[str, Any]]) -> Iterator[str]:
    for answer in _each(path, of):
        yield json.dumps(answer, indent=None if path.suffix == ".jsonl" else 2)


def _each(path: Path, of: Callable[[Any], R]) -> Iterator[R]:
    """What ``of`` makes of each problem; its errors name the place."""
    for place, problem in numbered_problems(path):
        try:
            yield of(parse_json(problem))
        except BadInput as error:
            raise error.inside(place) from None
        except WalrasError as error:
            raise type(error)(f"{place}: {error}") from None


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
