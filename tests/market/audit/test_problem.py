from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from market import BadInput, Infeasible, solve
from market.audit import audit
from market.matching import read_market, written_market
from market.workflow import Offer, Workflow, WorkflowAuction, read_auction, written_auction
from market.workflow.mechanisms import MECHANISMS
from tests.market.audit.markets import in_usd, under
from tests.market.workflow.mechanisms.builders import CHAIN, X, Y, Z, named
from tests.strategies import Auction, auctions, examples, ironed_auctions, matching_markets, priors
from tests.strategies import MatchingMarket as Drawn

STAR = written_auction(WorkflowAuction(CHAIN, (X, Y, Z)))
PAY_AS_BID = {**STAR, "options": {"mechanism": "pay_as_bid"}}
MATCHING = {
    "kind": "matching",
    "values": [[10.0], [10.0], [8.0]],
    "costs": [[1.0], [1.0], [1.0]],
    "capacities": [2],
}


@given(auction=st.one_of(auctions(), ironed_auctions()), rule=st.sampled_from(list(MECHANISMS)))
@examples(100)
def test_an_auction_survives_its_json_form(auction: Auction, rule: str):
    typed = under(auction, rule)
    inside = all(offer.prior.low <= offer.bid for offer in typed.offers)
    problem = json.loads(json.dumps(written_auction(typed)))
    try:
        answer = solve(problem)
    except BadInput:
        assert not inside
        return
    except Infeasible:
        assert rule == "homogeneous"
        return
    assert answer["payments"] == typed.buy().payments_usd
    assert written_auction(read_auction(problem)) == problem


@given(prior=priors)
@examples(50)
def test_every_prior_survives_its_json_form(prior):
    offers = (Offer("a", 3, 0.5, prior.low, prior),)
    problem = json.loads(json.dumps(written_auction(WorkflowAuction(CHAIN, offers))))
    assert read_auction(problem).offers == offers


@given(market=matching_markets())
@examples(50)
def test_a_matching_survives_its_json_form(market: Drawn):
    drawn = in_usd(market, market.clients)
    for typed in (
        drawn,
        replace(drawn, clients=None, payments="two_sided"),
        replace(drawn, backend="sparse"),
    ):
        problem = json.loads(json.dumps(written_market(typed)))
        assert written_market(read_market(problem)) == problem
        if market.values.size:
            assert solve(problem)["welfare"] == typed.clear().welfare


def test_who_does_not_take_part_is_left_out_of_who_is_capable():
    workflow = Workflow((named("a", 1e6, "x", "gone"),))
    assert written_auction(WorkflowAuction(workflow, (X,)))["nodes"][0]["capable"] == ["x"]


def test_a_workflow_is_audited_for_its_providers():
    report = audit(STAR)
    assert {finding.side for finding in report.findings} == {"provider"}
    assert not report.violated
    caught = audit(PAY_AS_BID)
    assert caught.worst is not None
    assert caught.as_dict()["worst"] == caught.worst.participant
    assert json.loads(json.dumps(caught.as_dict()))["violated"] is True


def test_and_for_its_client_where_that_is_asked_for():
    report = audit(STAR, sides=["provider", "client"])
    assert {finding.side for finding in report.findings} == {"provider", "client"}


def test_a_matching_is_audited_for_both_sides():
    report = audit(MATCHING, owners=["both", "both", "rival"])
    gaining = {finding.participant for finding in report.findings if finding.gains}
    assert gaining == {"both", "provider 0"}
    assert not audit({**MATCHING, "clients": ["both", "both", "rival"]}, sides=["client"]).violated


def test_an_empty_matching_has_nobody_to_audit():
    empty = {"kind": "matching", "values": [], "costs": [], "capacities": [1]}
    report = audit(empty, sides=["client"])
    assert report.findings == ()
    assert not report.violated


@pytest.mark.parametrize(
    ("problem", "arguments", "complaint"),
    [
        ({"kind": "lottery"}, {}, "kind: expected one of workflow, matching"),
        (STAR, {"owners": ["a"]}, "owners: are for matchings"),
        (MATCHING, {"cost_basis": "run"}, "cost_basis: is for workflows"),
        (STAR, {"sides": ["buyer"]}, "sides: expected provider or client, got 'buyer'"),
        ({**STAR, "nodes": []}, {}, "nodes: expected at least one node"),
        ({**MATCHING, "costs": []}, {}, "costs: expected 3 rows as in values, got 0"),
    ],
)
def test_bad_input_is_one_clear_line(problem, arguments, complaint: str):
    with pytest.raises(BadInput, match=complaint):
        audit(problem, **arguments)


def test_everyone_is_announced_before_their_turn():
    told: list[str] = []
    audit(STAR, progress=told.append)
    audit(MATCHING, progress=told.append)
    assert told == ["x", "y", "z", "request 0", "request 1", "request 2", "provider 0"]


@pytest.mark.parametrize("rows", [0, 2])
def test_a_market_without_providers_is_audited(rows: int):
    empty: list[list[float]] = [[]] * rows
    problem = {"kind": "matching", "values": empty, "costs": empty, "capacities": []}
    assert not audit(problem).violated


def test_somebody_is_to_be_audited():
    with pytest.raises(BadInput, match="sides: expected provider, client or both, got none"):
        audit(STAR, sides=())
