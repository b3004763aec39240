"""Aims, with what became of them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, NamedTuple

from benchmarks.markdown import table


class Aim(NamedTuple):
    """A figure and the bound that it should keep."""

    figure: str
    measured: float
    side: Literal["<=", ">="]
    wanted: float

    @property
    def reached(self) -> bool:
        """Whether the bound is kept."""
        above = self.measured >= self.wanted
        return above if self.side == ">=" else self.measured <= self.wanted


def aims_table(aims: Iterable[Aim]) -> str:
    """Every aim with its figure beside it, reached or not."""
    header = ("figure", "measured", "aim", "")
    return table(
        header,
        [
            (
                aim.figure,
                f"{aim.measured:,.4g}",
                f"{aim.side} {aim.wanted:g}",
                "reached" if aim.reached else "not reached",
            )
            for aim in aims
        ],
    )
