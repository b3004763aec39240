"""The figure: distributions as measured and as replayed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.calibration.runs import Run
from orchestrator.calibration import Calibration
from orchestrator.calibration.calibrate import SPANS

#: They keep apart under every common colour blindness (Okabe and Ito).
MEASURED, REPLAYED = "#0072B2", "#D55E00"
STYLE = {
    "svg.hashsalt": "calibration",
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
}


def draw(found: Mapping[Run, Calibration], path: Path) -> None:
    """Write the figure as an SVG file, the same bytes for the same fits."""
    import matplotlib

    matplotlib.use("svg")
    from matplotlib import pyplot

    path.parent.mkdir(parents=True, exist_ok=True)
    with matplotlib.rc_context(STYLE):
        figure, panels = pyplot.subplots(
            len(found), len(SPANS), figsize=(9, 2.4 * len(found)), layout="constrained",
            squeeze=False,
        )  # fmt: skip
        for row, (run, one) in zip(panels, found.items(), strict=True):
            for panel, (label, spans) in zip(row, SPANS.items(), strict=True):
                _panel(panel, getattr(one.measured, spans), getattr(one.simulated, spans))
                panel.set_xlabel(f"{label} (s)")
            row[0].set_title(run.title, loc="left", fontsize=9)
            row[0].set_ylabel("share of requests")
        panels[0, 0].legend(frameon=False, loc="lower right")
        figure.savefig(path, metadata={"Date": None})
        pyplot.close(figure)


def _panel(panel: Any, measured: Any, replayed: Any) -> None:
    for values, label, colour, line in (
        (measured, "measured", MEASURED, "-"),
        (replayed, "replayed", REPLAYED, "--"),
    ):
        there = np.sort(values[~np.isnan(values)])
        shares = np.arange(1, len(there) + 1) / len(there)
        panel.step(there, shares, where="post", color=colour, linestyle=line, label=label)
    panel.set_xlim(left=0)
    panel.set_ylim(0, 1.02)
