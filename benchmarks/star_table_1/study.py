"""All purchases that the tables need, made once, and what every setting paid."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial

from benchmarks.star_table_1.bootstrap import Resamples
from benchmarks.star_table_1.printed import TABLE_1
from benchmarks.star_table_1.settings import DEFAULT, Setting, crossed, main_settings
from benchmarks.star_table_1.trials import Bought, Purchase, measure
from market.workflow.quantities import FloatArray

#: Hears what is measured, how many trials there are, and how many are done.
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Size:
    """How many trials: of the main settings and of the rest."""

    trials: int = 2000
    band_trials: int = 400
    seed: int = 1


@dataclass(frozen=True)
class Study:
    """Every purchase of every setting; all see the same trials, some of them more."""

    size: Size
    bought: Mapping[Purchase, Bought]

    @classmethod
    def run(cls, size: Size, progress: Progress = lambda what, of, done: None) -> Study:
        """Make the purchases of all settings."""
        main = {
            purchase: None
            for workflow in TABLE_1
            for setting in main_settings()
            for purchase in (*setting.purchases(workflow), least_cost(workflow))
        }
        rest = {
            purchase: None
            for workflow in TABLE_1
            for setting in crossed(workflow)
            for purchase in setting.purchases(workflow)
            if purchase not in main
        }
        bought: dict[Purchase, Bought] = {}
        for what, purchases, trials in (
            ("main settings", main, size.trials),
            ("combinations", rest, size.band_trials),
        ):
            bought |= measure(purchases, trials, size.seed, partial(progress, what, trials))
        return cls(size, bought)

    def payments(self, workflow: str, setting: Setting) -> Sequence[FloatArray]:
        """What STAR, the myopic and the homogeneous baseline paid in the trials of all three."""
        paid = [self.bought[purchase].paid for purchase in setting.purchases(workflow)]
        common = min(map(len, paid))
        return [figures[:common] for figures in paid]

    @cached_property
    def resamples(self) -> Resamples:
        """Those of the trials of the main settings."""
        return Resamples.of(self.size.trials, self.size.seed)


def least_cost(workflow: str) -> Purchase:
    """The allocation of least true cost under the default, bids being truthful."""
    star, _, _ = DEFAULT.purchases(workflow)
    return Purchase(star.case, "pay_as_bid", star.options, star.input_ratio)


def all_settings(workflow: str) -> Sequence[Setting]:
    """The settings of the band that differ for ``workflow``."""
    main = (one for one in main_settings() if workflow == "S1" or one.cycles == 1)
    return list(dict.fromkeys([*main, *crossed(workflow)]))
