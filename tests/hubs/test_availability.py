"""Providers that offer nothing for a while: hubs count their slots as none."""

from typing import Any

import pytest

from hubs.matching_hub import ChatReply, ChatRound, MatchingHub
from hubs.mechanisms import MECHANISMS
from hubs.params import HubParams, WorkflowHubParams
from hubs.workflow_hub import WorkflowHub, WorkflowReply, WorkflowRound
from market.messages import NODE, Bid, WorkflowRequest
from market.workflow import Node, Workflow
from tests.hubs.builders import DOMAINS, bid, completion, provider, request

AUCTIONS = {name for name in MECHANISMS if name.startswith("auction")}
MEMBERS = [provider("p", chat_slots=1), provider("q", chat_slots=2)]


def cleared(
    hub: MatchingHub, number: int, requests=(), completions=(), absent: str = "p"
) -> ChatReply:
    bids = [bid(one.provider, available=one.provider != absent) for one in hub.members]
    return hub.clear(ChatRound(number, completions, [(one, "law") for one in requests], bids))


def hub_of(**params: Any) -> MatchingHub:
    return MatchingHub("hub-0", MEMBERS, DOMAINS, HubParams(**params), seed=5)


def asked(count: int) -> list:
    return [request(f"d-{number}.1") for number in range(count)]


@pytest.mark.parametrize("mechanism", MECHANISMS)
def test_nobody_is_matched_to_an_absent_provider(mechanism):
    reply = cleared(hub_of(mechanism=mechanism), 1, asked(4))
    assert [award.provider for award in reply.awards] == ["q", "q"]
    assert reply.market.capacities.tolist() == [0, 2]
    assert reply.signal.free_slots == 0
    if mechanism in AUCTIONS:
        assert reply.signal.largest_prices_nano[0] is None  # routers have no prices


def test_nobody_is_sent_to_an_absent_provider_to_explore():
    hub = hub_of(exploration={"rate": 1.0})
    for number in range(1, 30):
        reply = cleared(hub, number, [request(f"d-{number}.1")])
        assert all(award.provider == "q" for award in reply.awards)
        cleared(hub, number, (), [completion(one.request, "q") for one in reply.awards])


def test_an_absent_provider_has_no_free_slot_to_publish():
    hub = hub_of()
    assert cleared(hub, 1, absent="p").signal.free_slots == 2
    assert cleared(hub, 2, absent="p").signal.largest_prices_nano == (None, 0)
    back = cleared(hub, 3, absent="nobody").signal
    assert (back.free_slots, back.largest_prices_nano) == (3, (0, 0))


def test_work_in_flight_comes_back_and_is_settled_while_its_provider_is_absent():
    hub = hub_of()
    first = cleared(hub, 1, asked(1), absent="q")
    assert [award.provider for award in first.awards] == ["p"]
    second = cleared(hub, 2, asked(3)[1:], [completion("d-0.1", "p")], absent="p")
    assert [one.request for one in second.settlements] == ["d-0.1"]
    assert not second.settlements[0].void
    assert [award.provider for award in second.awards] == ["q", "q"]


GRAPH = Workflow((Node("draft", 1e6, difficulty=1), Node("edit", 1e6, difficulty=1)))
SELLERS = [provider(name, tier=1, input_ratio=0.5) for name in "xyz"]
BIDS = {"x": 0.5, "y": 1.0, "z": 2.0}


def bought(hub: WorkflowHub, number: int, name: str, absent: str, completions=()) -> WorkflowReply:
    asks = [WorkflowRequest(name, "c", 0.0, GRAPH, 0.001)] if name else []
    bids = [Bid(one, 9.0, BIDS[one], 0.0, 4.0, available=one != absent) for one in "xyz"]
    return hub.clear(WorkflowRound(number, completions, asks, bids))


def test_an_absent_provider_is_no_bidder_for_workflows():
    hub = WorkflowHub("workflow", SELLERS, WorkflowHubParams())
    (award,) = bought(hub, 1, "w-1", absent="x").awards
    assert award.bidders == ("y", "z")
    assert set(award.outcome.allocation.values()) == {"y"}


def test_a_workflow_goes_on_at_a_provider_that_became_absent():
    hub = WorkflowHub("workflow", SELLERS, WorkflowHubParams())
    first = bought(hub, 1, "w-1", absent="")
    sent = [one.request for one in first.dispatches]
    back = [completion(one, "x", kind=NODE, quality=None, domain=None) for one in sent]
    reply = bought(hub, 2, "", absent="x", completions=back)
    assert [end.error for end in reply.ended] == [None]
    assert [(one.provider, one.void) for one in reply.settlements] == [("x", False)]
