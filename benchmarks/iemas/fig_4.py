"""Figure 4: welfare as dialogue turns are answered, the auction beside the routers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import numpy as np
import numpy.typing as npt

from benchmarks.iemas.market import DATASETS, reference_market
from benchmarks.iemas.played import play
from benchmarks.iemas.publish import (
    COLOURS,
    Publication,
    data_option,
    seeds_option,
    tell,
    write_option,
)
from benchmarks.iemas.table_1 import METHODS, OURS
from benchmarks.markdown import table
from orchestrator.analysis.statistics import Interval, interval, paired

#: The paper shows so many turns.
TURNS = 160

Curves = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Growth:
    """(seeds, turns) cumulative welfare by method, USD, on one data set."""

    dataset: str
    curves: dict[str, Curves]

    def final(self, method: str) -> list[float]:
        """Of every seed."""
        found: list[float] = self.curves[method][:, -1].tolist()
        return found

    def lead(self, method: str) -> Interval:
        """Of the auction at the last turn, paired; all comparisons hold at once."""
        return paired(self.final(OURS), self.final(method), comparisons=len(METHODS) - 1)

    def ahead_from(self, method: str) -> int | None:
        """The turn from which on the auction's mean is ahead to the end; None if never."""
        gap = self.curves[OURS].mean(axis=0) - self.curves[method].mean(axis=0)
        behind = np.flatnonzero(gap <= 0)
        first = int(behind[-1]) + 1 if len(behind) else 0
        return first + 1 if first < gap.size else None


def grown(key: str, seeds: int, folder: Path | None, turns: int) -> Growth:
    """Play every method on the same tapes, and add up welfare in order of the answers."""
    curves = {}
    for method in METHODS:
        by_seed = []
        for seed in range(1, seeds + 1):
            scenario = reference_market(
                DATASETS[key], method, seed, folder=folder, rounds=max(12, turns // 2)
            )
            welfare = play(scenario).of("welfare_usd")
            if len(welfare) < turns:
                raise click.ClickException(f"{len(welfare)} turns were answered, not {turns}")
            by_seed.append(np.cumsum(welfare[:turns]))
        curves[method] = np.array(by_seed)
    return Growth(key, curves)


def welfare_table(found: Sequence[Growth]) -> str:
    """Welfare at the last turn, and the auction's lead."""
    head = ["data", "method", "welfare, USD", "the auction's lead", "ahead from turn"]
    rows = []
    for one in found:
        for method, name in METHODS.items():
            welfare = interval(one.final(method)).shown(0)
            lead, since = "-", "-"
            if method != OURS:
                ahead = one.lead(method)
                lead = ahead.shown(0)
                lead = f"**{lead}**" if ahead.low > 0 or ahead.high < 0 else lead
                since = str(one.ahead_from(method) or "never")
            shown = f"{method} ({name})" if name else method
            rows.append([DATASETS[one.dataset].name, shown, welfare, lead, since])
    return table(head, rows, words=2)


def drawing(found: Sequence[Growth], figure: Any) -> None:
    """Leads of the auction over every router, turn by turn: the curves themselves lie close."""
    axes = figure.subplots(1, len(found), squeeze=False)[0]
    for axis, one in zip(axes, found, strict=True):
        ours = one.curves[OURS]
        turns = np.arange(1, ours.shape[1] + 1)
        for colour, method in zip(COLOURS, (m for m in METHODS if m != OURS), strict=False):
            gaps = ours - one.curves[method]
            mean = gaps.mean(axis=0)
            half = np.array([interval(gaps[:, turn].tolist()).half for turn in range(len(turns))])
            axis.plot(turns, mean, color=colour, label=method)
            axis.fill_between(turns, mean - half, mean + half, color=colour, alpha=0.12)
        axis.axhline(0.0, color="black", linewidth=0.8)
        axis.set_title(DATASETS[one.dataset].name)
        axis.set_xlabel("dialogue turns answered")
    axes[0].set_ylabel("the auction's welfare less the router's, USD")
    axes[0].legend(frameon=False)


@click.command("iemas-fig-4")
@data_option
@seeds_option(20)
@click.option("--turns", default=TURNS, show_default=True, type=click.IntRange(min=2))
@write_option
def command(data: Path | None, seeds: int, turns: int, write: Path | None) -> None:
    """Figure 4 of the IEMAS paper: cumulative welfare over dialogue turns."""
    publication = Publication("fig-4", ["welfare"], (10.0, 3.8))
    publication.check(write)
    found = []
    for key in ("coqa", "quac"):
        if DATASETS[key].file is None or data is not None:
            found.append(grown(key, seeds, data, turns))
            tell(f"{DATASETS[key].name}: {len(METHODS)} methods, {seeds} seeds")
    publication.publish(
        {"welfare": welfare_table(found)}, write, lambda figure: drawing(found, figure)
    )
