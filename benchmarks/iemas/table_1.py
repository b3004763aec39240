"""Table 1: hit rate, cost and TTFT of the auction and of routers, on three sets of dialogues."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np

from benchmarks.iemas.market import (
    CONSTANTS,
    DATASETS,
    OUTPUT_PRICE,
    Constants,
    Dataset,
    reference_market,
)
from benchmarks.iemas.played import Played, play
from benchmarks.iemas.printed import TABLE_1
from benchmarks.iemas.publish import Publication, data_option, seeds_option, tell, write_option
from benchmarks.markdown import table
from orchestrator.analysis.statistics import Interval, interval, paired

#: Ways to clear, ours first, with the method of the paper that each is.
METHODS: dict[str, str | None] = {
    "auction": "IEMAS",
    "random": "Random",
    "matrix_factorization": "MFRouter",
    "round_robin": None,
    "least_loaded": None,
    "cheapest": None,
    "sticky": None,
}
OURS = "auction"

#: Of a request that was asked, in thousandths of what a right answer is worth to a median client.
WELFARE = "welfare, 1/1000"

#: The figures of a method, and whether more is better.
MEASURES: dict[str, bool] = {
    "hit rate": True,
    "cost": False,
    "TTFT median, ms": False,
    "TTFT mean, ms": False,
    WELFARE: True,
}

#: What a point of the Pareto front is compared by.
FRONT = ("hit rate", "cost", WELFARE)

#: Figures by method, one for each seed.
Draws = dict[str, list[float]]


@dataclass(frozen=True)
class Panel:
    """One data set under one set of constants: the draws of every measure, by method."""

    dataset: str
    constants: str
    draws: Mapping[str, Draws]

    def means(self, method: str) -> dict[str, float]:
        """Of every measure."""
        return {name: float(np.mean(draws[method])) for name, draws in self.draws.items()}

    def lead(self, measure: str, other: str) -> Interval:
        """By how much the auction is better, paired by seed; of all comparisons of a measure."""
        ours, theirs = self.draws[measure][OURS], self.draws[measure][other]
        found = paired(ours, theirs, comparisons=len(METHODS) - 1)
        return found if MEASURES[measure] else Interval(-found.mean, found.half)

    def dominated_by(self) -> list[str]:
        """The methods that are at least as good by every measure of the front and better by one."""
        ours = self._oriented(OURS)
        return [
            method
            for method in METHODS
            if (self._oriented(method) >= ours).all() and (self._oriented(method) > ours).any()
        ]

    def _oriented(self, method: str) -> np.ndarray:
        means = self.means(method)
        return np.array([means[name] if MEASURES[name] else -means[name] for name in FRONT])


def measured(played: Played, chosen: Constants) -> dict[str, float]:
    """The figures of one run; cost in the paper's units at the public ratios of prices."""
    ttft_ms = 1e3 * played.of("ttft_s")
    ratios = (1.0, chosen.input_ratio, chosen.hit_ratio)
    prices = (OUTPUT_PRICE * ratio for ratio in ratios)
    return {
        "hit rate": played.hit_rate,
        "cost": played.price(*prices),
        "TTFT median, ms": float(np.median(ttft_ms)),
        "TTFT mean, ms": float(ttft_ms.mean()),
        WELFARE: 1e3 * played.welfare_usd / played.asked / chosen.right_answer_usd,
    }


def panel(
    dataset: Dataset, key: str, constants: str, seeds: int, folder: Path | None, rounds: int
) -> Panel:
    """Play every method on the same tapes."""
    chosen = CONSTANTS[constants]
    draws: dict[str, Draws] = {name: {} for name in MEASURES}
    for method in METHODS:
        for seed in range(1, seeds + 1):
            scenario = reference_market(
                dataset, method, seed, folder=folder, constants=constants, rounds=rounds
            )
            found = measured(play(scenario), chosen)
            for name, figure in found.items():
                draws[name].setdefault(method, []).append(figure)
    return Panel(key, constants, draws)


def panels(seeds: int, folder: Path | None, rounds: int) -> Iterator[Panel]:
    """Every data set that there is, under all constants."""
    for constants in CONSTANTS:
        for key, dataset in DATASETS.items():
            if dataset.file is not None and folder is None:
                continue
            yield panel(dataset, key, constants, seeds, folder, rounds)
            tell(f"{dataset.name}, constants {constants}: {len(METHODS)} methods, {seeds} seeds")


_DIGITS = {"hit rate": 3, "cost": 3, "TTFT median, ms": 1, "TTFT mean, ms": 1, WELFARE: 2}


def figures_table(found: Sequence[Panel]) -> str:
    """Means over seeds with their intervals, and the paper's figures beside them."""
    head = ["data", "method", *MEASURES, "paper: hit rate", "cost", "TTFT, ms"]
    rows = []
    for one in found:
        for method, name in METHODS.items():
            figures = [
                interval(one.draws[measure][method]).shown(_DIGITS[measure]) for measure in MEASURES
            ]
            printed = TABLE_1[one.dataset].get(name or "")
            beside = [f"{p}" for p in printed] if printed else ["-"] * 3
            rows.append([DATASETS[one.dataset].name, _named(method), *figures, *beside])
    return table(head, rows, words=2)


def leads_table(found: Sequence[Panel]) -> str:
    """By how much the auction leads every other method, paired; bold where it is beyond chance."""
    head = ["data", "constants", "against", *MEASURES]
    rows = []
    for one in found:
        for method in METHODS:
            if method == OURS:
                continue
            leads = [
                _lead(one.lead(measure, method), float(np.mean(one.draws[measure][method])))
                for measure in MEASURES
            ]
            rows.append([DATASETS[one.dataset].name, one.constants, _named(method), *leads])
    return table(head, rows, words=3)


def _lead(lead: Interval, base: float) -> str:
    """As a part of the other's figure, in per cent; of nothing, as it is."""
    scale = 100 / abs(base) if base else 1.0
    text = f"{scale * lead.mean:+.1f} ± {scale * lead.half:.1f}" + (" %" if base else "")
    return f"**{text}**" if lead.low > 0 or lead.high < 0 else text


def front_table(found: Sequence[Panel]) -> str:
    """Whether the auction is on the Pareto front of hit rate, cost and welfare."""
    rows = []
    for one in found:
        by = one.dominated_by()
        verdict = "dominated by " + ", ".join(map(_named, by)) if by else "on the front"
        rows.append([DATASETS[one.dataset].name, one.constants, verdict])
    return table(["data", "constants", "the auction"], rows, words=3)


def _named(method: str) -> str:
    name = METHODS[method]
    return f"{method} ({name})" if name else method


#: The generated blocks of the page.
BLOCKS: dict[str, Callable[[Sequence[Panel]], str]] = {
    "paper-constants": lambda all_: figures_table([p for p in all_ if p.constants == "paper"]),
    "walras-constants": lambda all_: figures_table([p for p in all_ if p.constants == "walras"]),
    "leads": leads_table,
    "front": front_table,
}


@click.command("iemas-table-1")
@data_option
@seeds_option(20)
@click.option("--rounds", default=120, show_default=True, help="Of arrivals in a market.")
@write_option
def command(data: Path | None, seeds: int, rounds: int, write: Path | None) -> None:
    """Table 1 of the IEMAS paper: hit rate, cost and TTFT by method and data set."""
    publication = Publication("table-1", BLOCKS, None)
    publication.check(write)
    found = list(panels(seeds, data, rounds))
    publication.publish({name: block(found) for name, block in BLOCKS.items()}, write)
