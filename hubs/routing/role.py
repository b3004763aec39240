"""The role of a routing rule: the hub of a new dialogue."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from market.profiles import ProviderProfile

#: The providers of every matching hub, by hub.
Members = Mapping[str, Sequence[ProviderProfile]]


class Rule(Protocol):
    """Names a hub from a dialogue's name and its domain: nothing that a client reports."""

    def hub_of(self, dialogue: str, domain: str) -> str:
        """The hub of a new dialogue about ``domain``; the same whenever it is asked."""


class RuleMaker(Protocol):
    """Makes a rule for hubs, of which there is one at least, and for the domains to tell apart."""

    def __call__(self, members: Members, domains: Sequence[str], /) -> Rule:
        """A rule for the providers of every hub."""
