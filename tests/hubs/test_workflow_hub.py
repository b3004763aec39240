from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from hubs.params import WorkflowHubParams
from hubs.workflow_hub import WorkflowEnd, WorkflowHub, WorkflowReply, WorkflowRound
from market.errors import BadInput
from market.messages import NODE, Bid, Completion, Settlement, WorkflowRequest
from market.money import nano_usd
from market.workflow import Edge, Node, Offer, StarOptions, Uniform, Workflow
from market.workflow.mechanisms import MECHANISMS
from orchestrator.demand.paper_workflows import random_workflow
from tests.hubs.builders import completion, provider

# The chain of two that the tests of STAR clear by hand: x drafts, y edits, z is the rival of y.
# Virtual costs are 1, 3 and 4; x is paid up to the bid 0.75, y up to 2.5 on 1.5e6 tokens.
CHAIN = Workflow(
    (Node("draft", 1e6, difficulty=1), Node("edit", 1e6, difficulty=2)),
    (Edge("draft", "edit", 1e6),),
)
MEMBERS = [
    provider("x", tier=1, input_ratio=0.5),
    provider("y", tier=2, input_ratio=0.5),
    provider("z", tier=2, input_ratio=0.5),
]
BIDS = {
    "x": Bid("x", 9.0, 0.5, 0.0, 2.0),
    "y": Bid("y", 9.0, 2.0, 1.0, 4.0),
    "z": Bid("z", 9.0, 2.5, 1.0, 4.0),
}
PAID = {"x": 750_000_000, "y": 3_750_000_000}


def workflow(name: str = "w-1", graph: Workflow = CHAIN) -> WorkflowRequest:
    return WorkflowRequest(name, f"client of {name}", 0.0, graph, 0.001)


def node(name: str, by: str, **changes: Any) -> Completion:
    return completion(name, by, kind=NODE, quality=None, domain=None, **changes)


class Rounds:
    """A workflow hub and the number of its next round."""

    def __init__(self, members=MEMBERS, **params: Any):
        self.hub = WorkflowHub("workflow", members, WorkflowHubParams(**params))
        self._number = 0

    def next(
        self,
        requests: Sequence[WorkflowRequest] = (),
        completions: Sequence[Completion] = (),
        *,
        last: bool = False,
        **bids: Bid,
    ) -> WorkflowReply:
        self._number += 1
        offered = [(BIDS | bids)[member.provider] for member in self.hub.members]
        round_ = WorkflowRound(self._number, completions, requests, offered, last=last)
        return self.hub.clear(round_)


def test_a_workflow_is_bought_dispatched_and_paid_when_its_last_node_is_done():
    rounds = Rounds()
    first = rounds.next([workflow()])
    (award,) = first.awards
    assert award.outcome.allocation == {"draft": "x", "edit": "y"}
    assert award.payments_nano == PAID
    assert award.bidders == ("x", "y", "z")
    assert [(one.request, one.provider) for one in first.dispatches] == [("w-1/draft", "x")]
    assert first.ended == first.settlements == ()

    second = rounds.next(completions=[node("w-1/draft", "x")])
    assert [(one.request, one.provider) for one in second.dispatches] == [("w-1/edit", "y")]
    assert second.ended == second.settlements == ()

    third = rounds.next(completions=[node("w-1/edit", "y")])
    assert third.dispatches == ()
    assert third.ended == (WorkflowEnd("w-1", None),)
    assert third.settlements == tuple(
        Settlement(
            "w-1", "workflow", "client of w-1", name, "workflow", paid, paid, 0, void=False,
            realized_quantity_tokens=tokens, realized_payment_nano=paid,
        )
        for (name, paid), tokens in zip(PAID.items(), (1e6, 1.5e6), strict=True)
    )  # fmt: skip


@pytest.mark.parametrize("mechanism", MECHANISMS)
def test_any_mechanism_buys_for_what_it_would_pay_outside_the_hub(mechanism):
    (award,) = Rounds(mechanism=mechanism).next([workflow()]).awards
    offers = [
        Offer(
            member.provider,
            member.tier,
            member.input_ratio,
            (bid := BIDS[member.provider]).workflow,
            Uniform(bid.low, bid.high),
        )
        for member in MEMBERS
    ]
    expected = MECHANISMS[mechanism].buy(CHAIN, offers)
    assert award.outcome == expected
    assert award.payments_nano == {
        name: nano_usd(paid) for name, paid in expected.payments_usd.items()
    }


def test_the_published_workload_pays_for_cached_input_too():
    params = {"workload": "published", "payment_method": "bisection", "reserve": "none"}
    (award,) = Rounds(**params).next([workflow()]).awards
    options = StarOptions(**params)
    assert WorkflowHubParams(**params).options == options
    assert award.payments_nano != PAID


@pytest.mark.parametrize("settle", ["predicted", "realized"])
def test_payments_in_proportion_to_the_realised_work_are_told_and_paid_if_so_agreed(settle):
    rounds = Rounds(settle=settle)
    rounds.next([workflow()])
    rounds.next(completions=[node("w-1/draft", "x", length_tokens=1.2e6)])
    reply = rounds.next(completions=[node("w-1/edit", "y", length_tokens=0.9e6)])
    # y writes 0.9e6 and reads 1.2e6 at half the price: 1.5e6 again
    expected = {"x": (1.2e6, 900_000_000), "y": (1.5e6, 3_750_000_000)}
    for settled in reply.settlements:
        tokens, in_proportion = expected[settled.provider]
        assert settled.realized_quantity_tokens == pytest.approx(tokens)
        assert settled.realized_payment_nano == in_proportion
        paid = in_proportion if settle == "realized" else PAID[settled.provider]
        assert settled.client_paid_nano == settled.provider_received_nano == paid


def test_the_bid_for_workflows_counts_and_that_for_chat_does_not():
    outcome = Rounds().next([workflow()], y=Bid("y", 0.0, 3.0, 1.0, 4.0)).awards[0].outcome
    assert outcome.allocation == {"draft": "x", "edit": "z"}


def test_a_bid_above_its_prior_is_declined():
    award = Rounds().next([workflow()], y=Bid("y", 0.0, 4.1, 1.0, 4.0)).awards[0]
    assert award.bidders == ("x", "z")
    assert award.outcome.allocation["edit"] == "z"


@pytest.mark.parametrize("failing", ["draft", "edit"])
def test_a_failed_node_voids_the_whole_purchase_and_gives_all_slots_back(failing):
    rounds = Rounds()
    rounds.next([workflow()])
    if failing == "edit":
        rounds.next(completions=[node("w-1/draft", "x")])
    by = {"draft": "x", "edit": "y"}[failing]
    reply = rounds.next([workflow("w-2")], [node(f"w-1/{failing}", by, error="lost")])
    assert reply.ended == (WorkflowEnd("w-1", "a node failed"),)
    assert {settled.provider for settled in reply.settlements} == {"x", "y"}
    for settled in reply.settlements:
        assert settled.void
        assert settled.client_paid_nano == settled.provider_received_nano == 0
        assert settled.realized_quantity_tokens is settled.realized_payment_nano is None
    # nothing more of the first is sent, and the second finds both free
    assert [one.workflow for one in reply.dispatches] == ["w-2"]
    assert reply.awards[0].outcome.allocation == {"draft": "x", "edit": "y"}


def test_a_failure_waits_for_the_nodes_that_still_run():
    wide = Workflow(tuple(Node(name, 1e6, difficulty=1) for name in ("a", "b")))
    rounds = Rounds([provider("x", tier=1)])
    assert len(rounds.next([workflow(graph=wide)]).dispatches) == 2
    early = rounds.next(completions=[node("w-1/a", "x", error="lost")])
    assert early.ended == early.settlements == ()
    late = rounds.next(completions=[node("w-1/b", "x")])
    assert late.ended == (WorkflowEnd("w-1", "a node failed"),)
    assert [settled.void for settled in late.settlements] == [True]


def test_a_provider_gives_one_slot_to_a_workflow_however_many_nodes_it_wins():
    wide = Workflow(tuple(Node(f"n{k}", 1e6, difficulty=1) for k in range(5)))
    rounds = Rounds([provider("x", tier=1, workflow_slots=2)])
    reply = rounds.next([workflow(f"w-{k}", wide) for k in range(3)])
    assert [award.request.request for award in reply.awards] == ["w-0", "w-1"]
    assert len(reply.dispatches) == 10


def test_a_provider_without_a_free_slot_is_no_bidder():
    rounds = Rounds()
    reply = rounds.next([workflow("w-1"), workflow("w-2")])
    # the only slots of x and y are taken: z does both nodes of the second
    assert [award.bidders for award in reply.awards] == [("x", "y", "z"), ("z",)]
    assert reply.awards[1].outcome.allocation == {"draft": "z", "edit": "z"}
    third = rounds.next([workflow("w-3")])
    assert third.awards == ()
    assert third.refused == ()


def test_slots_come_back_with_the_end_of_the_workflow_and_serve_who_waits():
    rounds = Rounds([MEMBERS[1]], patience_rounds=10)
    rounds.next([workflow("w-1"), workflow("w-2")])
    done = [rounds.next(completions=[node("w-1/draft", "y")])]
    done.append(rounds.next(completions=[node("w-1/edit", "y")]))
    assert [len(reply.awards) for reply in done] == [0, 1]
    assert done[1].awards[0].request.request == "w-2"


@pytest.mark.parametrize("patience", [1, 3])
def test_what_nobody_can_do_waits_and_is_then_refused(patience):
    rounds = Rounds([MEMBERS[0]], patience_rounds=patience)
    refused = [rounds.next([workflow("w-1")]).refused]
    refused += [rounds.next().refused for _ in range(patience + 1)]
    assert refused == [("w-1",) if number == patience else () for number in range(1, patience + 3)]


def test_without_members_every_workflow_is_refused_in_time():
    rounds = Rounds([], patience_rounds=2)
    assert rounds.next([workflow("w-1")]).refused == ()
    assert rounds.next().refused == ("w-1",)


def test_one_that_cannot_be_bought_does_not_hold_up_those_behind_it():
    hard = Workflow((Node("a", 1e6, difficulty=9),))
    reply = Rounds().next([workflow("w-1", hard), workflow("w-2")])
    assert [award.request.request for award in reply.awards] == ["w-2"]


def test_after_the_last_round_what_is_not_done_has_failed():
    rounds = Rounds()
    rounds.next([workflow()])
    reply = rounds.next(completions=[node("w-1/draft", "x")], last=True)
    assert reply.ended == (WorkflowEnd("w-1", "a node failed"),)
    assert all(settled.void for settled in reply.settlements)
    assert reply.dispatches == ()


@pytest.mark.parametrize("seed", range(4))
def test_over_many_random_rounds_slots_hold_and_every_workflow_ends_once(seed):
    rng = np.random.default_rng(seed)
    members = [
        provider(f"p{k}", tier=k % 3 + 1, workflow_slots=int(rng.integers(1, 3))) for k in range(7)
    ]
    slots = {member.provider: member.workflow_slots for member in members}
    rounds = Rounds(members, patience_rounds=3)
    asked: set[str] = set()
    bought: dict[str, Any] = {}
    running: list[Completion] = []
    ended: list[str] = []
    for number in range(80):
        rng.shuffle(running)
        cut = int(rng.integers(0, len(running) + 1))
        done, running = running[:cut], running[cut:]
        new = [
            workflow(f"w-{number}-{k}", random_workflow(rng, layers=3, width=3))
            for k in range(rng.poisson(1.0) if number < 50 else 0)
        ]
        asked |= {one.request for one in new}
        costs = {name: float(rng.uniform(0.5, 1.0)) for name in slots}
        bids = {name: Bid(name, 0.0, cost, 0.5, 1.0) for name, cost in costs.items()}
        reply = rounds.next(new, done, **bids)
        for end in reply.ended:
            award = bought.pop(end.request)
            settled = [one for one in reply.settlements if one.request == end.request]
            assert {one.provider for one in settled} == set(award.payments_nano)
            assert len(settled) == len(award.payments_nano)
            for one in settled:
                assert one.void == (end.error is not None)
                paid = 0 if one.void else award.payments_nano[one.provider]
                assert one.client_paid_nano == one.provider_received_nano == paid
                assert one.hub_kept_nano == 0
            ended.append(end.request)
        ended += reply.refused
        bought |= {award.request.request: award for award in reply.awards}
        taken = Counter(name for award in bought.values() for name in award.payments_nano)
        assert all(taken[name] <= limit for name, limit in slots.items())
        assert {one.workflow for one in reply.dispatches} <= set(bought)
        for one in reply.dispatches:
            assert bought[one.workflow].outcome.allocation[one.node] == one.provider
            error = "lost" if rng.random() < 0.02 else None
            running.append(node(one.request, one.provider, error=error))
    assert set(ended) | set(bought) == asked
    assert len(ended) == len(set(ended)) > 20
    assert not bought


def test_a_node_may_have_any_name():
    rounds = Rounds()
    odd = Workflow((Node("a/b", 1e6, difficulty=1),))
    rounds.next([workflow(graph=odd)])
    done = rounds.next(completions=[node("w-1/a/b", "x")])
    assert done.ended == (WorkflowEnd("w-1", None),)


def test_in_the_last_round_nothing_is_bought():
    reply = Rounds().next([workflow()], last=True)
    assert reply.awards == reply.dispatches == ()


def learning_rounds(source: str, members=MEMBERS, **params: Any) -> Rounds:
    prior = {"source": source, "min_samples": 2, "window": 12} | params
    return Rounds(members, prior=prior)


def test_bids_are_learned_from_in_the_next_round_and_not_in_their_own():
    rounds = learning_rounds("others")  # two bids of others are enough, and each round has two
    assert rounds.next([workflow()]).awards[0].payments_nano == PAID
    rounds = learning_rounds("others")
    rounds.next()
    assert rounds.next([workflow()]).awards[0].payments_nano != PAID


def test_in_disjoint_pools_a_workflow_is_auctioned_in_one_alone():
    members = [provider(f"p{k}", tier=2, workflow_slots=40) for k in range(8)]
    rounds = learning_rounds("disjoint_pool", members)
    bids = {f"p{k}": Bid(f"p{k}", 9.0, 1.5 + k / 10, 1.0, 4.0) for k in range(8)}
    awards = rounds.next([workflow(f"w-{k}") for k in range(30)], **bids).awards
    pools = sorted({award.bidders for award in awards})
    assert len(awards) == 30
    assert len(pools) == 2
    assert sorted(pools[0] + pools[1]) == sorted(bids)
    assert len(pools[0]) == len(pools[1]) == 4


@pytest.mark.parametrize("source", ["fixed", "disjoint_pool"])
def test_a_workflow_that_its_pool_cannot_do_waits_and_is_refused_though_the_other_could(source):
    members = [provider("able", tier=2, workflow_slots=40), provider("unable", tier=1)]
    bids = {name: Bid(name, 9.0, 1.5, 1.0, 4.0) for name in ("able", "unable")}
    rounds = Rounds(members, prior={"source": source}, patience_rounds=2)
    asked = {f"w-{k}" for k in range(20)}
    reply = rounds.next([workflow(name) for name in sorted(asked)], **bids)
    awarded = {award.request.request for award in reply.awards}
    assert not reply.refused
    assert set(rounds.next(**bids).refused) == asked - awarded
    assert awarded
    assert (awarded == asked) == (source == "fixed")


def test_within_a_round_a_slot_links_auctions_so_that_the_truth_is_best_only_in_each():
    """A lie that loses the first workflow keeps the slot for the second, which pays more."""
    members = [provider("able", tier=2, workflow_slots=1), provider("rival", tier=1)]
    easy = workflow("easy", Workflow((Node("only", 1e6, difficulty=1),), ()))
    hard = workflow("hard", Workflow((Node("only", 1e6, difficulty=2),), ()))

    def gain(bid: float, *requests: WorkflowRequest) -> float:
        """What ``able`` is paid above its cost, USD; that is 2 for each workflow."""
        hub = WorkflowHub("workflow", members, WorkflowHubParams())
        bids = [Bid("able", 1.0, bid, 1.0, 10.0), Bid("rival", 1.0, 3.0, 1.0, 10.0)]
        awards = hub.clear(WorkflowRound(1, [], requests, bids)).awards
        paid = [award.payments_nano.get("able") for award in awards]
        return sum(nano / 1e9 - 2.0 for nano in paid if nano is not None)

    assert gain(2.0, easy) == 1.0 > gain(3.5, easy) == 0.0
    assert gain(2.0, hard) == gain(3.5, hard) == 8.0
    assert gain(2.0, easy, hard) == 1.0 < gain(3.5, easy, hard) == 8.0


def test_the_reply_tells_of_the_edges_whose_target_came_back():
    rounds = Rounds()
    assert rounds.next([workflow()]).handoffs == ()
    assert rounds.next(completions=[node("w-1/draft", "x")]).handoffs == ()
    (edge,) = rounds.next(completions=[node("w-1/edit", "y", cached_tokens=0)]).handoffs
    assert (edge.workflow, edge.source, edge.target) == ("w-1", "draft", "edit")
    assert (edge.source_provider, edge.target_provider, edge.switched) == ("x", "y", True)


def test_cached_input_is_bought_and_settled_at_the_hit_ratio():
    large = provider("y", tier=2, input_ratio=0.5, hit_ratio=0.25)
    rounds = Rounds([large], charge_cached_input=True, settle="realized")
    (award,) = rounds.next([workflow()]).awards
    assert award.outcome.quantities == {"y": 2e6 + 0.25 * 1e6}
    # the draft turns out twice as long, and so does what the editor reads of it
    rounds.next(completions=[node("w-1/draft", "y", length_tokens=2e6)])
    reply = rounds.next(completions=[node("w-1/edit", "y", length_tokens=1e6)])
    (settled,) = reply.settlements
    assert settled.realized_quantity_tokens == 3e6 + 0.25 * 2e6
    paid = award.payments_nano["y"] * 3.5 / 2.25
    assert settled.client_paid_nano == pytest.approx(paid, abs=1)


def test_a_member_that_charges_more_for_cached_input_is_refused_where_it_counts():
    odd = provider("odd", input_ratio=0.25, hit_ratio=0.5)
    assert Rounds([odd]).hub.members == (odd,)
    with pytest.raises(BadInput, match=r"provider 'odd'\.hit_ratio: expected at most its input"):
        Rounds([odd], charge_cached_input=True)
