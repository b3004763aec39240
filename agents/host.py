"""A host of providers: all of a market's, or those that share one process of it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial

from agents.chat_bids import ChatWin
from agents.electricity import Electricity
from agents.engine import Job
from agents.population import draw_providers
from agents.provider import Provider, ProviderReply
from agents.provider_group import ProviderGroup, roster
from market.frozen import freeze, thaw

#: Draws those of a trial's providers that are named, or all.
Draw = Callable[[Collection[str] | None], list[Provider]]


class ProviderHost:
    """Holds providers, trial after trial."""

    def __init__(self) -> None:
        self._simulated: list[Provider] = []
        self._real: list[Provider] = []
        self._draw: Draw | None = None

    def seat(
        self,
        groups: Sequence[ProviderGroup],
        electricity: Electricity,
        seed: int,
        chosen: Collection[str] | None = None,
    ) -> None:
        """Draw the providers of a trial that live here; ``chosen`` None means all."""
        self.close()
        self._draw = partial(draw_providers, groups, electricity, seed)
        groups_of = roster(groups)
        for provider in self._draw(chosen):
            is_real = groups_of[provider.profile.provider].engine.is_real
            (self._real if is_real else self._simulated).append(provider)
        for provider in self._real + self._simulated:
            provider.start()

    def renew(self, providers: Collection[str], now_s: float) -> None:
        """Draw providers that live here anew: engine, strategy, all that they had is gone.

        One that has not taken part yet is as good as new, with the engine that it has started.
        """
        assert self._draw is not None  # seated
        drawn = {provider.profile.provider: provider for provider in self._draw(providers)}
        for seated in (self._real, self._simulated):
            for position, before in enumerate(seated):
                if before.profile.provider in drawn and before.is_new:
                    before.start(now_s)
                elif before.profile.provider in drawn:
                    before.close()
                    seated[position] = drawn[before.profile.provider]
                    seated[position].start(now_s)

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

        Who is ``silent`` is left alone.

        Real engines, which wait for the wall clock, do so at the same time.
        """

        def stepped(provider: Provider) -> ProviderReply:
            name = provider.profile.provider
            return provider.step(jobs.get(name, ()), until_s, won.get(name))

        simulated, real = (
            [provider for provider in seated if provider.profile.provider not in silent]
            for seated in (self._simulated, self._real)
        )
        if not real:
            return [stepped(provider) for provider in simulated]
        with ThreadPoolExecutor(len(real)) as threads:
            waiting = [threads.submit(stepped, provider) for provider in real]
            replies = [stepped(provider) for provider in simulated]
            replies += [step.result() for step in waiting]
        return sorted(replies, key=lambda reply: reply.bid.provider)
