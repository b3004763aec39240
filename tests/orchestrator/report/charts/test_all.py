"""What every chart of the page must be, whatever the log has."""

import numpy as np
import pytest

from orchestrator.report.arms import read_arms
from orchestrator.report.charts import ALL
from orchestrator.report.charts.data_table import MAX_ROWS
from orchestrator.report.charts.plot import COLOURS, colour, ink
from orchestrator.report.charts.service import cache, ttft_distribution
from orchestrator.report.charts.welfare import cumulative_welfare
from orchestrator.report.round_axis import MAX_POINTS
from tests.markets import StoppedAfter
from tests.orchestrator.report.tiny_market import run_tiny

MAKERS = [make for section in ALL for make in section.charts]


def test_keys_are_unique_and_sections_have_charts(arms):
    keys = [make(arms).key for make in MAKERS]
    assert len(set(keys)) == len(keys) > 20
    assert all(section.title and section.charts for section in ALL)


@pytest.mark.parametrize("make", MAKERS, ids=lambda make: make.__name__)
def test_it_has_words_axes_and_a_table(make, arms, varied):
    drawn = 0
    for of in (arms, varied):
        chart = make(of)
        assert chart.title
        assert chart.caption.endswith(".")
        assert (chart.figure is None) == (chart.table is None)
        if chart.figure is not None:
            drawn += 1
            assert all(len(row) == len(chart.table.heads) for row in chart.table.rows)
            assert 0 < len(chart.table.rows) <= MAX_ROWS
            for trace in chart.figure.data:
                assert len(trace.x if trace.x is not None else trace.q1) <= max(MAX_POINTS, 1000)
    assert drawn, "neither market has anything to show in it"


@pytest.mark.parametrize("make", MAKERS, ids=lambda make: make.__name__)
def test_axes_name_their_unit(make, varied, arms):
    figure = make(varied).figure or make(arms).figure
    if make.__name__ == "workflow_graph":
        assert not figure.layout.xaxis.visible
        return
    titles = [axis.title.text for axis in figure.select_xaxes() if axis.title.text]
    titles += [axis.title.text for axis in figure.select_yaxes() if axis.title.text]
    assert titles
    assert len(titles) == 2 or make.__name__ in {"provider_utility", "client_utility", "endings"}


def test_a_log_without_rows_has_words_only(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        run_tiny(tmp_path, StoppedAfter(1))
    empty = read_arms(tmp_path / "run")
    for make in MAKERS:
        chart = make(empty)
        assert chart.figure is None, chart.key
        assert chart.caption.endswith("."), chart.key
        assert chart.caption.startswith(("The log has no", "No ")), chart.caption


def test_mechanisms_keep_their_colours_and_marks_from_chart_to_chart(arms):
    for make in (cumulative_welfare, cache, ttft_distribution):
        shown = {
            trace.name: (trace.line.color, trace.marker.symbol) for trace in make(arms).figure.data
        }
        assert shown == {"auction": (COLOURS[0], "circle"), "random": (COLOURS[1], "square")}


def light(colour):
    """The relative luminance (WCAG 2.2)."""
    parts = np.array([int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)])
    linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def contrast(one, other):
    low, high = sorted((light(one), light(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("position", range(len(COLOURS)))
def test_marks_stand_out_from_the_page_and_their_numbers_from_them(position):
    assert contrast(colour(position), "#ffffff") >= 3
    assert contrast(colour(position), ink(position)) >= 4.5


@pytest.mark.parametrize("make", MAKERS, ids=lambda make: make.__name__)
def test_what_one_plot_sets_side_by_side_differs_in_more_than_colour(make, arms):
    figure = make(arms).figure
    if figure is None:
        return
    legend = [trace for trace in figure.data if trace.showlegend is not False and trace.name]
    looks = [
        (
            trace.marker.symbol if trace.type == "scatter" else trace.marker.pattern.shape,
            trace.line.dash if trace.type == "scatter" else None,
            trace.mode if trace.type == "scatter" else None,
        )
        for trace in legend
        if trace.type in ("scatter", "bar")
    ]
    assert len(set(looks)) == len(looks)
