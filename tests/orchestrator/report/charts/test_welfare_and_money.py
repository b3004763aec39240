"""Lines of money agree with the summary, which adds up the same log another way."""

import pytest

from orchestrator.analysis.summary import summarize
from orchestrator.report.charts.money import money, surplus
from orchestrator.report.charts.welfare import cumulative_welfare, welfare
from tests.orchestrator.report.charts.drawn import cells, lines


def test_the_comparison_stands_beside_the_run(arms):
    assert [arm.label for arm in arms] == ["auction", "random"]
    assert all(arm.complete for arm in arms)


def test_welfare_adds_up_to_the_summary(arms):
    shown, so_far = lines(welfare(arms)), lines(cumulative_welfare(arms))
    for arm in arms:
        gained = summarize(arm.path).chat.realized_welfare_usd
        assert shown[f"{arm.label}, realised"].sum() == pytest.approx(gained)
        assert so_far[arm.label][-1] == pytest.approx(gained)
    expected = summarize(arms[0].path).chat.reported_welfare_usd
    assert shown["auction, predicted"].sum() == pytest.approx(expected)


def test_welfare_so_far_is_that_of_a_trial_on_average(varied):
    (so_far,) = lines(cumulative_welfare(varied)).values()
    assert so_far[-1] == pytest.approx(summarize(varied[0].path).chat.realized_welfare_usd / 2)


def test_money_adds_up_to_the_summary(arms):
    shown, chat = lines(money(arms)), summarize(arms[0].path).chat
    assert chat.clients_paid_usd > 0
    assert shown["clients paid"].sum() == pytest.approx(chat.clients_paid_usd)
    assert shown["providers received"].sum() == pytest.approx(chat.providers_received_usd)
    assert shown["hubs kept"].sum() == pytest.approx(chat.hubs_kept_usd)
    cost = chat.providers_received_usd - chat.provider_surplus_usd
    assert shown["true cost"].sum() == pytest.approx(cost)


def test_those_who_gain_share_the_welfare(arms):
    shown, chat = lines(surplus(arms)), summarize(arms[0].path).chat
    assert shown["clients"].sum() == pytest.approx(chat.client_surplus_usd)
    assert shown["providers"].sum() == pytest.approx(chat.provider_surplus_usd)
    assert sum(line.sum() for line in shown.values()) == pytest.approx(chat.realized_welfare_usd)


def test_the_table_has_the_points_of_the_lines(arms):
    chart = money(arms)
    for round_, paid in zip(chart.figure.data[0].x, chart.figure.data[0].y, strict=True):
        assert float(cells(chart)[f"{round_:g}"][0]) == pytest.approx(paid, rel=1e-3)
    assert chart.table.heads[:2] == ("round", "clients paid (USD per round)")
