"""The figure: printed reductions beside the default's intervals and the range of the settings.

Blue, orange and grey keep apart under every common colour blindness; shapes differ as well.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.star_table_1.band import Range, ranges
from benchmarks.star_table_1.bootstrap import Interval
from benchmarks.star_table_1.printed import REDUCTIONS, TABLE_1
from benchmarks.star_table_1.settings import DEFAULT
from benchmarks.star_table_1.study import Study
from benchmarks.star_table_1.tables import saved
from benchmarks.star_table_1.verdicts import all_readings, core_of

OURS, PAPER, CORE, ALL = "#0072B2", "#D55E00", "#BDBDBD", "#6E6E6E"
#: Per cent; what lies beyond is cut, with its value beside the arrow.
LEFT, RIGHT = -60.0, 100.0
#: Between the middle of a bar and its marks.
APART = 0.11

STYLE = {
    "svg.hashsalt": "star-table-1",
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.left": False,
}


TITLE = "STAR's reduction of the mean payment: printed, measured, and its range over readings"


def draw(study: Study, path: Path) -> None:
    """Write the figure as an SVG file, the same bytes for the same study."""
    import matplotlib

    matplotlib.use("svg")
    from matplotlib import pyplot

    rows = all_readings(study)
    path.parent.mkdir(parents=True, exist_ok=True)
    with matplotlib.rc_context(STYLE):
        figure, panels = pyplot.subplots(1, 2, figsize=(10, 4.6), sharey=True)
        for position, (panel, column) in enumerate(zip(panels, REDUCTIONS, strict=True)):
            for place, (workflow, found) in enumerate(rows.items()):
                bar = Bar(
                    height=-place,
                    everywhere=ranges(workflow, found)[column],
                    core=ranges(workflow, core_of(found))[column],
                    ours=saved(study, workflow, DEFAULT)[position],
                )
                bar.draw(panel)
                if not place:
                    bar.name_its_parts(panel)
            _frame(panel, column)
        figure.tight_layout()
        figure.savefig(path, metadata={"Date": None, "Creator": None, "Title": TITLE})
        pyplot.close(figure)


@dataclass(frozen=True)
class Bar:
    """One workflow in one panel: the paper above the middle of its bar, the default below it."""

    height: float
    everywhere: Range
    core: Range
    ours: Interval

    def draw(self, panel: Any) -> None:
        """The ranges, the interval and the printed figure."""
        y, low, high = self.height, self.everywhere.lowest, self.everywhere.highest
        _line(panel, max(low, LEFT), min(high, RIGHT), y, ALL, 1)
        if low < LEFT:
            panel.plot([LEFT], [y], marker="<", color=ALL, clip_on=False)
            label = f"to \N{MINUS SIGN}{-low:.0f} %"
            panel.annotate(
                label, (LEFT, y), (8, 4), textcoords="offset points", color=ALL, fontsize=8
            )
        _line(panel, self.core.lowest, self.core.highest, y, CORE, 18)
        _line(panel, self.ours.low, self.ours.high, y - APART, OURS, 4)
        own = {"markeredgecolor": "white", "markersize": 8}
        panel.plot([self.ours.value], [y - APART], marker="o", color=OURS, **own)
        panel.plot([self.core.printed], [y + APART], marker="D", color=PAPER, **own)

    def name_its_parts(self, panel: Any) -> None:
        """Labels at the marks."""
        y = self.height
        for text, x, offset, colour in (
            ("printed", self.core.printed, 0.3, PAPER),
            ("default, 95 % interval", self.ours.value, -0.44, OURS),
            ("core settings", (self.core.lowest + self.core.highest) / 2, -0.05, "black"),
            ("all settings", -50.0, -0.2, ALL),
        ):
            panel.text(x, y + offset, text, color=colour, fontsize=9)


def _line(panel: Any, low: float, high: float, y: float, colour: str, width: float) -> None:
    panel.plot([low, high], [y, y], color=colour, linewidth=width, solid_capstyle="butt")


def _frame(panel: Any, column: str) -> None:
    baseline = column.removeprefix("vs. ")
    panel.set_title(f"against the {baseline} baseline", loc="left", fontsize=11)
    panel.set_xlabel("STAR's reduction of the mean payment (%)")
    panel.set_xlim(LEFT, RIGHT)
    panel.set_ylim(-len(TABLE_1) + 0.5, 0.6)
    panel.set_yticks([-place for place in range(len(TABLE_1))], list(TABLE_1))
    panel.tick_params(axis="y", length=0, pad=8)
    panel.axvline(0, color="black", linewidth=0.6, zorder=0)
