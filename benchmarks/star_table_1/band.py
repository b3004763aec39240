"""The printed figures beside the range that the settings reach."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from benchmarks.star_table_1.bootstrap import Mean, reduction
from benchmarks.star_table_1.printed import PRINTED_TRIALS, REDUCTIONS, TABLE_1
from benchmarks.star_table_1.settings import DEFAULT, Setting
from benchmarks.star_table_1.study import Study, all_settings

#: A setting reaches a printed figure that is no further from its own than this many standard
#: errors of a mean over the paper's 50 trials.
REACH = 2.0


@dataclass(frozen=True)
class Reading:
    """A row of the table under one setting; figures by ``COLUMNS``."""

    setting: Setting
    figures: tuple[Mean, ...]

    @property
    def values(self) -> tuple[float, ...]:
        """The means and reductions."""
        return tuple(figure.mean for figure in self.figures)

    def distances(self, workflow: str) -> tuple[float, ...]:
        """How far each figure is from the printed one, in standard errors of 50 trials."""
        return tuple(
            abs(figure.mean - printed)
            / math.hypot(figure.deviation / math.sqrt(PRINTED_TRIALS), figure.error)
            for figure, printed in zip(
                self.figures, TABLE_1[workflow].figures.values(), strict=True
            )
        )

    @property
    def is_core(self) -> bool:
        """Whether contexts have the sizes of tables 3-6 and STAR pays for what it prices."""
        plain = (DEFAULT.transfer, DEFAULT.workload)
        return (self.setting.transfer, self.setting.workload) == plain


@dataclass(frozen=True)
class Range:
    """What some settings make of one printed figure, and the setting whose own is nearest.

    ``distance`` is the least of all settings, in standard errors of a mean over 50 trials.
    """

    workflow: str
    column: str
    printed: float
    lowest: float
    highest: float
    nearest: float
    setting: Setting
    distance: float

    @property
    def reached(self) -> bool:
        """Whether some setting is within ``REACH``."""
        return self.distance <= REACH


def readings(study: Study, workflow: str) -> Sequence[Reading]:
    """The row under every setting."""
    rows = []
    for setting in all_settings(workflow):
        star, myopic, homogeneous = study.payments(workflow, setting)
        figures = (
            *map(Mean.of, (star, myopic, homogeneous)),
            reduction(star, myopic),
            reduction(star, homogeneous),
        )
        rows.append(Reading(setting, figures))
    return rows


def ranges(workflow: str, rows: Sequence[Reading]) -> Mapping[str, Range]:
    """Every figure of a printed row beside its range over ``rows``, by column."""
    found = {}
    for position, (column, printed) in enumerate(TABLE_1[workflow].figures.items()):
        values = [row.values[position] for row in rows]
        best = min(range(len(rows)), key=lambda row: abs(values[row] - printed))
        found[column] = Range(
            workflow=workflow,
            column=column,
            printed=printed,
            lowest=min(values),
            highest=max(values),
            nearest=values[best],
            setting=rows[best].setting,
            distance=min(row.distances(workflow)[position] for row in rows),
        )
    return found


def nearest_row(workflow: str, rows: Sequence[Reading]) -> Reading:
    """The setting whose three mean payments are nearest to the printed ones.

    Nearest is the least sum of squares of the logarithms of ours over theirs.
    """
    printed = np.log(TABLE_1[workflow].means)
    return min(rows, key=lambda row: float(((np.log(row.values[:3]) - printed) ** 2).sum()))


def reaching(workflow: str, rows: Sequence[Reading]) -> Sequence[Reading]:
    """The settings that reach all five figures of a printed row at once."""
    return [row for row in rows if max(row.distances(workflow)) <= REACH]


def nearest_table(rows: Mapping[str, Sequence[Reading]]) -> tuple[Mapping[str, Reading], float]:
    """One setting for all rows that is nearest to the eight printed reductions.

    Returns the rows under it and the root mean square difference in percentage points. S1 may
    have its own number of cycles.
    """
    found: dict[Setting, dict[str, Reading]] = {}
    for workflow, candidates in rows.items():
        for row in candidates:
            plain = replace(row.setting, cycles=DEFAULT.cycles)
            kept = found.setdefault(plain, {}).get(workflow)
            if kept is None or _squares(workflow, row) < _squares(workflow, kept):
                found[plain][workflow] = row
    total = {
        plain: sum(_squares(workflow, row) for workflow, row in table.items())
        for plain, table in found.items()
    }
    best = min(total, key=lambda plain: total[plain])
    return found[best], math.sqrt(total[best] / (len(REDUCTIONS) * len(TABLE_1)))


def _squares(workflow: str, row: Reading) -> float:
    printed = TABLE_1[workflow].reductions
    return sum(
        (ours - theirs) ** 2
        for ours, theirs in zip(row.values[-len(printed) :], printed, strict=True)
    )
