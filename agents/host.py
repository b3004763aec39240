"""A host of providers: all of a market's, or those that share one process of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

from agents.chat_bids import ChatWin
from agents.electricity import Electricity
from agents.engine import Job
from agents.population import draw_providers
from agents.provider import Provider, ProviderReply
from agents.provider_group import ProviderGroup, roster


class ProviderHost:
    """Holds providers, trial after trial."""

    def __init__(self) -> None:
        self._simulated: list[Provider] = []
        self._real: list[Provider] = []

    def seat(
        self,
        groups: Sequence[ProviderGroup],
        electricity: Electricity,
        seed: int,
        chosen: Collection[str] | None = None,
    ) -> None:
        """Draw the providers of a trial that live here; ``chosen`` None means all."""
        self.close()
        groups_of = roster(groups)
        for provider in draw_providers(groups, electricity, seed, chosen):
            is_real = groups_of[provider.profile.provider].engine.is_real
            (self._real if is_real else self._simulated).append(provider)
        for provider in self._real + self._simulated:
            provider.start()

    def close(self) -> None:
        """Close the engines of those who are seated, also where one of them does not close."""
        with ExitStack() as closing:
            for provider in reversed(self._real + self._simulated):
                closing.callback(provider.close)
            self._real, self._simulated = [], []

    def step(
        self, jobs: Mapping[str, Sequence[Job]], until_s: float, won: Mapping[str, ChatWin]
    ) -> list[ProviderReply]:
        """Hand out by provider jobs and what its bid won, advance; replies in order of provider.

        Real engines, which wait for the wall clock, do so at the same time.
        """

        def stepped(provider: Provider) -> ProviderReply:
            name = provider.profile.provider
            return provider.step(jobs.get(name, ()), until_s, won.get(name))

        if not self._real:
            return [stepped(provider) for provider in self._simulated]
        with ThreadPoolExecutor(len(self._real)) as threads:
            waiting = [threads.submit(stepped, provider) for provider in self._real]
            replies = [stepped(provider) for provider in self._simulated]
            replies += [step.result() for step in waiting]
        return sorted(replies, key=lambda reply: reply.bid.provider)
