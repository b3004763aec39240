"""The tables of a sweep, as Parquet and as CSV: ``trials`` and ``comparison``."""

from __future__ import annotations

import io
import json
import math
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pc
import pyarrow.parquet as pq

from orchestrator.log.durable import refusals_told, write_atomically
from orchestrator.sweep.comparison import Comparison
from orchestrator.sweep.sweep import Sweep
from orchestrator.sweep.trial import Outcome

TRIALS = "trials"
COMPARISON = "comparison"

#: What is written into a sweep's directory.
TABLE_FILES = tuple(
    f"{table}.{form}" for table in (TRIALS, COMPARISON) for form in ("parquet", "csv")
)

_COMPARISON = pa.schema(
    [(name, pa.string()) for name in ("arm", "baseline", "metric", "unit", "better")]
    + [("n", pa.int64())]
    + [(name, pa.float64()) for name in ("mean", "low", "high")]
    + [("pairs", pa.int64())]
    + [
        (name, pa.float64())
        for name in (
            "difference",
            "difference_low",
            "difference_high",
            "relative_difference",
            "p_value",
            "p_holm",
        )
    ]
)


def trial_table(sweep: Sweep, outcomes: Sequence[Outcome]) -> pa.Table:
    """One row a trial, arms in order and seeds in order; a figure that is not there is null.

    What an arm sets stands in columns named ``set.KEY``: as it is where all values are of one
    simple kind, or else as JSON.
    """
    arms = {arm.name: arm for arm in sweep.arms}
    place = {name: index for index, name in enumerate(arms)}
    seeds = {seed: index for index, seed in enumerate(sweep.seeds)}
    rows = sorted(outcomes, key=lambda one: (place[one.arm], seeds[one.seed]))
    columns: dict[str, pa.Array] = {"arm": pa.array([one.arm for one in rows], pa.string())}
    for key in sweep.setting_keys:
        columns[f"set.{key}"] = _settings([arms[one.arm].settings.get(key) for one in rows])
    columns["seed"] = pa.array([one.seed for one in rows], pa.int64())
    for name in ("status", "error", "release"):
        columns[name] = pa.array([getattr(one, name) for one in rows], pa.string())
    columns["wall_s"] = pa.array([one.wall_s for one in rows], pa.float64())
    for metric in sweep.metrics:
        figures = [_known(one.figures.get(metric)) for one in rows]
        columns[metric] = pa.array(figures, pa.float64())
    return pa.table(columns)


def comparison_table(comparisons: Sequence[Comparison]) -> pa.Table:
    """One row for every metric and arm; what is NaN is null."""
    rows = [{name: _known(value) for name, value in asdict(one).items()} for one in comparisons]
    return pa.Table.from_pylist(rows, _COMPARISON)


def write_table(directory: Path, name: str, table: pa.Table) -> None:
    """Write a table in both forms.

    Raises:
        NotWritten: it cannot be.
    """
    parquet, text = io.BytesIO(), io.BytesIO()
    pq.write_table(table, parquet)
    pc.write_csv(table, text)
    for form, content in (("parquet", parquet), ("csv", text)):
        path = directory / f"{name}.{form}"
        with refusals_told(path):
            write_atomically(path, content.getvalue())


def _known(value: Any) -> Any:
    return None if isinstance(value, float) and math.isnan(value) else value


def _settings(values: Sequence[Any]) -> pa.Array:
    kinds = {type(value) for value in values if value is not None}
    if kinds <= {int, float} and all(abs(value or 0) < 2**53 for value in values):
        whole = kinds <= {int}
        return pa.array(values, pa.int64() if whole else pa.float64())
    if kinds in ({bool}, {str}):
        return pa.array(values, pa.bool_() if kinds == {bool} else pa.string())
    texts = [None if value is None else json.dumps(value, default=str) for value in values]
    return pa.array(texts, pa.string())
