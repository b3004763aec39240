"""Prices and load of hubs, against the log read row by row."""

import numpy as np
import pytest

from orchestrator.analysis.summary import summarize
from orchestrator.report.arms import read_arms
from orchestrator.report.charts import hubs
from orchestrator.report.charts.hubs import (
    hub_requests,
    load,
    scarcity,
    scarcity_by_provider,
    utilisation,
)
from tests.markets import rewritten
from tests.orchestrator.report.charts.drawn import cells, lines, rows


def scarce(arm, tmp_path):
    """A copy of a log whose hubs publish prices of 1, 2, ... USD per 1,000 slots."""

    def publish(table):
        for row in table:
            count = len(row["scarcity_prices_nano"])
            row["scarcity_prices_nano"] = [10**6 * (at + 1) for at in range(count)]

    return read_arms(rewritten(arm.path, tmp_path / "scarce", "hubs", publish))


def test_scarcity_prices_have_a_row_a_hub(arms):
    (heatmap,) = scarcity(arms).figure.data
    assert list(heatmap.y) == ["hub-0", "hub-1"]
    assert np.shape(heatmap.z) == (2, arms[0].axis.last)
    for row in rows(arms[0], "hubs"):
        expected = np.mean(row["scarcity_prices_nano"]) * 1e-9 * 1000
        shown = heatmap.z[int(row["hub"][-1])][row["round"] - 1]
        assert shown == pytest.approx(expected)


def test_each_provider_has_the_mean_of_its_own_prices(varied, tmp_path):
    changed = scarce(varied[0], tmp_path)
    prices: dict[str, list[float]] = {"small": [], "large": []}
    for trial in (0, 1):
        for hub in ("hub-0", "hub-1"):
            sellers = rows(varied[0], "providers", trial=trial, hub=hub)
            for at, row in enumerate(sellers):
                prices[row["provider"].split("-")[0]].append(at + 1)
    for trace in scarcity_by_provider(changed).figure.data:
        group = trace.name.split()[0]
        assert trace.name == f"{group} ({len(prices[group])})"
        assert list(trace.x) == pytest.approx(sorted(prices[group]))


def test_slots_in_use_are_those_that_are_not_free(varied):
    (heatmap,) = utilisation(varied).figure.data
    slots, free = 0, 0
    for trial in (0, 1):
        sellers = rows(varied[0], "providers", trial=trial, hub="hub-0")
        slots += sum(row["chat_slots"] for row in sellers)
        (row,) = rows(varied[0], "hubs", trial=trial, hub="hub-0", round=2)
        free += row["free_slots"]
    at = list(heatmap.y).index("hub-0")
    assert heatmap.z[at][1] == pytest.approx(100 * (1 - free / slots))
    assert 0 < heatmap.z[at][1] < 100


def test_requests_by_hub_add_up_to_the_summary(arms):
    chat = summarize(arms[0].path).chat
    matched, refused = hub_requests(arms).figure.data
    assert sum(refused.x) == chat.refused
    assert sum(matched.x) == chat.served + chat.failed


def test_of_many_hubs_those_of_most_arrivals_are_drawn(arms, monkeypatch):
    monkeypatch.setattr(hubs, "MOST_HUBS", 1)
    arrived = {
        hub: sum(row["arrived"] for row in rows(arms[0], "hubs", hub=hub))
        for hub in ("hub-0", "hub-1")
    }
    chart = hub_requests(arms)
    assert list(cells(chart)) == [max(arrived, key=arrived.__getitem__)]
    assert "Of 2 hubs" in chart.caption


def test_nothing_waits_or_is_in_flight_in_the_end(arms, varied):
    shown = lines(load(arms))
    assert shown["in flight"].max() > 0
    assert shown["in flight"][-1] == shown["waiting for a match"][-1] == 0
    assert (shown["waiting for a match"] >= 0).all()
    assert shown["refused in the round"].sum() == summarize(arms[0].path).chat.refused
    assert lines(load(varied))["waiting for a match"][-1] == 0
