"""The section that sets runs against the first one, with intervals and tests."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from orchestrator.analysis.statistics import ALPHA
from orchestrator.report.arms import Arm
from orchestrator.report.chart_markup import chart_figure
from orchestrator.report.comparison import ByTrial, Compared, NoPairs, Pairs, compare, pairs_of
from orchestrator.report.figure_text import NONE, difference_texts, figure_text, p_text, row_head
from orchestrator.report.forest_plot import forest_plot
from orchestrator.report.markup import Row, listed, paragraph, table

HEADS = ("difference", "95 % interval", "relative", "p", "p, Holm", "")


def comparison_section(arms: Sequence[Arm], by_trial: Sequence[ByTrial]) -> str:
    """A table a run and a plot of all, or why the runs cannot be paired."""
    pairs = pairs_of(arms, by_trial)
    if isinstance(pairs, NoPairs):
        why = "The runs stand side by side, without paired differences, intervals or tests:"
        return paragraph(why, "notice") + listed(pairs.reasons)
    compared = compare(pairs)
    if not compared:
        return paragraph("The logs have nothing in common that could be compared.")
    tables = [
        _table(arms[0], arm, [one for one in compared if one.arm == position])
        for position, arm in enumerate(arms)
        if position
    ]
    told = "".join(map(paragraph, _words(arms[0], pairs, compared)))
    return told + chart_figure(forest_plot(arms, compared)) + "".join(tables)


def _words(first: Arm, pairs: Pairs, compared: Sequence[Compared]) -> Iterator[str]:
    blocks = pairs.blocks
    if blocks is None:
        count = max(one.test.pairs for one in compared)
        yield (
            f"Everything is compared with {first.label}. A pair is a trial: the same seed and "
            f"demand in both runs, {count:,} trials, which are independent draws of the market."
        )
    else:
        trials = f" in each of {blocks.trials:,} trials" if blocks.trials > 1 else ""
        rounds = f"{blocks.width:,} rounds" if blocks.width > 1 else "one round"
        left = first.demand_rounds - blocks.count * blocks.width
        rest = f"; the rounds of demand behind them, {left:,}, are in none" if left else ""
        yield (
            f"Everything is compared with {first.label}. A pair is a block of rounds, the same in "
            f"both runs: {blocks.count:,} blocks of {rounds}{trials}{rest}. What was asked in a "
            "block counts there, whenever it ended. Figures are means over blocks, each of which "
            "counts the same: a share here need not be that of the whole run."
        )
        yield (
            "Blocks of one trial are not independent draws of the market: they share its "
            "providers, its caches and what its hubs have learned, and it starts empty. The "
            "intervals tell how much the difference scatters within this trial. For what holds of "
            "markets like it, run at least five trials."
        )
    tests = sum(not math.isnan(one.test.p_value) for one in compared)
    yield (
        "Intervals are Student's, p-values of the two-sided paired t-test. The adjusted ones are "
        f"corrected by Holm for all {tests:,} tests here; “better” and “worse” is what "
        f"stays below {ALPHA:g} after that, “unclear” what does not."
    )


def _table(first: Arm, arm: Arm, compared: Sequence[Compared]) -> str:
    caption = f"{arm.head} against {first.head}"
    heads = ["", first.label, arm.label, *HEADS]
    return table(caption, heads, map(_row, compared), "compared")


def _row(one: Compared) -> Row:
    unit, found = one.metric.unit, one.test.difference
    cells = (
        figure_text(one.first_mean, unit),
        figure_text(one.mean, unit),
        *difference_texts(found.mean, found.half, unit),
        _relative(one),
        p_text(one.test.p_value),
        p_text(one.adjusted),
        verdict(one),
    )
    return Row(row_head(one.metric), cells)


def _relative(one: Compared) -> str:
    if math.isnan(one.relative):
        return NONE
    return f"{one.relative:+,.1%}" if one.relative else "0%"


def verdict(one: Compared) -> str:
    """What the test says, in a word or two."""
    if one.identical:
        return "the same"
    if not one.told_apart:
        return "unclear"
    if one.metric.better is None:
        return "differs"
    rose = one.test.difference.mean > 0
    return "better" if rose == (one.metric.better == "higher") else "worse"
