"""One trial: the rounds of a market from its first arrival to its last settlement."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from agents.chat_bids import ChatWin
from agents.engine import Job, failed
from agents.provider import ProviderReply
from hubs.host import HubsRound
from hubs.matching_hub import ChatReply, ChatRound
from hubs.second_auction import first_id
from hubs.workflow_hub import WorkflowReply, WorkflowRound
from market.frozen import freeze, thaw
from market.messages import CHAT, NODE, Bid, ChatRequest, Completion, WorkflowRequest
from market.prompt import prompt_tokens
from orchestrator.assembly import Market
from orchestrator.chat_wins import chat_wins
from orchestrator.demand import Answer
from orchestrator.faults.attendance import Attendance
from orchestrator.faults.clearing import ClearedThrough, clear_through
from orchestrator.faults.contracts import Contracts
from orchestrator.faults.events import PROVIDER_LOST
from orchestrator.faults.plan import FaultPlan
from orchestrator.faults.second_auctions import SecondAuctions, reauctioned, workflow_again
from orchestrator.faults.stepping import Stepping
from orchestrator.faults.understudies import Understudies
from orchestrator.jobs import chat_job, measured, node_job
from orchestrator.records import ChatEnd, OpenChat, OpenWorkflow, RoundRecord
from orchestrator.runtime import Runtime
from orchestrator.scenario.model import Scenario
from orchestrator.stopwatch import Stopwatch

TRIAL_ENDED = "trial ended"

#: What a trial is made with, and does not change.
_FIXED = ("_scenario", "market", "_runtime", "_last", "_plan", "_stepping", "_second_auctions")


class Trial:
    """Drives one market through its rounds.

    Args:
        scenario: what to run.
        market: who takes part.
        runtime: where they are seated.
    """

    def __init__(self, scenario: Scenario, market: Market, runtime: Runtime):
        self._scenario = scenario
        self.market = market
        self._runtime = runtime
        self._chats: dict[str, OpenChat] = {}
        self._workflows: dict[str, OpenWorkflow] = {}
        self._jobs: dict[str, tuple[str, Job]] = {}  # what is in flight, and at which provider
        self._to_hand_out: dict[str, list[Job]] = {}
        self._won: dict[str, ChatWin] = {}
        self._round = 0
        self._last = scenario.rounds + scenario.drain_rounds
        self._plan = FaultPlan(scenario, market)
        understudies = Understudies(scenario, market.seed)
        self._stepping = Stepping(runtime, self._plan, understudies, scenario.round_s)
        self._second_auctions = SecondAuctions(scenario)
        self._attendance = Attendance(scenario.faults, scenario.round_s)
        self._contracts = Contracts()
        self._workflows_again: list[OpenWorkflow] = []  # to be auctioned again in the next round

    def freeze(self) -> bytes:
        """All that changes in a trial but the participants, between two rounds, pickled."""
        return freeze(self._changing())

    def thaw(self, frozen: bytes) -> None:
        """Go on from where a trial of the same scenario was frozen."""
        changing = thaw(frozen)
        self.market = replace(self.market, **changing.pop("market"))
        vars(self).update(changing)

    def _changing(self) -> dict[str, Any]:
        state = {name: value for name, value in vars(self).items() if name not in _FIXED}
        tape = {name: getattr(self.market, name) for name in ("router", "clients", "demand")}
        return {**state, "market": tape}

    def rounds(self) -> Iterator[RoundRecord]:
        """The rounds, as they happen, until nothing is open or the drain takes too long."""
        while not self.over:
            number = self._round = self._round + 1
            clock = Stopwatch()
            now_s = number * self._scenario.round_s
            replies = self._stepping.step(number, self._attendance, self._to_hand_out, self._won)
            completions = self._completions(replies, number)
            clock.lap("engines_s")
            again = self._answer(completions, number)
            arrived = [*again, *self._arrivals(number, now_s)]
            self._chats.update((chat.request.request, chat) for chat in arrived)
            workflows = self._workflow_arrivals(number, now_s)
            clock.lap("routing_s")
            bids = {reply.bid.provider: reply.bid for reply in replies}
            asked = HubsRound(
                self._chat_rounds(number, completions, arrived, bids),
                self._workflow_round(number, completions, workflows, bids),
            )
            cleared = self._clear(asked, number)
            chat, bought = cleared.chat, cleared.workflow
            self.market.router.hear([reply.signal for reply in chat.values()])
            clock.lap("hubs_s")
            self._keep_contracts(completions, chat, bought)
            names = self._note_bought(bought, replies, number)
            self._to_hand_out = self._hand_out(chat, bought, now_s)
            self._won = chat_wins(self.market.matching_members, chat)
            yield RoundRecord(
                number=number,
                time_s=now_s,
                replies=replies,
                completions=completions,
                arrived=arrived,
                chat=chat,
                workflows=bought,
                workflow_names=names,
                chat_ends=self._end_chats(completions, chat, again),
                workflow_ends=self._end_workflows(bought, number),
                inflight=sum(job.kind == CHAT for _, job in self._jobs.values()),
                faults=[
                    *self._attendance.events(completions, reauctioned(again)),
                    *cleared.faults,
                ],
                seconds=clock.seconds,
            )

    @property
    def over(self) -> bool:
        """Whether there is no further round."""
        return self._round == self._last or self._nothing_left(self._round)

    def _completions(self, replies: Sequence[ProviderReply], number: int) -> list[Completion]:
        """What finished or was lost, in order; in the very last round, what is left fails."""
        now_s = number * self._scenario.round_s
        came = [done for reply in replies for done in reply.completions]
        came += [
            failed(job, provider, now_s, PROVIDER_LOST)
            for provider, job in self._jobs.values()
            if self._attendance.is_lost(provider)
        ]
        came.sort(key=lambda done: (done.finish_s, done.provider, done.request))
        completions = []
        for done in came:
            _, job = self._jobs.pop(done.request)
            completions.append(measured(done, job, self._workflows))
        if number == self._last:
            completions += [
                failed(job, provider, now_s, TRIAL_ENDED) for provider, job in self._jobs.values()
            ]
            self._jobs.clear()
        return completions

    def _answer(self, completions: Sequence[Completion], number: int) -> list[OpenChat]:
        """Tell the tape which turns were answered, and the router what they were about.

        Returns the requests of lost providers, which are auctioned again in this round.
        """
        done_chats = [done for done in completions if done.kind == CHAT]
        again = self._second_auctions.of_chats(done_chats, self._chats, number)
        first_ones = reauctioned(again)
        for done in done_chats:
            chat = self._chats[done.request]
            if done.error is None:
                answer = None if done.text is None else Answer(done.text, done.output_tokens)
                self.market.demand.answered(chat.turn, done.finish_s, answer)
            elif done.request not in first_ones:
                self.market.demand.lost(chat.turn)
            if done.domain is not None:
                self.market.router.learn(chat.request, done.domain)
        return again

    def _arrivals(self, number: int, now_s: float) -> list[OpenChat]:
        """The chat turns of this round, as their clients report them, with a hub for each."""
        arrived = []
        for turn in self.market.demand.turns(now_s):
            client = self.market.clients[self.market.clients.client_of(turn.dialogue)]
            request = ChatRequest(
                request=turn.request,
                client=client.client,
                dialogue=turn.dialogue,
                turn=turn.turn,
                arrival_s=turn.arrival_s,
                prompt=turn.prompt,
                prompt_tokens=prompt_tokens(turn.prompt),
                terms=turn.terms,
                reported=client.report(turn.request),
            )
            domain = self.market.router.classify(request)
            hub = self.market.router.route(request, domain)
            arrived.append(OpenChat(turn, request, hub, domain, number))
        return arrived

    def _workflow_arrivals(self, number: int, now_s: float) -> list[WorkflowRequest]:
        opened, self._workflows_again = self._workflows_again, []
        for arrival in self.market.demand.workflows(now_s):
            request = WorkflowRequest(
                request=arrival.request,
                client=self.market.clients.client_of(arrival.request),
                arrival_s=arrival.arrival_s,
                workflow=arrival.workflow,
                execution_scale=arrival.execution_scale,
            )
            opened.append(OpenWorkflow(arrival, request, number))
        self._workflows.update((one.request.request, one) for one in opened)
        return [one.request for one in opened]

    def _clear(self, asked: HubsRound, number: int) -> ClearedThrough:
        """Every hub settles, learns, predicts and clears, also if it has lost its memory."""
        told = partial(
            self._contracts.told, chats=self._chats, workflows=self._workflows, number=number
        )
        return clear_through(self._runtime, asked, self._plan.of_hubs(number), told)

    def _keep_contracts(
        self,
        completions: Sequence[Completion],
        chat: Mapping[str, ChatReply],
        bought: WorkflowReply,
    ) -> None:
        """Keep what hubs would have to be told again from now on."""
        self._contracts.came_back(completions)
        awards = [award for reply in chat.values() for award in reply.awards]
        self._contracts.awarded(awards, bought.awards)

    def _chat_rounds(
        self,
        number: int,
        completions: Sequence[Completion],
        arrived: Sequence[OpenChat],
        bids: Mapping[str, Bid],
    ) -> dict[str, ChatRound]:
        """What every matching hub gets to know in this round."""
        done_at: dict[str, list[Completion]] = defaultdict(list)
        for done in completions:
            if done.kind == CHAT:
                done_at[self._chats[done.request].hub].append(done)
        arrived_at: dict[str, list[tuple[ChatRequest, str]]] = defaultdict(list)
        for chat in arrived:
            arrived_at[chat.hub].append((chat.request, chat.guessed_domain))
        return {
            hub: ChatRound(
                number,
                done_at[hub],
                arrived_at[hub],
                [bids[member.provider] for member in members],
            )
            for hub, members in self.market.matching_members.items()
        }

    def _workflow_round(
        self,
        number: int,
        completions: Sequence[Completion],
        requests: Sequence[WorkflowRequest],
        bids: Mapping[str, Bid],
    ) -> WorkflowRound:
        nodes = [done for done in completions if done.kind == NODE]
        offered = [bids[member.provider] for member in self.market.workflow_members]
        return WorkflowRound(number, nodes, requests, offered, last=number == self._last)

    def _hand_out(
        self, chat: Mapping[str, ChatReply], bought: WorkflowReply, now_s: float
    ) -> dict[str, list[Job]]:
        """The jobs that the awards amount to, by provider."""
        jobs: dict[str, list[Job]] = defaultdict(list)
        for reply in chat.values():
            for award in reply.awards:
                turn = self._chats[award.request].turn
                in_text = award.provider in self.market.speakers
                jobs[award.provider].append(chat_job(award, turn, now_s, in_text=in_text))
        for node in bought.dispatches:
            jobs[node.provider].append(node_job(node, self._workflows[node.workflow], now_s))
        for provider, handed in jobs.items():
            for job in handed:
                self._jobs[job.request] = provider, job
        return jobs

    def _end_chats(
        self,
        completions: Sequence[Completion],
        chat: Mapping[str, ChatReply],
        again: Sequence[OpenChat],
    ) -> list[ChatEnd]:
        """Close the requests that were served, failed or refused, and tell their clients.

        A client is told once, how the last of its auctions ended.
        """
        first_ones = reauctioned(again)
        settled = [one for reply in chat.values() for one in reply.settlements]
        paid_nano = {one.request: one.client_paid_nano for one in settled}
        ends = [
            ChatEnd(self._chats.pop(done.request), done, done.request in first_ones)
            for done in completions
            if done.kind == CHAT
        ]
        for reply in chat.values():
            for name in reply.refused:
                refused = self._chats.pop(name)
                self.market.demand.lost(refused.turn)
                ends.append(ChatEnd(refused, None))
        for end in ends:
            if not end.reauctioned:
                request = end.open.request
                paid = paid_nano.get(request.request, 0)
                client = self.market.clients[request.client]
                client.end(first_id(request.request), end.completion, paid)
        return ends

    def _note_bought(
        self, bought: WorkflowReply, replies: Sequence[ProviderReply], number: int
    ) -> dict[str, str]:
        """Note when workflows were bought, and what work cost the winners when they bid for it.

        Returns the name of the graph of each, by request.
        """
        if not bought.awards:
            return {}
        cost = {reply.bid.provider: reply.private.cost_usd_per_mtok for reply in replies}
        names = {}
        for award in bought.awards:
            name = award.request.request
            winners = {winner: cost[winner] for winner in award.outcome.quantities}
            self._workflows[name] = replace(
                self._workflows[name], awarded_round=number, costs_usd_per_mtok=winners
            )
            names[name] = self._workflows[name].arrival.name
        return names

    def _end_workflows(self, bought: WorkflowReply, number: int) -> list[tuple[OpenWorkflow, str]]:
        """Close the workflows that ended; those of lost providers may be auctioned again."""
        ends = []
        for end in bought.ended:
            opened = self._workflows.pop(end.request)
            of_lost = self._contracts.ended(end.request)
            status = "failed" if end.error else "served"
            if of_lost and self._second_auctions.may_enter(opened, number + 1):
                status = "reauctioned"
                self._workflows_again.append(workflow_again(opened, number + 1))
            ends.append((opened, status))
        return ends + [(self._workflows.pop(name), "refused") for name in bought.refused]

    def _nothing_left(self, number: int) -> bool:
        is_open = self._chats or self._workflows or self._workflows_again
        return number >= self._scenario.rounds and not is_open
