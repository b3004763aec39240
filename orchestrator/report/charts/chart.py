"""What the page is given of a chart: its words, the plot, and the plot's figures as a table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from orchestrator.report.arms import Arm
from orchestrator.report.charts.data_table import DataTable


@dataclass(frozen=True)
class Chart:
    """A plot with its words.

    Attributes:
        key: names it within the page.
        title: a line above it, plain text.
        caption: what is drawn, and from what; where there is no figure, why. Plain text.
        figure: the plot.
        table: the plot's figures, thinned where they are many; None without a plot.
    """

    key: str
    title: str
    caption: str
    figure: go.Figure | None
    table: DataTable | None = None


@dataclass(frozen=True)
class Section:
    """Charts under one heading of the page, each made from the runs set side by side."""

    title: str
    charts: tuple[Callable[[Sequence[Arm]], Chart], ...]
