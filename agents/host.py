"""A host of providers: all of a market's, or those that share one process of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from agents.electricity import Electricity
from agents.engine import Job
from agents.population import ProviderGroup, draw_providers
from agents.provider import Provider, ProviderReply


class ProviderHost:
    """Holds providers, trial after trial."""

    def __init__(self) -> None:
        self._providers: list[Provider] = []

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
        for provider in self._providers:
            provider.start()

    def close(self) -> None:
        """Close the engines of those who are seated."""
        for provider in self._providers:
            provider.close()
        self._providers = []

    def step(self, jobs: Mapping[str, Sequence[Job]], until_s: float) -> list[ProviderReply]:
        """Hand out jobs by provider, advance every engine; replies in order of provider."""
        return [
            provider.step(jobs.get(provider.profile.provider, ()), until_s)
            for provider in self._providers
        ]
