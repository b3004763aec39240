"""One of each thing that a package can add to Walras; pyproject.toml gives them their names."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import count, takewhile
from typing import Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field

from agents.engine import Job
from agents.engine_params import EngineBase
from agents.params import Params
from agents.strategy import Draw, Report, Truthful
from hubs.mechanisms import Clearing, Offers, TruthfulFor
from market.messages import Completion
from market.profiles import EngineProfile, ProviderProfile
from market.prompt import prompt_tokens
from market.workflow import Offer, StarOptions, Workflow
from market.workflow.mechanisms import Purchase, Rule, pay_as_bid
from orchestrator.demand import Setting
from orchestrator.demand.builtin_dialogues import builtin_dialogues
from orchestrator.demand.dialogue import Dialogue
from orchestrator.demand.sources import DialogueParams


class PostedPrice:
    """A mechanism: a slot costs twice its cost, first come, first served, take it or leave it."""

    #: Who gains nothing by a lie within one clearing; without this line, nobody.
    truthful = TruthfulFor(clients=False, providers=False)

    def __init__(self, members: Sequence[ProviderProfile]):
        """It is made once for each hub, and told the public side of the hub's providers."""

    def clear(self, offers: Offers, rng: np.random.Generator) -> Clearing:
        """Match requests to free slots, and say who pays what, in nano-USD."""
        free = offers.capacities.copy()
        match = np.full(len(offers.values), -1, dtype=np.intp)
        paid = np.zeros(len(match), dtype=np.int64)
        for row in range(len(match)):
            gain = np.where(free > 0, offers.values[row] - 2 * offers.costs[row], -1)
            if len(gain) and gain.max() > 0:
                best = int(gain.argmax())
                match[row], paid[row] = best, 2 * offers.costs[row, best]
                free[best] -= 1
        nothing = np.zeros(len(free), dtype=np.int64)  # no prices of slots are published
        explored = np.zeros(len(match), dtype=bool)
        return Clearing(match, paid, paid, nothing, nothing, explored)


class DearestRouter:
    """A router: the next request goes to the free slot that asks most. Who is sent pays the bid."""

    def __init__(self, members: Sequence[ProviderProfile]):
        """Like a mechanism, it is made once for each hub."""

    def choose(
        self, row: int, free: npt.NDArray[np.int64], offers: Offers, rng: np.random.Generator
    ) -> int:
        """The index of a provider with a free slot; the market takes the slot."""
        open_to = np.flatnonzero(free)
        return int(open_to[np.argmax(offers.costs[row, open_to])])


def _fixed_margin(
    workflow: Workflow, offers: Sequence[Offer], options: StarOptions | None = None
) -> Purchase:
    """Buy from whoever asks least in all, and add a tenth to what each of them asks."""
    bought = pay_as_bid(workflow, offers, options)
    paid = {name: 1.1 * usd for name, usd in bought.payments_usd.items()}
    return Purchase(bought.allocation, bought.quantities, paid)


#: A workflow mechanism: a function that buys, under its name, and whether it is truthful.
FIXED_MARGIN = Rule("fixed_margin", _fixed_margin, truthful=False)


class Fading(Params):
    """A strategy, as a scenario states it: begins at ``first`` times its number, ends at 1."""

    kind: Literal["fading"]
    first: float = Field(2.0, ge=1, le=10)
    half_life: float = Field(10.0, gt=0, le=1e6)

    def start(self, who: str = "") -> FadingReporter:
        """One participant's reporter, with what only that participant remembers."""
        return FadingReporter(self)

    def without_feedback(self) -> Truthful:
        """What it does where it is not told what its reports bring, as for workflows."""
        return Truthful()


class FadingReporter:
    """Counts its reports; it needs no feedback, and draws nothing."""

    def __init__(self, params: Fading):
        self._params = params
        self._reports = 0

    def report(self, draw: Draw) -> Report:
        """What to multiply the private number by."""
        share = 0.5 ** (self._reports / self._params.half_life)
        self._reports += 1
        return Report(1 + (self._params.first - 1) * share)

    def learn(self, report: Report, utility: float) -> None:
        """What a report brought."""

    def hear(self, highest: float | None) -> None:
        """What the last clearing would have paid."""


class ConstantParams(EngineBase):
    """An engine, as a scenario states it: everything takes ``seconds``, whatever else runs."""

    kind: Literal["constant"]
    seconds: float = Field(1.0, gt=0, le=1000)

    @property
    def is_real(self) -> bool:
        """It lives in virtual time; one that does not has an actor of its own."""
        return False

    def engine(self, provider: str, profile: EngineProfile) -> ConstantEngine:
        """The engine of one provider."""
        return ConstantEngine(provider, self.seconds)


class ConstantEngine:
    """Serves jobs in virtual time."""

    def __init__(self, provider: str, seconds: float):
        self._provider = provider
        self._seconds = seconds
        self._jobs: list[Job] = []

    def start(self, now_s: float = 0.0) -> None:
        """Nothing to get ready."""

    def submit(self, job: Job) -> None:
        """Jobs come in the order of ``submitted_s``, so they end in that order."""
        self._jobs.append(job)

    def advance(self, until_s: float) -> list[Completion]:
        """What has ended by ``until_s``."""
        done = list(takewhile(lambda job: job.submitted_s + self._seconds <= until_s, self._jobs))
        del self._jobs[: len(done)]
        return [self._served(job) for job in done]

    def _served(self, job: Job) -> Completion:
        return Completion(
            request=job.request,
            provider=self._provider,
            kind=job.kind,
            submitted_s=job.submitted_s,
            first_token_s=job.submitted_s + self._seconds / 2,
            finish_s=job.submitted_s + self._seconds,
            prompt_tokens=prompt_tokens(job.prompt),
            cached_tokens=0,
            output_tokens=job.output_tokens,
            answer=job.answer,
        )

    def close(self) -> None:
        """Nothing to give back."""


class Metronome(DialogueParams):
    """A source of demand: a dialogue every ``every_s`` seconds, otherwise as the built-in ones."""

    kind: Literal["metronome"]
    every_s: float = Field(gt=0, le=1e6)

    def dialogues(self, setting: Setting) -> Iterator[Dialogue]:
        """Those of one trial, in order of start; every draw is keyed by the setting's seed."""
        starts = (number * self.every_s for number in count())
        within = takewhile(lambda start_s: start_s <= setting.horizon_s, starts)
        weights = self.weights(setting)
        return builtin_dialogues(self.shape, weights, within, setting.seed, setting.source)

    def count(self, setting: Setting) -> int:
        """How many turns can arrive."""
        return sum(len(dialogue.turns) for dialogue in self.dialogues(setting))
