"""One trial: the rounds of a market from its first arrival to its last settlement."""

from __future__ import annotations

import itertools
import pickle
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from agents.chat_bids import ChatWin
from agents.engine import Job, failed
from agents.provider import ProviderReply
from hubs.host import HubsRound
from hubs.matching_hub import ChatReply, ChatRound
from hubs.workflow_hub import WorkflowReply, WorkflowRound
from market.messages import (
    CHAT,
    NODE,
    Bid,
    ChatAward,
    ChatRequest,
    Completion,
    NodeDispatch,
    WorkflowRequest,
)
from market.prompt import prompt_tokens
from orchestrator.assembly import Market
from orchestrator.chat_wins import chat_wins
from orchestrator.demand import Answer
from orchestrator.records import ChatEnd, OpenChat, OpenWorkflow, RoundRecord
from orchestrator.runtime import Runtime
from orchestrator.scenario import Scenario
from orchestrator.stopwatch import Stopwatch

TRIAL_ENDED = "trial ended"

#: What a trial is made with, and does not change.
_FIXED = ("_scenario", "market", "_runtime")


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

    def freeze(self) -> bytes:
        """All that changes in a trial but the participants, between two rounds, pickled."""
        return pickle.dumps(self._changing(), protocol=5)

    def thaw(self, frozen: bytes) -> None:
        """Go on from where a trial of the same scenario was frozen."""
        changing = pickle.loads(frozen)
        self.market = replace(self.market, **changing.pop("market"))
        vars(self).update(changing)

    def _changing(self) -> dict[str, Any]:
        state = {name: value for name, value in vars(self).items() if name not in _FIXED}
        tape = {name: getattr(self.market, name) for name in ("router", "clients", "demand")}
        return {**state, "market": tape}

    def rounds(self) -> Iterator[RoundRecord]:
        """The rounds, as they happen, until nothing is open or the drain takes too long."""
        for number in itertools.count(self._round + 1):
            self._round = number
            clock = Stopwatch()
            now_s = number * self._scenario.round_s
            replies = self._runtime.step_providers(self._to_hand_out, now_s, self._won, ()).replies
            completions = self._completions(replies, number)
            clock.lap("engines_s")
            self._answer(completions)
            arrived = self._arrivals(number, now_s)
            workflows = self._workflow_arrivals(now_s)
            clock.lap("routing_s")
            bids = {reply.bid.provider: reply.bid for reply in replies}
            asked = HubsRound(
                self._chat_rounds(number, completions, arrived, bids),
                self._workflow_round(number, completions, workflows, bids),
            )
            chat, bought = self._clear(asked)
            self.market.router.hear([reply.signal for reply in chat.values()])
            clock.lap("hubs_s")
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
                chat_ends=self._end_chats(completions, chat),
                workflow_ends=self._end_workflows(bought),
                inflight=sum(job.kind == CHAT for _, job in self._jobs.values()),
                seconds=clock.seconds,
            )
            if self._is_last(number) or self._nothing_left(number):
                return

    def _completions(self, replies: Sequence[ProviderReply], number: int) -> list[Completion]:
        """What finished, in order; in the very last round, what did not finish fails."""
        finished = [done for reply in replies for done in reply.completions]
        finished.sort(key=lambda done: (done.finish_s, done.provider, done.request))
        completions = [self._measured(done) for done in finished]
        for done in completions:
            del self._jobs[done.request]
        if self._is_last(number):
            now_s = number * self._scenario.round_s
            completions += [
                failed(job, provider, now_s, TRIAL_ENDED) for provider, job in self._jobs.values()
            ]
            self._jobs.clear()
        return completions

    def _measured(self, done: Completion) -> Completion:
        """A node that is done says its length: what was drawn, in proportion to what was executed.

        At a small scale of execution the tokens that were executed are too few to tell.
        """
        if done.kind != NODE or done.error is not None:
            return done
        workflow, _, node = done.request.partition("/")
        _, job = self._jobs[done.request]
        executed = done.output_tokens / job.output_tokens
        length = self._workflows[workflow].arrival.length_tokens[node]
        return replace(done, length_tokens=length * executed)

    def _answer(self, completions: Sequence[Completion]) -> None:
        """Tell the tape which turns were answered, and the router what they were about."""
        for done in completions:
            if done.kind != CHAT:
                continue
            chat = self._chats[done.request]
            if done.error is None:
                answer = None if done.text is None else Answer(done.text, done.output_tokens)
                self.market.demand.answered(chat.turn, done.finish_s, answer)
            else:
                self.market.demand.lost(chat.turn)
            if done.domain is not None:
                self.market.router.learn(chat.request, done.domain)

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
        self._chats.update((chat.request.request, chat) for chat in arrived)
        return arrived

    def _workflow_arrivals(self, now_s: float) -> list[WorkflowRequest]:
        requests = []
        for arrival in self.market.demand.workflows(now_s):
            request = WorkflowRequest(
                request=arrival.request,
                client=self.market.clients.client_of(arrival.request),
                arrival_s=arrival.arrival_s,
                workflow=arrival.workflow,
                execution_scale=arrival.execution_scale,
            )
            self._workflows[arrival.request] = OpenWorkflow(arrival, request)
            requests.append(request)
        return requests

    def _clear(self, asked: HubsRound) -> tuple[dict[str, ChatReply], WorkflowReply]:
        """Every hub settles, learns, predicts and clears."""
        reply = self._runtime.clear_hubs(asked).reply
        assert reply.workflow is not None  # one was asked
        return reply.chat, reply.workflow

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
        return WorkflowRound(number, nodes, requests, offered, last=self._is_last(number))

    def _hand_out(
        self, chat: Mapping[str, ChatReply], bought: WorkflowReply, now_s: float
    ) -> dict[str, list[Job]]:
        """The jobs that the awards amount to, by provider."""
        jobs: dict[str, list[Job]] = defaultdict(list)
        for reply in chat.values():
            for award in reply.awards:
                jobs[award.provider].append(self._chat_job(award, now_s))
        for node in bought.dispatches:
            jobs[node.provider].append(self._node_job(node, now_s))
        for provider, handed in jobs.items():
            for job in handed:
                self._jobs[job.request] = provider, job
        return jobs

    def _chat_job(self, award: ChatAward, now_s: float) -> Job:
        turn = self._chats[award.request].turn
        spoken = turn.spoken if award.provider in self.market.speakers else None
        return Job(
            request=award.request,
            kind=CHAT,
            prompt=turn.prompt,
            output_tokens=turn.output_tokens if spoken is None else spoken.most_tokens,
            answer=turn.answer,
            submitted_s=now_s,
            task=turn.task,
            pays_nano=award.provider_receives_nano,
            texts={} if spoken is None else spoken.texts,
        )

    def _node_job(self, node: NodeDispatch, now_s: float) -> Job:
        """A node runs as long as it turns out to be, which the hub that sends it does not know."""
        open_workflow = self._workflows[node.workflow]
        tokens = open_workflow.arrival.realized_tokens(node.node)
        output_tokens = open_workflow.request.executed_tokens(tokens)
        return Job(
            request=node.request,
            kind=NODE,
            prompt=node.prompt,
            output_tokens=output_tokens,
            answer=node.answer,
            submitted_s=now_s,
            cost_usd_per_mtok=open_workflow.costs_usd_per_mtok[node.provider],
        )

    def _end_chats(
        self, completions: Sequence[Completion], chat: Mapping[str, ChatReply]
    ) -> list[ChatEnd]:
        """Close the requests that were served, failed or refused, and tell their clients."""
        settled = [one for reply in chat.values() for one in reply.settlements]
        paid_nano = {one.request: one.client_paid_nano for one in settled}
        ends = [
            ChatEnd(self._chats.pop(done.request), done)
            for done in completions
            if done.kind == CHAT
        ]
        for reply in chat.values():
            for request in reply.refused:
                refused = self._chats.pop(request)
                self.market.demand.lost(refused.turn)
                ends.append(ChatEnd(refused, None))
        for end in ends:
            name, client = end.open.request.request, end.open.request.client
            self.market.clients[client].end(name, end.completion, paid_nano.get(name, 0))
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

    def _end_workflows(self, bought: WorkflowReply) -> list[tuple[OpenWorkflow, str]]:
        """Close the workflows that ended."""
        ends = [
            (self._workflows.pop(end.request), "failed" if end.error else "served")
            for end in bought.ended
        ]
        return ends + [(self._workflows.pop(name), "refused") for name in bought.refused]

    def _nothing_left(self, number: int) -> bool:
        return number >= self._scenario.rounds and not self._chats and not self._workflows

    def _is_last(self, number: int) -> bool:
        return number == self._scenario.rounds + self._scenario.drain_rounds
