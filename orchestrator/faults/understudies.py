"""Who bids in the place of providers that are not there: the same providers, drawn once more.

A round has a bid of every provider. What an absent one would say is a function of the scenario, the
seed and the time alone, so that it is the same wherever and whenever it is asked for.
"""

from __future__ import annotations

from collections.abc import Mapping

from agents.population import draw_providers
from agents.provider import Provider, ProviderReply
from orchestrator.scenario.model import Scenario


class Understudies:
    """Providers whose engines are never started; each is drawn when it is first needed.

    Args:
        scenario: whose providers they are.
        seed: of the trial.
    """

    def __init__(self, scenario: Scenario, seed: int):
        self._scenario = scenario
        self._seed = seed
        self._drawn: dict[str, Provider] = {}

    def replies(self, absences: Mapping[str, str], now_s: float) -> list[ProviderReply]:
        """What those who are absent would bid at ``now_s``; by provider, why they are."""
        missing = absences.keys() - self._drawn.keys()
        if missing:
            scenario = self._scenario
            drawn = draw_providers(scenario.providers, scenario.electricity, self._seed, missing)
            self._drawn.update((one.profile.provider, one) for one in drawn)
        return [self._drawn[name].absent(now_s, why) for name, why in absences.items()]
