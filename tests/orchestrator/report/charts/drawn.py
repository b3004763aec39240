"""What a chart shows, for tests to compare."""

from typing import Any

import numpy as np
import numpy.typing as npt

from orchestrator.log import read_table
from orchestrator.report.arms import Arm
from orchestrator.report.charts import Chart


def lines(chart: Chart) -> dict[str, npt.NDArray[np.float64]]:
    """The y of every line or upright bar, by name."""
    return {trace.name: np.array(trace.y, dtype=float) for trace in chart.figure.data}


def rows(arm: Arm, table: str, **equal: Any) -> list[dict[str, Any]]:
    """The rows of the log in which every named column has the given value."""
    found = read_table(arm.path, table).to_pylist()
    return [row for row in found if all(row[key] == value for key, value in equal.items())]


def cells(chart: Chart) -> dict[str, tuple[str, ...]]:
    """The table's rows by their first cell."""
    return {row[0]: row[1:] for row in chart.table.rows}
