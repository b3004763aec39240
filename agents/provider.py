"""A provider: an engine, a private cost that moves, and a way of bidding."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

from agents.chat_bids import ChatBids, ChatWin
from agents.cost import Cost
from agents.engine import Engine, Job
from agents.presence import Presence, RoundPresence
from agents.prior import PriorParams
from agents.quality import Grader, evaluator_named
from agents.strategy import Strategy
from market import seeding
from market.messages import CHAT, WORKFLOW, Bid, Completion
from market.money import TOKENS_PER_MTOK, nano_usd
from market.profiles import ProviderProfile


@dataclass(frozen=True, slots=True)
class PrivateRecord:
    """What only the experimenter may see of a provider's round; for the log, never for a hub.

    Attributes:
        cost_usd_per_mtok: the true cost of 1e6 output tokens, now.
        realized_cost_nano: by request, what serving it truly cost.
        load: jobs in flight over slots, 1 at most, on which the true cost may depend.
        presence: why it offers nothing, if so, and what being in the market has cost.
    """

    cost_usd_per_mtok: float
    realized_cost_nano: dict[str, int]
    load: float
    presence: RoundPresence


@dataclass(frozen=True, slots=True)
class ProviderReply:
    """A provider's answer to one round."""

    bid: Bid
    completions: tuple[Completion, ...]
    private: PrivateRecord


class Provider:
    """One seller of the market.

    Args:
        profile: what it declares.
        engine: what serves its work.
        cost: its private cost over time.
        prior: what the market publicly believes of that cost.
        strategy: how it bids, given its cost. What its bids for chat win and earn is told to it;
            what a workflow pays is not, and one that learns bids the truth there, which STAR makes
            dominant.
        grader: how good its answers are.
        seed: of the trial; draws are keyed by the provider's id.
        presence: when it offers nothing; work in flight goes on then.
    """

    def __init__(
        self,
        profile: ProviderProfile,
        engine: Engine,
        cost: Cost,
        prior: PriorParams,
        strategy: Strategy,
        grader: Grader,
        seed: int,
        presence: Presence | None = None,
    ):
        self.profile = profile
        self.cost = cost
        self._prior = prior
        self._engine = engine
        self._strategy = strategy
        self._chat_bids = ChatBids(strategy.start(profile.provider))
        self._workflow_bids = strategy.without_feedback().start(profile.provider)
        self._grader = grader
        self._seed = seed
        self._presence = presence or Presence()
        self._jobs: dict[str, tuple[Job, float]] = {}
        self._last_cost: float | None = None  # at the last bid
        self._offered = True

    def start(self, now_s: float = 0.0) -> None:
        """Enter the market at ``now_s`` and start the engine, which may take a minute."""
        self._presence.begin(now_s)
        self._engine.start(now_s)

    @property
    def is_new(self) -> bool:
        """Whether it has not taken part in a round yet."""
        return self._last_cost is None

    def close(self) -> None:
        """Close the engine."""
        self._engine.close()

    def step(
        self, jobs: Sequence[Job], until_s: float, won: ChatWin | None = None
    ) -> ProviderReply:
        """Take the jobs of the last clearing, run until ``until_s``, and bid for the next one.

        A job costs what the provider's tokens cost when it made the bid that won the job, whatever
        its load has become since.
        """
        for job in jobs:
            self._jobs[job.request] = job, self._frozen_cost(job)
            self._engine.submit(job)
        if self._offered:
            self._chat_bids.awarded([job.request for job in jobs if job.kind == CHAT], won)
        else:
            self._chat_bids.missed()
        realized: dict[str, int] = {}
        completions = []
        for completion in self._engine.advance(until_s):
            job, cost = self._jobs.pop(completion.request)
            spent_nano = realized[completion.request] = self._realized_cost_nano(completion, cost)
            if job.kind == CHAT:
                paid_nano = 0 if completion.error is not None else job.pays_nano
                self._chat_bids.done(job.request, paid_nano - spent_nano)
                self._presence.earn(paid_nano - spent_nano)
            completions.append(self._graded(completion, job))
        load = self._load
        true_cost = self._last_cost = self.cost.usd_per_mtok(until_s, load)
        presence = self._presence.advance(until_s)
        self._offered = presence.absence is None
        record = PrivateRecord(true_cost, realized, load, presence)
        bid = self._bid(true_cost, until_s, self._chat_bids, offered=self._offered)
        return ProviderReply(bid, tuple(completions), record)

    def _frozen_cost(self, job: Job) -> float:
        """That of the bid that won the job, or of the moment for what came before the first bid."""
        if job.cost_usd_per_mtok is not None:
            return job.cost_usd_per_mtok
        if self._last_cost is None:
            return self.cost.usd_per_mtok(job.submitted_s)
        return self._last_cost

    @property
    def _load(self) -> float:
        """Jobs in flight over slots; nodes of one workflow that run side by side fill it too."""
        slots = self.profile.chat_slots + self.profile.workflow_slots
        return min(1.0, len(self._jobs) / slots)

    def absent(self, now_s: float, why: str) -> ProviderReply:
        """What it would bid at ``now_s`` had it just begun, if it is not there; changes nothing.

        ``why`` is told as its absence.
        """
        cost = self.cost.usd_per_mtok(now_s)
        bids = ChatBids(self._strategy.start(self.profile.provider))
        record = PrivateRecord(cost, {}, 0.0, RoundPresence(why, 0))
        return ProviderReply(self._bid(cost, now_s, bids, offered=False), (), record)

    def _bid(self, true_cost: float, now_s: float, bids: ChatBids, *, offered: bool) -> Bid:
        belief = self._prior.belief(self.cost, now_s)
        draw = partial(self._draw, "bid")
        chat = bids.next_bid(partial(draw, CHAT, repr(now_s)), true_cost)
        workflow = self._workflow_bids.report(partial(draw, WORKFLOW, repr(now_s))).factor
        return Bid(self.profile.provider, chat, true_cost * workflow, *belief, available=offered)

    def _realized_cost_nano(self, completion: Completion, usd_per_mtok: float) -> int:
        if completion.error is not None:
            return 0
        tokens = self.profile.charged_tokens(
            completion.prompt_tokens, completion.cached_tokens or 0, completion.output_tokens
        )
        return nano_usd(usd_per_mtok * tokens / TOKENS_PER_MTOK)

    def _graded(self, completion: Completion, job: Job) -> Completion:
        if job.task is None or completion.error is not None:
            return completion
        return replace(completion, quality=self._grade(completion, job), domain=job.task.domain)

    def _grade(self, completion: Completion, job: Job) -> float:
        """By what was said, where that is known and there is something to compare it with."""
        assert job.task is not None  # the caller's
        if completion.text is not None and job.task.references:
            evaluator = evaluator_named(job.task.evaluator)
            return evaluator.score(completion.text, job.task.references)
        key = ("grade", self.profile.provider, job.request)
        return self._grader.grade(job.task, self._seed, *key)

    def _draw(self, *key: str) -> float:
        return seeding.uniform(self._seed, "provider", self.profile.provider, *key)
