"""Figure 3: what was predicted and what came, over the turns of a dialogue."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import numpy as np
import numpy.typing as npt

from benchmarks.iemas.market import DATASETS, reference_market
from benchmarks.iemas.publish import COLOURS, Publication, seeds_option, tell, write_option
from benchmarks.markdown import table
from benchmarks.predictors.accuracy import LEAST_LABELS, Pairs, accuracy_of, pairs_of
from benchmarks.predictors.report import PAPER
from benchmarks.predictors.shadowing import ACTING, SUBJECTS
from benchmarks.predictors.stream import scored_labels
from orchestrator.analysis.statistics import interval

#: The factors of the figure, with what is measured and its scale in the drawing.
SHOWN = {
    "ttft": ("time to first token, ms", 1e3),
    "cost": ("tokens charged, in output tokens", 1.0),
    "quality": ("chance of a right answer", 1.0),
}

#: By subject, by factor: the labels of every seed.
Labels = Mapping[str, Mapping[str, Sequence[Pairs]]]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class TurnMeans:
    """Means over the answers to each turn of all seeds, (turns,) each."""

    turn: npt.NDArray[np.intp]
    observed: Floats
    predicted: Floats


def labels_of(seeds: int, rounds: int) -> Labels:
    """Play the market of CoQA-shaped dialogues once for each seed."""
    found: dict[str, dict[str, list[Pairs]]] = {
        subject: {factor: [] for factor in SHOWN} for subject in SUBJECTS
    }
    for seed in range(1, seeds + 1):
        scored = scored_labels(reference_market(DATASETS["coqa"], "auction", seed, rounds=rounds))
        for subject, of_subject in found.items():
            pairs = pairs_of(scored, subject)
            for factor, listed in of_subject.items():
                listed.append(pairs[factor])
        tell(f"seed {seed}: {len(scored):,} labels")
    return found


def turn_means(seeds: Sequence[Pairs]) -> TurnMeans:
    """Of the turns that have enough labels in all seeds together."""
    turn = np.concatenate([pairs.turn for pairs in seeds])
    observed = np.concatenate([pairs.observed for pairs in seeds])
    predicted = np.concatenate([pairs.predicted for pairs in seeds])
    kept = [number for number in np.unique(turn) if (turn == number).sum() >= LEAST_LABELS]
    return TurnMeans(
        np.array(kept),
        np.array([observed[turn == number].mean() for number in kept]),
        np.array([predicted[turn == number].mean() for number in kept]),
    )


def errors_table(found: Labels) -> str:
    """NMAE of the means of turns by subject: of one market, and of all together; the paper's."""
    head = ["predictor", *(f"{factor}, {of}" for factor in SHOWN for of in ("one market", "all"))]
    rows = [[subject, *_cells(factors)] for subject, factors in found.items()]
    paper = [cell for factor in SHOWN for cell in (f"{PAPER[factor]:.3f}", "")]
    return table(head, [*rows, ["*paper*", *paper]])


def _cells(factors: Mapping[str, Sequence[Pairs]]) -> Iterator[str]:
    for factor in SHOWN:
        yield interval([accuracy_of(pairs).turns for pairs in factors[factor]]).shown(3)
        means = turn_means(factors[factor])
        off = np.abs(means.predicted - means.observed).sum() / means.observed.sum()
        yield f"{off:.3f}"


def drawing(found: Labels, figure: Any) -> None:
    """A panel for each factor: what came, and what every subject had predicted."""
    for axis, (factor, (label, scale)) in zip(
        figure.subplots(1, len(SHOWN)), SHOWN.items(), strict=True
    ):
        for colour, (subject, factors) in zip(COLOURS, found.items(), strict=False):
            means = turn_means(factors[factor])
            if subject == ACTING:
                axis.plot(means.turn, scale * means.observed, "k.", label="observed")
            style = "-" if subject == ACTING else ":"
            axis.plot(means.turn, scale * means.predicted, style, color=colour, label=subject)
        axis.set_xlabel("turn of the dialogue")
        axis.set_ylabel(label)
    axis.legend(frameon=False)


@click.command("iemas-fig-3")
@seeds_option()
@click.option("--rounds", default=240, show_default=True, type=click.IntRange(min=40))
@write_option
def command(seeds: int, rounds: int, write: Path | None) -> None:
    """Figure 3 of the IEMAS paper: predictions over the turns of a dialogue."""
    publication = Publication("fig-3", ["errors"], (11.0, 3.6))
    publication.check(write)
    found = labels_of(seeds, rounds)
    publication.publish(
        {"errors": errors_table(found)}, write, lambda figure: drawing(found, figure)
    )
