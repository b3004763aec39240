"""Routing requests to hubs: what a request is about, and which hub its dialogue is at home in.

Routing uses nothing that a client reports this round. A light classifier guesses the domain from
the words of the prompt, and a rule names the hub of a new dialogue. The dialogue then stays there,
where its cache is, unless overflow moves it.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence

from hubs.routing import ROUTINGS
from hubs.routing.classifier import DomainClassifier
from hubs.routing.overflow import Overflow
from hubs.routing.role import Members
from market.messages import ChatRequest, Signal

#: How many dialogues' hubs are remembered; the one that was longest silent goes first.
MOST_DIALOGUES = 100_000


class Router:
    """Classifies, then routes.

    Args:
        members: the providers of every matching hub, by hub.
        domains: the domains to tell apart.
        routing: the rule for new dialogues, one of ``ROUTINGS``.
        overflow: whether a full hub sends requests elsewhere. What hubs publish depends on what
            was reported in earlier rounds, so then a report can pay later.
        most_dialogues: how many dialogues' hubs are remembered.
    """

    def __init__(
        self,
        members: Members,
        domains: Sequence[str],
        routing: str = "content",
        overflow: bool = False,
        most_dialogues: int = MOST_DIALOGUES,
    ):
        self._classifier = DomainClassifier(domains)
        self._rule = ROUTINGS[routing](members, domains)
        self._overflow = Overflow() if overflow else None
        self._most_dialogues = most_dialogues
        self._home: OrderedDict[str, str] = OrderedDict()

    def classify(self, request: ChatRequest) -> str:
        """The domain that the words of a request speak for."""
        return self._classifier.classify(request)

    def route(self, request: ChatRequest, domain: str) -> str:
        """The hub that a request goes to, which is its dialogue's home from now on."""
        hub = self._home.pop(request.dialogue, None)
        if hub is None:
            hub = self._rule.hub_of(request.dialogue, domain)
        if self._overflow is not None:
            hub = self._overflow.redirect(hub)
        self._home[request.dialogue] = hub
        if len(self._home) > self._most_dialogues:
            self._home.popitem(last=False)
        return hub

    def learn(self, request: ChatRequest, domain: str) -> None:
        """The evaluator has graded a request as one of ``domain``, one of those to tell apart."""
        self._classifier.learn(request, domain)

    def hear(self, signals: Sequence[Signal]) -> None:
        """What all hubs published after their clearings; it counts only for overflow."""
        if self._overflow is not None:
            self._overflow.hear(signals)
