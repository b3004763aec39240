"""A host of providers: all of a market's, or those that share one process of it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial

from agents.chat_bids import ChatWin
from agents.electricity import Electricity
from agents.engine import Job
from agents.engine.wall_clock import WallClock
from agents.population import draw_providers
from agents.provider import Provider, ProviderReply
from agents.provider_group import ProviderGroup, roster
from market.errors import BadInput, ParticipantLost
from market.frozen import freeze, thaw

LOG = logging.getLogger(__name__)

#: Draws those of a trial's providers that are named, or all.
Draw = Callable[[Collection[str] | None], list[Provider]]


class ProvidersLost(ParticipantLost):
    """Real engines of a host are lost, by provider how; ``replies`` are those of the others."""

    def __init__(self, lost: Mapping[str, str], replies: Sequence[ProviderReply] = ()):
        super().__init__(lost, replies)
        self.lost = lost
        self.replies = replies

    def __str__(self) -> str:
        return "; ".join(dict.fromkeys(self.lost.values()))


class ProviderHost:
    """Holds providers, trial after trial."""

    def __init__(self) -> None:
        self._simulated: list[Provider] = []
        self._real: list[Provider] = []
        self._draw: Draw | None = None
        self._starter = ThreadPoolExecutor(1)  # engines start one after the other
        self._starting: dict[str, Future[None]] = {}
        self._lost: set[str] = set()
        self._now_s = 0.0

    def seat(
        self,
        groups: Sequence[ProviderGroup],
        electricity: Electricity,
        seed: int,
        chosen: Collection[str] | None = None,
    ) -> None:
        """Draw the providers of a trial that live here; ``chosen`` None means all.

        Raises:
            ParticipantLost: a real engine does not start.
        """
        self.close()
        self._now_s = 0.0
        self._draw = partial(draw_providers, groups, electricity, seed)
        groups_of = roster(groups)
        for provider in self._draw(chosen):
            is_real = groups_of[provider.profile.provider].engine.is_real
            (self._real if is_real else self._simulated).append(provider)
        for provider in self._real + self._simulated:
            try:
                provider.start()
            except ParticipantLost as error:
                raise ParticipantLost(f"{provider.profile.provider}: {error}") from None

    def renew(self, providers: Collection[str], now_s: float) -> None:
        """Draw providers that live here anew: engine, strategy, all that they had is gone.

        One that has not taken part yet is as good as new, with the engine that it has started.
        Real engines start in the background.

        Raises:
            ProvidersLost: those whose engines have not started yet; they are to be renewed later.
        """
        self._now_s = now_s
        self._begin_anew(providers)
        waiting = {}
        for provider in self._real + self._simulated:
            name = provider.profile.provider
            if name in providers and self._has_started(provider):
                provider.start(now_s)
            elif name in providers:
                waiting[name] = "its engine has not started yet"
        if waiting:
            raise ProvidersLost(waiting)

    def _begin_anew(self, providers: Collection[str]) -> None:
        """Put others, drawn as they were, in the places of those who are not new."""
        assert self._draw is not None  # seated
        drawn = {one.profile.provider: one for one in self._draw(providers)}
        for seated in (self._real, self._simulated):
            for position, before in enumerate(seated):
                name = before.profile.provider
                if name not in drawn or (before.is_new and name not in self._lost):
                    continue
                before.close()
                seated[position] = drawn[name]
                if seated is self._real:
                    self._starting[name] = self._starter.submit(drawn[name].start)
        self._lost.difference_update(providers)

    def _has_started(self, provider: Provider) -> bool:
        """Whether its engine has started; one that could not is told to try again."""
        name = provider.profile.provider
        if name not in self._starting:
            return True
        if not self._starting[name].done():
            return False
        try:
            self._starting.pop(name).result()
        except (ParticipantLost, BadInput) as error:
            LOG.warning("%s: %s", name, error)
            self._starting[name] = self._starter.submit(provider.start)
            return False
        return True

    def freeze(self) -> bytes:
        """The simulated providers who live here, as they are now."""
        return freeze({one.profile.provider: one for one in self._simulated})

    def thaw(self, frozen: Sequence[bytes]) -> None:
        """Put those of the frozen providers who live here in the places of those seated."""
        for piece in frozen:
            kept = thaw(piece)
            self._simulated = [kept.get(one.profile.provider, one) for one in self._simulated]

    def close(self) -> None:
        """Close the engines of those who are seated, also where one of them does not close."""
        self._starter.shutdown(cancel_futures=True)
        self._starter, self._starting = ThreadPoolExecutor(1), {}
        self._lost.clear()
        with ExitStack() as closing:
            for provider in reversed(self._real + self._simulated):
                closing.callback(provider.close)
            self._real, self._simulated = [], []

    def step(
        self,
        jobs: Mapping[str, Sequence[Job]],
        until_s: float,
        won: Mapping[str, ChatWin],
        silent: Collection[str] = (),
    ) -> list[ProviderReply]:
        """Hand out by provider jobs and what its bid won, advance; replies in order of provider.

        Who is ``silent`` is left alone. Real engines, which wait for the wall clock, do so at the
        same time; while one starts and there is no other, the clock is waited for too.

        Raises:
            ProvidersLost: real engines were lost, and are closed.
        """
        lost: dict[str, str] = {}

        def stepped(provider: Provider) -> list[ProviderReply]:
            name = provider.profile.provider
            try:
                return [provider.step(jobs.get(name, ()), until_s, won.get(name))]
            except ParticipantLost as error:
                provider.close()
                lost[name] = str(error)
                return []

        clock = WallClock()
        clock.start(self._now_s)
        self._now_s = until_s
        simulated, real = (
            [provider for provider in seated if provider.profile.provider not in silent]
            for seated in (self._simulated, self._real)
        )
        if not real:
            replies = [reply for provider in simulated for reply in stepped(provider)]
            if self._starting:
                clock.wait_until(until_s)
            return replies
        with ThreadPoolExecutor(len(real)) as threads:
            waiting = [threads.submit(stepped, provider) for provider in real]
            replies = [reply for provider in simulated for reply in stepped(provider)]
            replies += [reply for step in waiting for reply in step.result()]
        replies.sort(key=lambda reply: reply.bid.provider)
        if lost:
            self._lost.update(lost)
            raise ProvidersLost(lost, replies)
        return replies
