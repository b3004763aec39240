from __future__ import annotations

from dataclasses import replace

import pytest

from market import BadInput, solve
from market.audit import audit_workflow_client
from market.workflow import Edge, Node, StarOptions, Workflow, WorkflowAuction
from market.workflow.graph import MAX_TOKENS
from market.workflow.mechanisms import MECHANISMS
from tests.market.workflow.mechanisms.builders import CHAIN, X, Y, Z

AUCTION = WorkflowAuction(CHAIN, (X, Y, Z))


def test_billed_for_what_it_declares_a_client_declares_little():
    (finding,) = audit_workflow_client(AUCTION, settlements=("predicted",)).findings
    bill = sum(AUCTION.buy().payments_usd.values())
    assert finding.truthful_utility == pytest.approx(-bill)
    assert finding.misreport == "declares all lengths times 0.25"
    assert finding.witness_utility == pytest.approx(-bill / 4)
    assert finding.method == "search"
    answer = solve(finding.counterexample())
    assert sum(answer["payments"].values()) == pytest.approx(bill / 4)


def test_billed_for_what_is_run_scaling_everything_gains_nothing():
    lone = replace(AUCTION, workflow=Workflow((Node("a", 1e6, difficulty=2),)))
    (finding,) = audit_workflow_client(lone, settlements=("realized",)).findings
    assert finding.regret == pytest.approx(0.0, abs=1e-12)
    assert not finding.gains


def test_billed_for_what_is_run_a_client_can_lower_a_threshold():
    # With less output the draft is worth less to keep at y: x's threshold falls from 0.75 to
    # 0.5625, while y's stays at 2.5 for what turn out to be 1.5e6 tokens.
    report = audit_workflow_client(AUCTION, settlements=("realized",))
    (finding,) = report.findings
    assert finding.misreport == "declares all outputs times 0.8"
    assert finding.truthful_utility == pytest.approx(-0.75 - 3.75)
    assert finding.witness_utility == pytest.approx(-0.5625 - 3.75)
    assert [node["output_tokens"] for node in finding.counterexample()["nodes"]] == [8e5, 8e5]


@pytest.mark.parametrize("rule", MECHANISMS)
def test_it_is_searched_under_every_rule(rule: str):
    report = audit_workflow_client(replace(AUCTION, rule=MECHANISMS[rule], offers=(Y, Z)))
    assert [finding.participant for finding in report.findings] == [
        "under predicted settlement",
        "under realized settlement",
    ]
    assert report.mechanism == rule
    assert report.worst is not None


def test_lengths_that_no_workflow_may_have_are_not_declared():
    most = Workflow(
        (Node("a", float(MAX_TOKENS), difficulty=1), Node("b", 1.0, difficulty=1)),
        (Edge("a", "b", 1.0),),
    )
    (finding,) = audit_workflow_client(
        replace(AUCTION, workflow=most), settlements=("predicted",)
    ).findings
    assert "times 0.25" in finding.misreport
    assert finding.gains


def test_an_unknown_settlement_is_refused():
    with pytest.raises(BadInput, match="expected some of predicted, realized; got 'guessed'"):
        audit_workflow_client(AUCTION, settlements=("guessed",))


def test_the_options_that_matter_are_told():
    auction = replace(AUCTION, options=StarOptions(reserve="none"))
    assert auction.described == "star reserve=none"
