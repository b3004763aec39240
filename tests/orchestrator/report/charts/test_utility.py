"""Utilities by strategy, against the log added up row by row."""

from collections import defaultdict

import numpy as np
import pytest

from orchestrator.analysis.summary import summarize
from orchestrator.report.charts.utility import client_utility, provider_utility
from tests.orchestrator.report.charts.drawn import cells, rows


def test_providers_stand_by_group_and_strategy_panels_apart(varied):
    shown = cells(provider_utility(varied))
    assert {label: row[0] for label, row in shown.items()} == {
        "small, aggressive (by 1.5)": "4",  # 2 of the panel in each of 2 trials
        "small, truthful": "12",
        "large, conservative": "8",
    }


def test_provider_utilities_add_up_to_the_profit_of_the_summary(varied):
    shown = cells(provider_utility(varied)).values()
    total = sum(float(row[0]) * float(row[1]) for row in shown)
    profit = summarize(varied[0].path).provider_profit_usd
    assert profit != 0
    assert total == pytest.approx(profit, rel=2e-3)


def test_clients_stand_by_strategy_with_their_mean_gain(varied):
    gains: defaultdict[tuple[int, str], int] = defaultdict(int)
    worth = {
        (row["trial"], row["request"]): row["realized_value_nano"]
        for row in rows(varied[0], "completions", kind="chat", error=None)
    }
    for row in rows(varied[0], "settlements", kind="chat", void=False):
        gain = worth[row["trial"], row["request"]] - row["client_paid_nano"]
        gains[row["trial"], row["client"]] += gain
    panel = [f"client-{number:04d}" for number in range(5)]
    shown = cells(client_utility(varied))
    for strategy, inside in (("aggressive", True), ("truthful", False)):
        own = [gain / 1e9 for (_, who), gain in gains.items() if (who in panel) == inside]
        count, mean, deviation = map(float, shown[strategy][:3])
        assert count == len(own) > 0
        assert mean == pytest.approx(np.mean(own), rel=1e-3)
        assert deviation == pytest.approx(np.std(own), rel=1e-3)


def test_each_group_has_a_panel_whose_points_are_its_utilities(varied):
    figure = provider_utility(varied).figure
    assert [note.text for note in figure.layout.annotations] == ["small", "large"]
    points = [trace for trace in figure.data if trace.type == "scatter" and len(trace.x) > 1]
    assert [len(trace.x) for trace in points] == [4, 12, 8]
    assert all((np.diff(trace.x) >= 0).all() for trace in points)


def test_a_strategy_has_one_colour_on_both_sides_of_the_market(varied):
    def colours(chart):
        means = [trace for trace in chart.figure.data if trace.marker.size == 12]
        return dict(zip(cells(chart), (trace.marker.color for trace in means), strict=True))

    of_providers, of_clients = colours(provider_utility(varied)), colours(client_utility(varied))
    assert of_providers["small, truthful"] == of_clients["truthful"]
    assert len({*of_providers.values(), *of_clients.values()}) == 4
