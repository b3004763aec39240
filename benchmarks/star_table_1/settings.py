"""What the paper leaves open, and the readings of it that the band runs through."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from itertools import product
from typing import Any, NamedTuple

from benchmarks.star_table_1.trials import INPUT_RATIOS, Case, Purchase
from market.workflow import StarOptions


class Reserve(NamedTuple):
    """Up to where STAR and the baselines are paid; ``ceiling`` as in ``Purchase``."""

    star: str
    baselines: str
    ceiling: float
    words: str


#: A bid beyond which, with rivals for every node, nothing is left to win.
BEYOND_ALL = 1e6

RESERVES: Mapping[str, Reserve] = {
    "top": Reserve("support_top", "support_top", 1.0, "all capped at the top of the prior"),
    "star_only": Reserve("support_top", "none", 1.0, "baselines uncapped"),
    "unpaid": Reserve("none", "none", 1.0, "retained work unpaid, baselines uncapped"),
    "beyond": Reserve("none", "none", BEYOND_ALL, "nobody capped"),
}

#: The words for every choice, by field of ``Setting``.
CHOICES: Mapping[str, Mapping[object, str]] = {
    "input_ratio": {name: f"\N{GREEK SMALL LETTER RHO} {name}" for name in INPUT_RATIOS},
    "transfer": {
        "input_share": "T a share of the input",
        "parent_output": "T the parent's output",
        "parent_context": "T the parent's input and output",
    },
    "reserve": {name: reserve.words for name, reserve in RESERVES.items()},
    "workload": {"cost_bearing": "paid on q", "published": "paid on ω"},
    "myopic": {"myopic": "myopic pays all input", "myopic_as_printed": "myopic as printed"},
    "homogeneous": {"warm": "homogeneous cached", "cold": "homogeneous on ω"},
    "cycles": {cycles: f"{cycles} cycle" + "s" * (cycles > 1) for cycles in range(1, 6)},
    "charge_entry_input": {True: "entry input charged", False: "entry input free"},
    "payment_method": {"exact": "exact payments", "bisection": "payments by bisection"},
}

#: What is chosen, by field of ``Setting``.
SUBJECTS: Mapping[str, str] = {
    "input_ratio": "price of input",
    "transfer": "what passes along an edge",
    "reserve": "up to where is paid",
    "workload": "the work STAR pays for",
    "myopic": "myopic baseline",
    "homogeneous": "homogeneous baseline",
    "cycles": "cycles of S1",
    "charge_entry_input": "entry input",
    "payment_method": "payment method",
}

#: The choices that are crossed with each other; the others are tried one at a time.
CROSSED = ("input_ratio", "transfer", "reserve", "workload", "myopic", "homogeneous")


@dataclass(frozen=True)
class Setting:
    """One reading of the paper; the defaults are those of Walras."""

    input_ratio: str = "1/4"
    transfer: str = "input_share"
    reserve: str = "top"
    workload: str = "cost_bearing"
    myopic: str = "myopic"
    homogeneous: str = "warm"
    cycles: int = 1
    charge_entry_input: bool = True
    payment_method: str = "exact"

    def purchases(self, workflow: str) -> tuple[Purchase, Purchase, Purchase]:
        """What STAR, the myopic and the homogeneous baseline buy."""
        reserve = RESERVES[self.reserve]
        case = Case(workflow, self.cycles if workflow == "S1" else 1, self.transfer)
        options = StarOptions(
            reserve=reserve.star,
            workload=self.workload,
            payment_method=self.payment_method,
            charge_entry_input=self.charge_entry_input,
        )
        plain = StarOptions(reserve=reserve.baselines, charge_entry_input=self.charge_entry_input)
        cold = self.homogeneous == "cold"
        return (
            Purchase(case, "star", options, self.input_ratio, ceiling=reserve.ceiling),
            Purchase(case, self.myopic, plain, self.input_ratio),
            Purchase(case, "homogeneous", plain, self.input_ratio, cold=cold),
        )

    @property
    def words(self) -> str:
        """Where it differs from the default."""
        changed = [
            CHOICES[field.name][getattr(self, field.name)]
            for field in fields(self)
            if getattr(self, field.name) != field.default
        ]
        return "; ".join(changed) or "the default"


DEFAULT = Setting()

#: Every formula as the paper prints it.
AS_PRINTED = Setting(
    reserve="unpaid",
    workload="published",
    myopic="myopic_as_printed",
    homogeneous="cold",
    payment_method="bisection",
)


def single_departures() -> Sequence[Setting]:
    """The default, every single departure from it, and the paper's formulas together."""
    single = [setting for name in CHOICES for setting in varied(name)]
    return list(dict.fromkeys([DEFAULT, *single, AS_PRINTED]))


def varied(name: str) -> Sequence[Setting]:
    """The default with every choice for the field ``name``."""
    return [_changed({name: choice}) for choice in CHOICES[name]]


def main_settings() -> Sequence[Setting]:
    """Those that get more trials: single departures, and each reserve beside both myopic rules."""
    myopic = [Setting(reserve=name, myopic="myopic_as_printed") for name in RESERVES]
    return list(dict.fromkeys([*single_departures(), *myopic]))


def crossed(workflow: str) -> Iterator[Setting]:
    """Every combination of the choices in ``CROSSED``, and for S1 of the cycles."""
    names = (*CROSSED, "cycles") if workflow == "S1" else CROSSED
    for values in product(*(CHOICES[name] for name in names)):
        yield _changed(dict(zip(names, values, strict=True)))


def _changed(choices: Mapping[str, Any]) -> Setting:
    return replace(DEFAULT, **choices)
