"""What is reproduced and what is not."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from agents.electricity import Electricity
from benchmarks.markdown import table
from benchmarks.star_table_1.band import (
    Range,
    Reading,
    nearest_row,
    nearest_table,
    ranges,
    reaching,
    readings,
)
from benchmarks.star_table_1.figures import amount, per_cent
from benchmarks.star_table_1.printed import COLUMNS, PAYMENTS, PRINTED_TRIALS, REDUCTIONS, TABLE_1
from benchmarks.star_table_1.settings import DEFAULT
from benchmarks.star_table_1.study import Study
from orchestrator.demand.paper_workflows import PAPER_WORKFLOWS

Rows = Mapping[str, Sequence[Reading]]


def all_readings(study: Study) -> Rows:
    """Every row of the table under every setting."""
    return {workflow: readings(study, workflow) for workflow in TABLE_1}


def core_of(rows: Sequence[Reading]) -> Sequence[Reading]:
    """The settings whose contexts have the tables' sizes and that pay STAR on q."""
    return [row for row in rows if row.is_core]


def band(rows: Rows) -> str:
    """Every printed figure beside its range and its nearest setting."""
    head = ["", "figure", "nearest setting", "paper", "lowest", "highest", "nearest", "away"]
    cells = [
        [
            one.workflow,
            one.column,
            one.setting.words,
            *(
                amount(one.column, figure)
                for figure in (one.printed, one.lowest, one.highest, one.nearest)
            ),
            _away(one),
        ]
        for one in _all_ranges(rows)
    ]
    return table(head, cells, words=3)


def unreached(rows: Rows) -> str:
    """The printed figures that no setting reaches, one by one."""
    lines = []
    for one in _all_ranges(rows):
        if not one.reached:
            printed, low, high, nearest = (
                amount(one.column, figure)
                for figure in (one.printed, one.lowest, one.highest, one.nearest)
            )
            lines.append(
                f"- {one.workflow}, {one.column}: {printed} is printed; the settings give {low} to"
                f" {high}, the nearest is {nearest} ({one.setting.words}), and none is less than"
                f" {one.distance:.2f} standard errors away."
            )
    reached = len(TABLE_1) * len(COLUMNS) - len(lines)
    total = (
        f"{reached} of {len(TABLE_1) * len(COLUMNS)} printed figures are reached by some setting"
    )
    return "\n".join([f"{total}{'; these are not:' if lines else '.'}", "", *lines]).strip()


def whole_rows(rows: Rows) -> str:
    """For every row the setting nearest to its payments, and how many settings reach all of it."""
    cells = []
    for workflow, found in rows.items():
        core = core_of(found)
        counts = f"{len(reaching(workflow, found))} of {len(found):,}"
        core_counts = f"{len(reaching(workflow, core))} of {len(core):,}"
        printed = TABLE_1[workflow].figures.items()
        cells.append(
            [workflow, "paper", *(amount(*figure) for figure in printed), core_counts, counts]
        )
        for name, candidates in (("core", core), ("all", found)):
            best = nearest_row(workflow, candidates)
            figures = zip(COLUMNS, best.values, strict=True)
            cells.append(
                ["", f"{name}: {best.setting.words}", *(amount(*one) for one in figures), "", ""]
            )
    head = ["", "nearest in payments", *COLUMNS, "core settings that reach all", "of all settings"]
    return table(head, cells, words=2)


def together(rows: Rows) -> str:
    """The one setting nearest to all eight printed reductions."""
    cells = []
    for name, candidates in (
        ("core", _core(rows)),
        ("all", rows),
    ):
        best, difference = nearest_table(candidates)
        for position, column in enumerate(REDUCTIONS):
            figures = [row.values[len(PAYMENTS) + position] for row in best.values()]
            words = f"{name}: {best['S1'].setting.words}"
            rms = f"{difference:.1f} points"
            lead = ["", column, ""] if position else [words, column, rms]
            cells.append([*lead[:2], *map(per_cent, figures), lead[2]])
    printed = [
        ["" if position else "the paper", column]
        + [per_cent(row.reductions[position]) for row in TABLE_1.values()]
        + [""]
        for position, column in enumerate(REDUCTIONS)
    ]
    head = ["setting", "STAR", *TABLE_1, "root mean square difference"]
    return table(head, [*printed, *cells], words=2)


def percentages() -> str:
    """The printed percentages beside those that follow from the printed means."""
    cells = []
    for workflow, row in TABLE_1.items():
        pairs = zip(row.reductions, row.recomputed, strict=True)
        cells.append([workflow, *(f"{one:.1f} % / {two:.2f} %" for one, two in pairs)])
    return table(["printed / from the means", *REDUCTIONS], cells)


def easy_nodes() -> str:
    """How much needs no more than the lowest tier."""
    cells = []
    for workflow, make in PAPER_WORKFLOWS.items():
        nodes = make().nodes
        easy = [node for node in nodes if node.difficulty == 1]
        share = sum(node.output_tokens for node in easy) / sum(one.output_tokens for one in nodes)
        cells.append(
            [
                workflow,
                f"{len(easy)} of {len(nodes)}",
                f"{len(easy) / len(nodes):.0%}",
                f"{share:.0%}",
            ]
        )
    return table(["difficulty 1", "nodes", "share", "of all output tokens"], cells)


def spreads(rows: Rows) -> str:
    """Standard deviations over means."""
    factor = Electricity()
    floor = factor.beta / 2 / math.sqrt(2) / (1 + factor.beta / 2)
    cells = []
    for workflow, printed in TABLE_1.items():
        (default,) = (row for row in rows[workflow] if row.setting == DEFAULT)
        for position, column in enumerate(PAYMENTS):
            ratios = [
                row.figures[position].deviation / row.values[position] for row in rows[workflow]
            ]
            figure = default.figures[position]
            own = figure.deviation / figure.mean
            shares = (
                printed.spreads[position] / printed.means[position],
                own,
                own / math.sqrt(PRINTED_TRIALS),
                min(ratios),
            )
            cells.append(["" if position else workflow, column, *(f"{one:.1%}" for one in shares)])
    head = ["", "", "printed ± / mean", "ours, deviation / mean", "as an error of 50 trials"]
    lines = table([*head, "least of all settings"], cells, words=2)
    return f"{lines}\n\nThe electricity factor alone: {floor:.1%}."


def homogeneous_ratios(rows: Rows) -> str:
    """The homogeneous payments of all rows over that of S3."""
    column = PAYMENTS.index("Homogeneous")
    base = {row.setting: row.values[column] for row in rows["S3"]}
    printed = {workflow: row.means[column] for workflow, row in TABLE_1.items()}
    cells = []
    for workflow in TABLE_1:
        ratios = [
            row.values[column] / base[replace(row.setting, cycles=DEFAULT.cycles)]
            for row in rows[workflow]
        ]
        found = (printed[workflow] / printed["S3"], min(ratios), max(ratios))
        cells.append([workflow, *(f"{one:.2f}" for one in found)])
    return table(["homogeneous payment over that of S3", "paper", "lowest", "highest"], cells)


def _core(rows: Rows) -> Rows:
    return {workflow: core_of(found) for workflow, found in rows.items()}


def _all_ranges(rows: Rows) -> list[Range]:
    return [one for workflow, found in rows.items() for one in ranges(workflow, found).values()]


def _away(one: Range) -> str:
    return f"{one.distance:.2f}" if one.reached else f"**{one.distance:.2f}**"


#: The generated blocks that set ours against the paper's, by name.
JUDGED: Mapping[str, Callable[[Rows], str]] = {
    "band-core": lambda rows: band(_core(rows)),
    "band-all": band,
    "unreached-core": lambda rows: unreached(_core(rows)),
    "unreached-all": unreached,
    "rows": whole_rows,
    "together": together,
    "percentages": lambda _: percentages(),
    "easy-nodes": lambda _: easy_nodes(),
    "spreads": spreads,
    "homogeneous": homogeneous_ratios,
}
