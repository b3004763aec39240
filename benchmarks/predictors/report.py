"""The tables of the page on prediction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from benchmarks.markdown import table
from benchmarks.predictors.accuracy import Accuracy
from benchmarks.predictors.evaluator import Evaluation
from benchmarks.predictors.shadowing import ACTING
from benchmarks.star_speed.report import Aim, aims_table

#: NMAE of the means of turns that the paper reports on CoQA (section 5.3, Fig. 3).
PAPER = {"ttft": 0.101, "cost": 0.090, "quality": 0.069}

#: Accuracies of one source: by subject, by factor, one for each seed.
Found = Mapping[str, Mapping[str, Sequence[Accuracy]]]

#: What is shown of each factor, and the heads of the columns.
_SHOWN = (
    ("ttft", "nmae", "TTFT"),
    ("ttft", "nrmse", "TTFT, RMSE"),
    ("ttft", "turns", "TTFT, turns"),
    ("cost", "nmae", "cost"),
    ("cost", "turns", "cost, turns"),
    ("cached", "nmae", "cached"),
    ("output", "nmae", "length"),
    ("output", "turns", "length, turns"),
    ("quality", "nmae", "quality"),
    ("quality", "turns", "quality, turns"),
    ("quality", "squared", "Brier"),
    ("quality", "calibration", "calibration"),
)


def errors_table(found: Found, labels: Sequence[int]) -> str:
    """A line for every subject, then what chance alone would do to the means of turns, the paper's.

    Args:
        found: the accuracies.
        labels: how many there were, for each seed.
    """
    head = ("", *(name for _, _, name in _SHOWN))
    rows = [[name, *_cells(factors)] for name, factors in found.items()]
    chance = [
        f"{_over(found[ACTING][factor], 'chance').mean():.3f}" if shown == "turns" else ""
        for factor, shown, _ in _SHOWN
    ]
    printed = [
        f"{PAPER[factor]:.3f}" if shown == "turns" and factor in PAPER else ""
        for factor, shown, _ in _SHOWN
    ]
    rows += [["*chance, of the trees*", *chance], ["*paper, CoQA*", *printed]]
    told = f"{len(labels)} markets with {min(labels):,} to {max(labels):,} labels each."
    return f"{table(head, rows)}\n\n{told}"


def _cells(factors: Mapping[str, Sequence[Accuracy]]) -> list[str]:
    cells = []
    for factor, shown, _ in _SHOWN:
        figures = _over(factors[factor], shown)
        cells.append(f"{figures.mean():.3f} ± {figures.std(ddof=1):.3f}")
    return cells


def _over(seeds: Sequence[Accuracy], name: str) -> np.ndarray:
    return np.array([getattr(one, name) for one in seeds])


def evaluator_table(evaluations: Sequence[Evaluation]) -> str:
    """A line for every number of pairs."""
    head = ("pairs", "leaves a tree", "river", "copy", "ratio", "making the copy", "largest gap")
    rows = [
        (
            f"{one.pairs:,}",
            f"{one.leaves:.1f}",
            f"{1e3 * one.river_s:,.1f} ms",
            f"{1e3 * one.flat_s:.2f} ms",
            f"{one.ratio:.0f}x",
            f"{1e3 * one.copy_s:.1f} ms",
            f"{one.largest_gap:g}",
        )
        for one in evaluations
    ]
    return table(head, rows, words=0)


def aims(found: Mapping[str, Found], evaluations: Sequence[Evaluation]) -> str:
    """The paper's figures, the published score's and the copy's speed, and whether they are met."""
    listed = []
    for source, subjects in found.items():
        for factor, wanted in PAPER.items():
            got = float(_over(subjects[ACTING][factor], "turns").mean())
            listed.append(Aim(f"{source}: {factor}, NMAE of the means of turns", got, "<=", wanted))
        brier, score = (
            float(_over(subjects[name]["quality"], "squared").mean())
            for name in (ACTING, "analytic")
        )
        listed.append(
            Aim(f"{source}: Brier score beside the published score's", brier, "<=", score)
        )
    most = max(evaluations, key=lambda one: one.pairs)
    listed.append(Aim(f"copied trees over river, {most.pairs:,} pairs", most.ratio, ">=", 50))
    listed.append(Aim("largest gap between them", most.largest_gap, "<=", 1e-12))
    return aims_table(listed)
