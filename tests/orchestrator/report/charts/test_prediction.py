"""What was predicted against what came."""

import pytest

from orchestrator.analysis.summary import summarize
from orchestrator.report.charts import prediction
from orchestrator.report.charts.prediction import expected_output, expected_ttft, prediction_error
from tests.orchestrator.report.charts.drawn import cells, lines, rows

COST = ("cost_abs_error_tokens", "cost_tokens")
BRIER = ("quality_squared_error", "graded")


@pytest.mark.parametrize(
    ("name", "columns"), [("cost in tokens (NMAE)", COST), ("quality (Brier score)", BRIER)]
)
def test_errors_of_a_round_are_those_whose_outcome_came_in_it(arms, name, columns):
    labels = rows(arms[0], "prequential", round=4)
    error, whole = (sum(row[column] for row in labels) for column in columns)
    assert lines(prediction_error(arms))[name][3] == pytest.approx(error / whole)


def test_all_that_is_predicted_has_a_line(arms):
    assert {name.split(" (")[0] for name in lines(prediction_error(arms))} == {
        "time to first token", "cost in tokens", "quality", "output tokens",
    }  # fmt: skip


def test_a_point_is_a_served_match(arms):
    awards = {row["request"]: row for row in rows(arms[0], "awards", kind="chat")}
    done = rows(arms[0], "completions", kind="chat", error=None)
    expected = {(awards[row["request"]]["expected_ttft_s"], row["ttft_s"]) for row in done}
    for chart in (expected_ttft(arms), expected_output(arms)):
        points = chart.figure.data[0]
        assert len(points.x) == len(points.y) == summarize(arms[0].path).chat.served
    points = expected_ttft(arms).figure.data[0]
    assert set(zip(points.x, points.y, strict=True)) == expected


def test_of_many_matches_one_in_so_many_is_drawn(arms, monkeypatch):
    monkeypatch.setattr(prediction, "SCATTERED", 10)
    chart = expected_ttft(arms)
    assert 0 < len(chart.figure.data[0].x) <= 10
    assert f"one in {-(-summarize(arms[0].path).chat.served // 10)} is drawn" in chart.caption
    assert sum(float(row[0]) for row in cells(chart).values()) == len(chart.figure.data[0].x)
