"""The workflow hub: it sees every provider with workflow slots, and buys workflows.

A provider that wins any node of a workflow gives one workflow slot to it until the workflow ends.
Lengths are expectations: what nodes turn out to take reaches the hub with their completions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hubs.execution import Execution
from hubs.handoff import Handoff
from hubs.params import WorkflowHubParams
from hubs.prior_learning import PriorLearning, RoundPriors
from hubs.recovery import WorkflowRecovery
from hubs.settlement import in_proportion, realized_workflow
from hubs.waiting_room import WaitingRoom
from hubs.workflow_award import WorkflowAward
from market.errors import Infeasible
from market.messages import (
    WORKFLOW,
    Bid,
    Completion,
    NodeDispatch,
    Settlement,
    WorkflowRequest,
)
from market.money import nano_usd
from market.profiles import ProviderProfile
from market.workflow import Offer
from market.workflow.offer import check_hit_ratio
from market.workflow.quantities import quantities_of

WORKFLOW_HUB = "workflow"


@dataclass(frozen=True)
class WorkflowRound:
    """What the workflow hub gets in one round; ``bids`` are its members', in their order.

    After the ``last`` round nothing comes back any more: what is not done has failed.
    """

    number: int
    completions: Sequence[Completion]
    requests: Sequence[WorkflowRequest]
    bids: Sequence[Bid]
    last: bool = False


@dataclass(frozen=True)
class WorkflowEnd:
    """A workflow whose last node came back; ``error`` is None where it was served."""

    request: str
    error: str | None


@dataclass(frozen=True)
class WorkflowReply:
    """The workflow hub's answer to one round; ``handoffs`` are of the nodes that came back."""

    awards: tuple[WorkflowAward, ...]
    dispatches: tuple[NodeDispatch, ...]
    refused: tuple[str, ...]
    ended: tuple[WorkflowEnd, ...]
    settlements: tuple[Settlement, ...]
    handoffs: tuple[Handoff, ...]


class WorkflowHub:
    """The hub that buys workflows.

    Args:
        hub: its id.
        members: every provider with workflow slots; their order breaks ties.
        params: how it buys.

    Raises ``BadInput`` where cached input is charged and costs a member more than other input.
    """

    def __init__(self, hub: str, members: Sequence[ProviderProfile], params: WorkflowHubParams):
        self.hub = hub
        self.members = tuple(members)
        self._params = params
        self._learning = PriorLearning(members, params.prior)
        self._input_ratio = {member.provider: member.input_ratio for member in members}
        self._hit_ratio: dict[str, float] | None = None
        if params.charge_cached_input:
            self._hit_ratio = {member.provider: member.hit_ratio for member in members}
            for member in members:
                check_hit_ratio(member.provider, member.input_ratio, member.hit_ratio)
        self._free = {member.provider: member.workflow_slots for member in members}
        self._room: WaitingRoom[WorkflowRequest] = WaitingRoom(params.patience_rounds)
        self._bought: dict[str, tuple[WorkflowAward, Execution]] = {}
        self._dispatched: dict[str, tuple[str, str]] = {}

    def recover(self, told: WorkflowRecovery) -> None:
        """Begin anew with the workflows that are under way and those that wait; before a round.

        What was learned of priors is forgotten.
        """
        for award, came_back in told.under_way:
            execution = Execution(award.request, award.outcome.allocation)
            self._take_in(award, execution)
            for completions in ((), *came_back):
                for completion in completions:
                    _, node = self._dispatched.pop(completion.request)
                    execution.finish(node, completion)
                self._dispatch_from([execution])
        for request, clearings in told.waiting:
            self._room.enter_again(request, clearings)

    def clear(self, round_: WorkflowRound) -> WorkflowReply:
        """Note which nodes are done, settle what has ended, buy what waits, dispatch nodes."""
        handoffs: list[Handoff] = []
        for completion in round_.completions:
            workflow, node = self._dispatched.pop(completion.request)
            handoffs += self._bought[workflow][1].finish(node, completion)
        if round_.last:
            for _, execution in self._bought.values():
                execution.failed = True
        ended, settlements = self._settle_ended()
        self._room.enter(round_.requests)
        awards = () if round_.last else self._buy(round_.bids)
        self._learning.observe(round_.bids)
        dispatches = self._dispatch_from([execution for _, execution in self._bought.values()])
        bought = [request.request in self._bought for request in self._room.waiting]
        refused = tuple(one.request for one in self._room.after_clearing(bought))
        return WorkflowReply(awards, dispatches, refused, ended, settlements, tuple(handoffs))

    def _buy(self, bids: Sequence[Bid]) -> tuple[WorkflowAward, ...]:
        """Auction the waiting workflows in order of arrival among providers with a free slot."""
        awards = []
        priors = self._learning.round_priors(bids)
        for request in self._room.waiting:
            offers = self._offers(bids, priors, self._learning.pool(request.request))
            try:
                outcome = self._params.rule.buy(request.workflow, offers, self._params.options)
            except Infeasible:
                continue
            payments = {name: nano_usd(paid) for name, paid in outcome.payments_usd.items()}
            bidders = tuple(offer.provider for offer in offers)
            award = WorkflowAward(request, bidders, outcome, payments)
            self._take_in(award, Execution(request, outcome.allocation))
            awards.append(award)
        return tuple(awards)

    def _take_in(self, award: WorkflowAward, execution: Execution) -> None:
        """A workflow was bought: each winner gives it a slot."""
        self._bought[award.request.request] = award, execution
        for provider in award.outcome.quantities:
            self._free[provider] -= 1

    def _dispatch_from(self, executions: Sequence[Execution]) -> tuple[NodeDispatch, ...]:
        """Send the nodes that are ready."""
        sent = tuple(node for execution in executions for node in execution.dispatch_ready())
        self._dispatched.update((one.request, (one.workflow, one.node)) for one in sent)
        return sent

    def _offers(self, bids: Sequence[Bid], priors: RoundPriors, pool: int) -> list[Offer]:
        """The offers of a pool's available providers with a free slot.

        A bid above its prior is declined.
        """
        return [
            Offer(
                provider=member.provider,
                tier=member.tier,
                input_ratio=member.input_ratio,
                bid=bid.workflow,
                prior=priors[position],
                hit_ratio=member.hit_ratio,
            )
            for position, (member, bid) in enumerate(zip(self.members, bids, strict=True))
            if bid.available
            and self._free[member.provider] > 0
            and bid.workflow <= bid.high
            and self._learning.takes_part(position, pool)
        ]

    def _settle_ended(self) -> tuple[tuple[WorkflowEnd, ...], tuple[Settlement, ...]]:
        """Pay the winners of a served workflow; a failure voids the whole purchase."""
        ended, settlements = [], []
        for name in [n for n, (_, execution) in self._bought.items() if execution.done]:
            award, execution = self._bought.pop(name)
            ended.append(WorkflowEnd(name, "a node failed" if execution.failed else None))
            settlements += self._settle(award, execution)
            for provider in award.payments_nano:
                self._free[provider] += 1
        return tuple(ended), tuple(settlements)

    def _settle(self, award: WorkflowAward, execution: Execution) -> list[Settlement]:
        """Pay the winners for what was predicted, or in proportion for what it turned out to be."""
        realized: dict[str, float] = {}
        if not execution.failed:
            realized = quantities_of(
                realized_workflow(award.request.workflow, execution.length_tokens),
                award.outcome.allocation,
                self._input_ratio,
                charge_entry_input=self._params.charge_entry_input,
                hit_ratio=self._hit_ratio,
            )
        return [
            self._settlement(award, provider, realized.get(provider))
            for provider in award.payments_nano
        ]

    def _settlement(self, award: WorkflowAward, provider: str, tokens: float | None) -> Settlement:
        """What a winner gets for the ``tokens`` it has served; None where the workflow failed."""
        predicted, in_proportion_nano, paid = award.payments_nano[provider], None, 0
        if tokens is not None:
            quantity = award.outcome.quantities[provider]
            in_proportion_nano = in_proportion(predicted, quantity, tokens)
            paid = in_proportion_nano if self._params.settle == "realized" else predicted
        return Settlement(
            request=award.request.request,
            kind=WORKFLOW,
            client=award.request.client,
            provider=provider,
            hub=self.hub,
            client_paid_nano=paid,
            provider_received_nano=paid,
            hub_kept_nano=0,
            void=tokens is None,
            realized_quantity_tokens=tokens,
            realized_payment_nano=in_proportion_nano,
        )
