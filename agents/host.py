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
        self._providers: list[Provider] = []
        self._in_real_time: set[str] = set()

    def seat(
        self,
        groups: Sequence[ProviderGroup],
        electricity: Electricity,
        seed: int,
        chosen: Collection[str] | None = None,
    ) -> None:
        """Draw the providers of a trial that live here; ``chosen`` None means all."""
        self.close()
        self._providers = draw_providers(groups, electricity, seed, chosen)
        group_of = roster(groups)
        here = [provider.profile.provider for provider in self._providers]
        self._in_real_time = {name for name in here if group_of[name].engine.is_real}
        for provider in self._providers:
            provider.start()

    def close(self) -> None:
        """Close the engines of those who are seated, also where one of them does not close."""
        with ExitStack() as closing:
            for provider in reversed(self._providers):
                closing.callback(provider.close)
            self._providers = []

    def step(
        self, jobs: Mapping[str, Sequence[Job]], until_s: float, won: Mapping[str, ChatWin]
    ) -> list[ProviderReply]:
        """Hand out by provider jobs and what its bid won, advance; replies in order of provider.

        Real engines, which wait for the wall clock, do so at the same time.
        """

        def stepped(provider: Provider) -> ProviderReply:
            name = provider.profile.provider
            return provider.step(jobs.get(name, ()), until_s, won.get(name))

        real = [one for one in self._providers if one.profile.provider in self._in_real_time]
        rest = [one for one in self._providers if one.profile.provider not in self._in_real_time]
        with ThreadPoolExecutor(max(1, len(real))) as threads:
            waiting = [threads.submit(stepped, provider) for provider in real]
            replies = [stepped(provider) for provider in rest]
            replies += [step.result() for step in waiting]
        return sorted(replies, key=lambda reply: reply.bid.provider)
