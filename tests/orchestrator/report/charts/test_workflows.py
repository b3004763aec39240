"""Payments of workflows, and the drawing of one."""

import pytest

from orchestrator.analysis.summary import summarize
from orchestrator.report.arms import read_arms
from orchestrator.report.charts.workflow_graph import LOOP, SWITCHED, workflow_graph
from orchestrator.report.charts.workflow_payments import payment_parts, workflow_payments
from tests.markets import rewritten
from tests.orchestrator.report.charts.drawn import cells, lines, rows


def test_payments_cover_the_cost_and_add_up_to_the_summary(arms):
    bought = summarize(arms[0].path).workflows
    paid, cost = workflow_payments(arms).figure.data
    assert list(paid.x) == [f"S3 ({bought.served})"]
    assert paid.y[0] * bought.served == pytest.approx(bought.paid_usd)
    assert cost.y[0] * bought.served == pytest.approx(bought.true_cost_usd)
    assert paid.y[0] >= cost.y[0]


def test_the_parts_of_a_payment_add_up_to_it(arms, varied):
    for run in (arms, varied):
        parts, paid = lines(payment_parts(run)), lines(workflow_payments(run))["paid"]
        assert sum(parts.values()) == pytest.approx(paid)
        assert (parts["true cost"] > 0).all()
    assert (parts["bid above true cost"] < 0).any(), "the conservative bid less than their cost"
    assert (lines(payment_parts(arms))["bid above true cost"] == 0).all()


def served_of_most_winners(arm):
    served = {(row["trial"], row["workflow"]) for row in rows(arm, "workflows", status="served")}
    auctions = [row for row in rows(arm, "auctions") if (row["trial"], row["workflow"]) in served]
    most = max(row["winners"] for row in auctions)
    return next(row for row in auctions if row["winners"] == most)


def test_the_workflow_of_most_winners_is_drawn_whole(arms):
    of = served_of_most_winners(arms[0])
    nodes = rows(arms[0], "nodes", workflow=of["workflow"])
    chart = workflow_graph(arms)
    assert f"Workflow {of['workflow']} (S3)" in chart.caption
    marks = [trace for trace in chart.figure.data if "markers" in trace.mode]
    assert len(marks) == of["winners"]
    assert sum(len(trace.x) for trace in marks) == len(nodes)
    numbers = sorted(int(number) for trace in marks for number in trace.text)
    assert numbers == list(range(1, len(nodes) + 1))
    places = {place for trace in marks for place in zip(trace.x, trace.y, strict=True)}
    assert len(places) == len(nodes), "no node is drawn over another"


def test_its_table_has_who_does_what_for_how_much(arms):
    of = served_of_most_winners(arms[0])
    nodes = rows(arms[0], "nodes", workflow=of["workflow"])
    shown = cells(workflow_graph(arms))
    assert set(shown) == {node["provider"] for node in nodes}
    for at, node in enumerate(nodes, 1):
        assert f"{at} {node['node']}" in shown[node["provider"]][-1].split(", ")
    paid = sum(float(row[0]) for row in shown.values())
    assert paid == pytest.approx(of["payment_nano"] / 1e9, rel=1e-3)


def test_edges_that_switch_the_provider_or_close_a_loop_are_drawn_apart(arms, tmp_path):
    of = served_of_most_winners(arms[0])

    def change(table):
        own = [row for row in table if row["workflow"] == of["workflow"]]
        for row in own:
            row["switched"] = False
        own[0]["switched"] = own[1]["switched"] = True
        own[2]["iterations"] = 3

    run = read_arms(rewritten(arms[0].path, tmp_path / "copy", "edges", change))
    drawn = {t.name: t for t in workflow_graph(run).figure.data if t.mode == "lines"}
    assert [len(drawn[kind].x) // 3 for kind in (SWITCHED, LOOP)] == [2, 1]
    assert len({trace.line.dash for trace in drawn.values()}) == 3


def test_names_of_nodes_are_text_and_not_markup(arms, tmp_path):
    def change(table):
        for row in table:
            row["node"] = f"<b>{row['node']}"

    def follow(table):
        for row in table:
            row["source"], row["target"] = f"<b>{row['source']}", f"<b>{row['target']}"

    run = rewritten(arms[0].path, tmp_path / "nodes", "nodes", change)
    run = rewritten(run, tmp_path / "edges", "edges", follow)
    texts = [
        text
        for trace in workflow_graph(read_arms(run)).figure.data
        for text in trace.hovertext or ()
    ]
    assert texts
    assert not any("<b>" in text for text in texts)
