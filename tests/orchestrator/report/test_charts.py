"""What the charts show agrees with the summary, which adds up the same log another way."""

import numpy as np
import pytest

from orchestrator.analysis.summary import summarize
from orchestrator.log import read_table
from orchestrator.report.arms import read_arms
from orchestrator.report.chart import COLOURS
from orchestrator.report.chat_charts import cache, load, money, welfare
from orchestrator.report.page import CHARTS
from orchestrator.report.prediction_charts import (
    expected_output,
    expected_ttft,
    prediction_error,
    ttft_distribution,
)
from orchestrator.report.scarcity_chart import scarcity
from orchestrator.report.workflow_chart import workflow_payments


@pytest.fixture(scope="module")
def arms(tiny_run):
    return read_arms(tiny_run)


def lines(chart):
    return {trace.name: np.array(trace.y, dtype=float) for trace in chart.figure.data}


def test_the_comparison_stands_beside_the_run(arms):
    assert [arm.mechanism for arm in arms] == ["auction", "random"]
    assert all(arm.complete for arm in arms)


def test_welfare_adds_up_to_the_summary(arms):
    shown = lines(welfare(arms))
    for arm in arms:
        chat = summarize(arm.path).chat
        realized, predicted = (shown[f"{arm.mechanism}, {w}"] for w in ("realised", "predicted"))
        assert realized.sum() == pytest.approx(chat.realized_welfare_usd)
        assert predicted.sum() == pytest.approx(chat.reported_welfare_usd)


def test_money_adds_up_to_the_summary(arms, tiny_run):
    shown, chat = lines(money(arms)), summarize(tiny_run).chat
    assert chat.clients_paid_usd > 0
    assert shown["clients paid"].sum() == pytest.approx(chat.clients_paid_usd)
    assert shown["providers received"].sum() == pytest.approx(chat.providers_received_usd)
    assert shown["hubs kept"].sum() == pytest.approx(chat.hubs_kept_usd)


def test_cache_hits_are_percentages_of_the_rounds_with_demand(arms):
    for trace in cache(arms).figure.data:
        assert max(trace.x) <= arms[0].demand_rounds
        hits = np.array(trace.y, dtype=float)
        assert ((hits >= 0) & (hits <= 100) | np.isnan(hits)).all()


def test_the_distribution_of_the_ttft_ends_with_the_slowest_answer(arms, tiny_run):
    done = read_table(tiny_run, "completions", ["kind", "ttft_s"]).to_pylist()
    slowest = max(row["ttft_s"] for row in done if row["kind"] == "chat")
    trace = ttft_distribution(arms).figure.data[0]
    assert (trace.x[-1], trace.y[-1]) == (slowest, 100)
    assert (np.diff(trace.x) >= 0).all()


def test_scarcity_prices_have_a_row_a_hub(arms, tiny_run):
    (heatmap,) = scarcity(arms).figure.data
    assert list(heatmap.y) == ["hub-0", "hub-1"]
    assert np.shape(heatmap.z) == (2, arms[0].axis.last)
    first = read_table(tiny_run, "hubs", ["round", "hub", "scarcity_prices_nano"]).to_pylist()[0]
    expected = np.mean(first["scarcity_prices_nano"]) * 1e-9 * 1000
    assert heatmap.z[0][0] == pytest.approx(expected)


def test_nothing_waits_or_is_in_flight_in_the_end(arms, tiny_run):
    shown = lines(load(arms))
    assert shown["in flight"].max() > 0
    assert shown["in flight"][-1] == shown["waiting for a match"][-1] == 0
    assert (shown["waiting for a match"] >= 0).all()
    assert shown["refused in the round"].sum() == summarize(tiny_run).chat.refused


def test_predictions_are_set_against_what_came(arms):
    errors = lines(prediction_error(arms))
    assert set(errors) == {"time to first token", "output tokens"}
    for chart in (expected_ttft(arms), expected_output(arms)):
        points = chart.figure.data[0]
        assert len(points.x) == len(points.y) > 0


def test_workflow_payments_cover_the_cost_and_add_up_to_the_summary(arms, tiny_run):
    bought = summarize(tiny_run).workflows
    paid, cost = workflow_payments(arms).figure.data
    assert list(paid.x) == [f"S3 ({bought.served})"]
    assert paid.y[0] * bought.served == pytest.approx(bought.paid_usd)
    assert cost.y[0] * bought.served == pytest.approx(bought.true_cost_usd)
    assert paid.y[0] >= cost.y[0]


def test_mechanisms_keep_their_colours_from_chart_to_chart(arms):
    for make in (welfare, cache, ttft_distribution):
        shown = {trace.name.split(",")[0]: trace.line.color for trace in make(arms).figure.data}
        assert shown == {"auction": COLOURS[0], "random": COLOURS[1]}


def test_every_chart_has_words_axes_and_a_key_of_its_own(arms):
    charts = [make(arms) for make in CHARTS]
    assert len({chart.key for chart in charts}) == len(charts)
    for chart in charts:
        assert chart.title
        assert chart.caption
        assert chart.figure.layout.xaxis.title.text
        assert chart.figure.layout.yaxis.title.text
