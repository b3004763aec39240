"""What is measured, as tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from benchmarks.markdown import table
from benchmarks.star_table_1.bootstrap import RESAMPLES, Interval, Mean
from benchmarks.star_table_1.figures import bounded, per_cent, spread, usd
from benchmarks.star_table_1.printed import PAYMENTS, PRINTED_TRIALS, REDUCTIONS, TABLE_1
from benchmarks.star_table_1.settings import (
    CHOICES,
    CROSSED,
    DEFAULT,
    RESERVES,
    SUBJECTS,
    Setting,
    single_departures,
    varied,
)
from benchmarks.star_table_1.study import Study, all_settings, least_cost


def trials(study: Study) -> str:
    """How much was measured."""
    size = study.size
    count = {workflow: len(all_settings(workflow)) for workflow in TABLE_1}
    return (
        f"Seed {size.seed}. The main settings are the default, every single departure from it, the"
        " paper's formulas taken together, and each reserve with both forms of the myopic baseline;"
        f" they were run in {size.trials:,} trials, the other combinations in the first"
        f" {size.band_trials:,} of them: {count['S1']:,} settings for S1, whose cycles vary too,"
        f" and {count['S2']} for each of the others. Intervals are 95 % percentile intervals of"
        f" {RESAMPLES:,} resamples of the trials."
    )


def choices() -> str:
    """What is open, and how it is varied."""
    rows = []
    for field, words in CHOICES.items():
        default = getattr(DEFAULT, field)
        others = [word for choice, word in words.items() if choice != default]
        how = "crossed" if field in CROSSED or field == "cycles" else "alone"
        rows.append([SUBJECTS[field], words[default], "; ".join(others), how])
    return table(["", "default", "other readings", "varied"], rows, words=4)


def fifty(study: Study) -> str:
    """The first 50 trials of the default beside the paper's 50; mean ± standard deviation."""
    rows = []
    for workflow, printed in TABLE_1.items():
        ours = [figures[:PRINTED_TRIALS] for figures in study.payments(workflow, DEFAULT)]
        saved = [100 * (1 - ours[0].mean() / theirs.mean()) for theirs in ours[1:]]
        paper = [
            f"{usd(mean)} ± {deviation:.2f}"
            for mean, deviation in zip(printed.means, printed.spreads, strict=True)
        ]
        rows.append([workflow, "paper", *paper, *map(per_cent, printed.reductions)])
        rows.append(["", "ours", *(spread(Mean.of(one)) for one in ours), *map(per_cent, saved)])
    return table(["", "", *PAYMENTS, *REDUCTIONS], rows, words=2)


def means(study: Study) -> str:
    """Mean ± standard deviation (standard error) of every mechanism, all trials of the default."""
    subjects = {
        "STAR": (DEFAULT, 0),
        "Myopic": (DEFAULT, 1),
        "Myopic as printed": (Setting(myopic="myopic_as_printed"), 1),
        "Homogeneous": (DEFAULT, 2),
        "Homogeneous on ω": (Setting(homogeneous="cold"), 2),
    }
    rows = []
    for workflow in TABLE_1:
        figures = [
            Mean.of(study.payments(workflow, setting)[column])
            for setting, column in subjects.values()
        ]
        rows.append([workflow, *(f"{spread(one)} ({one.error:.3f})" for one in figures)])
    return table(["", *subjects], rows)


def reserve(study: Study) -> str:
    """Reductions by who is paid up to where, the myopic baseline in both forms."""
    subjects = [(REDUCTIONS[0], "myopic", 0), ("vs. myopic as printed", "myopic_as_printed", 0)]
    subjects.append((REDUCTIONS[1], "myopic", 1))
    rows = []
    for column, myopic, position in subjects:
        printed = [per_cent(row.reductions[position]) for row in TABLE_1.values()]
        rows.append([column, "the paper", *printed])
        for name, choice in RESERVES.items():
            setting = Setting(reserve=name, myopic=myopic)
            found = [bounded(saved(study, workflow, setting)[position]) for workflow in TABLE_1]
            rows.append(["", choice.words, *found])
    return table(["STAR", "paid up to", *TABLE_1], rows, words=2)


def departures(study: Study, position: int) -> str:
    """One column of reductions under the default and every single departure from it."""
    rows = [["the paper", *(per_cent(row.reductions[position]) for row in TABLE_1.values())]]
    for setting in single_departures():
        found = [
            bounded(saved(study, workflow, setting)[position])
            if workflow == "S1" or setting.cycles == 1
            else ""
            for workflow in TABLE_1
        ]
        rows.append([setting.words, *found])
    return table([f"STAR {REDUCTIONS[position]}", *TABLE_1], rows)


def caps(study: Study) -> str:
    """In how many trials the caps bind, and in how many unpaid work leaves the winners a loss."""
    rows = []
    for workflow in TABLE_1:
        _, *capped = study.payments(workflow, DEFAULT)
        _, *free = study.payments(workflow, Setting(reserve="star_only"))
        paid, cost = study.bought[Setting(reserve="unpaid").purchases(workflow)[0]]
        shares = [
            np.mean(uncapped > own * (1 + 1e-9)) for uncapped, own in zip(free, capped, strict=True)
        ]
        rows.append([workflow, *(f"{share:.1%}" for share in (*shares, np.mean(paid < cost)))])
    head = ["of all trials", "a cap binds: myopic", "homogeneous", "STAR, unpaid: below cost"]
    return table(head, rows)


def sensitivity(study: Study) -> str:
    """By choice: the largest less the least reduction, the others being as in the default."""
    rows = []
    for name, subject in SUBJECTS.items():
        widths = []
        for position, _ in enumerate(REDUCTIONS):
            for workflow in TABLE_1:
                figures = [
                    saved(study, workflow, setting)[position].value for setting in varied(name)
                ]
                widths.append(f"{max(figures) - min(figures):.1f}")
        rows.append([subject, *widths])
    head = [f"{workflow} {column}" for column in REDUCTIONS for workflow in TABLE_1]
    return table(["percentage points", *head], rows)


def truthfulness(study: Study) -> str:
    """Ratios of means: payments, true cost of STAR's allocation, least true cost."""
    rows = []
    for workflow in TABLE_1:
        star, _, _ = DEFAULT.purchases(workflow)
        paid, cost = study.bought[star]
        least = study.bought[least_cost(workflow)].cost
        pairs = ((paid, cost), (cost, least), (paid, least))
        ratios = [bounded(study.resamples.ratio(*pair), 3, "") for pair in pairs]
        rows.append([workflow, *(usd(float(np.mean(one))) for one in (least, cost, paid)), *ratios])
    head = ["", "least cost", "STAR's cost", "STAR pays", "pays / cost", "cost / least"]
    return table([*head, "pays / least"], rows)


def saved(study: Study, workflow: str, setting: Setting) -> tuple[Interval, Interval]:
    """STAR's reductions against both baselines, per cent, with paired intervals."""
    star, myopic, homogeneous = study.payments(workflow, setting)
    return (
        study.resamples.reduction(star, myopic),
        study.resamples.reduction(star, homogeneous),
    )


#: The generated blocks about our market, by name.
MEASURED: Mapping[str, Callable[[Study], str]] = {
    "trials": trials,
    "choices": lambda _: choices(),
    "fifty": fifty,
    "means": means,
    "reserve": reserve,
    "sensitivity": sensitivity,
    "caps": caps,
    "departures-myopic": lambda study: departures(study, 0),
    "departures-homogeneous": lambda study: departures(study, 1),
    "truthfulness": truthfulness,
}
