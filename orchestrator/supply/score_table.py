"""Scores of models on queries: a CSV table with a line for each query, a column for each model.

The shape is that of LLMRouter's table: ``split,idx,task,metric,question_chars,question_sha1``,
then the names of the models; scores are in [0, 1].
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from agents.served_model import is_model_name
from market.errors import BadInput
from market.fields import DECIMAL, shown
from orchestrator.reading.csv_text import csv_rows
from orchestrator.supply.model_key import model_key

COLUMNS = ["split", "idx", "task", "metric", "question_chars", "question_sha1"]
TASK = COLUMNS.index("task")


@dataclass(frozen=True)
class ScoreTable:
    """The scores of ``models``, in their order, on every query of each task."""

    models: tuple[str, ...]
    scores: dict[str, list[tuple[float, ...]]]

    def by_model(self, tasks: Sequence[str]) -> dict[str, tuple[float, ...]]:
        """Each model's scores on all queries of some tasks, in the order of these and the table."""
        queries = [query for task in tasks for query in self.scores[task]]
        return dict(zip(self.models, zip(*queries, strict=True), strict=True))


def read_scores(path: Path) -> ScoreTable:
    """The table of a file, which is read a line at a time.

    Raises:
        BadInput: names the file, the line and the column of the first malformed field.
    """
    rows = csv_rows(path)
    place, header = next(rows, (f"{path}: line 1", []))
    models = _read_header(header, place)
    scores: dict[str, list[tuple[float, ...]]] = {}
    for place, row in rows:
        task, query = _read_row(row, models, place)
        scores.setdefault(task, []).append(query)
    if not scores:
        raise BadInput(str(path), "expected at least one query below the header, got none")
    return ScoreTable(models, scores)


def _read_header(header: list[str], place: str) -> tuple[str, ...]:
    known, models = header[: len(COLUMNS)], header[len(COLUMNS) :]
    if known != COLUMNS or not models:
        expected = ",".join(COLUMNS)
        problem = f"expected {expected} and a column for each model, got {shown(','.join(header))}"
        raise BadInput(place, problem)
    first: dict[tuple[str, ...], str] = {}
    for model in models:
        key = model_key(model)
        if not key or not is_model_name(model):
            raise BadInput(place, f"expected the name of a model, got {shown(model)}")
        if key in first:
            raise BadInput(place, f"{shown(model)} is the model of column {shown(first[key])}")
        first[key] = model
    return tuple(models)


def _read_row(row: list[str], models: tuple[str, ...], place: str) -> tuple[str, tuple[float, ...]]:
    expected = len(COLUMNS) + len(models)
    if len(row) != expected:
        got = shown(",".join(row))
        raise BadInput(place, f"expected {expected} fields, got {len(row)}: {got}")
    if not row[TASK]:
        raise BadInput(f"{place}: task", "expected a name, got ''")
    fields = zip(models, row[len(COLUMNS) :], strict=True)
    return row[TASK], tuple(_score(text, f"{place}: {model}") for model, text in fields)


def _score(text: str, place: str) -> float:
    if DECIMAL.fullmatch(text) and 0.0 <= float(text) <= 1.0:
        return float(text)
    raise BadInput(place, f"expected a number from 0 to 1, got {shown(text)}")
