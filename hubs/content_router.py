"""Routing a request to a hub by its content.

Routing uses nothing that a client reports this round: a light classifier guesses the domain from
the words of the prompt, and the dialogue's name decides among the hubs that serve that domain. A
dialogue stays in its hub, where its cache is.
"""

from __future__ import annotations

import math
from collections import Counter, OrderedDict
from collections.abc import Mapping, Sequence

from river import naive_bayes

from market import seeding
from market.messages import ChatRequest
from market.profiles import ProviderProfile

#: How many dialogues' hubs are remembered; the one that was longest silent goes first.
MOST_DIALOGUES = 100_000


class ContentRouter:
    """Classifies by content, then routes by capability and capacity.

    Args:
        hubs: the providers of every matching hub, by hub.
        domains: the domains to tell apart; one is drawn before anything was learned.
    """

    def __init__(self, hubs: Mapping[str, Sequence[ProviderProfile]], domains: Sequence[str]):
        self._classifier = naive_bayes.MultinomialNB()
        self._weights = {domain: _capacity_for(domain, hubs) for domain in domains}
        self._domains = tuple(domains)
        self._home: OrderedDict[str, str] = OrderedDict()
        self._learned = False

    def classify(self, request: ChatRequest) -> str:
        """The domain that the words of a request speak for."""
        if not self._learned:
            return self._domains[int(len(self._domains) * _chance("guess", request.dialogue))]
        likelihood = self._classifier.joint_log_likelihood(Counter(request.terms))
        return str(max(likelihood, key=likelihood.__getitem__))

    def route(self, request: ChatRequest, domain: str) -> str:
        """The hub of the request's dialogue, or for a new one, of ``domain``.

        A new dialogue goes by weighted rendezvous hashing of its name.
        """
        hub = self._home.pop(request.dialogue, None)
        if hub is None:
            hubs = self._weights[domain]
            hub = max(hubs, key=lambda hub: _rendezvous(request.dialogue, hub, hubs[hub]))
        self._home[request.dialogue] = hub
        if len(self._home) > MOST_DIALOGUES:
            self._home.popitem(last=False)
        return hub

    def learn(self, request: ChatRequest, domain: str) -> None:
        """The evaluator has graded a request as one of ``domain``, one of those to tell apart."""
        self._classifier.learn_one(Counter(request.terms), domain)
        self._learned = True


def _capacity_for(domain: str, hubs: Mapping[str, Sequence[ProviderProfile]]) -> dict[str, float]:
    """Chat slots of the providers that specialise in ``domain``, by hub; all slots if none do."""
    slots = {
        hub: float(sum(member.chat_slots for member in members if domain in member.domains))
        for hub, members in hubs.items()
    }
    if any(slots.values()):
        return slots
    return {hub: float(sum(m.chat_slots for m in members)) for hub, members in hubs.items()}


def _rendezvous(dialogue: str, hub: str, weight: float) -> float:
    """Score of a hub for a dialogue; the highest wins, in proportion to the weights."""
    if weight <= 0:
        return -math.inf
    draw = _chance("rendezvous", dialogue, hub)
    return -weight / math.log(draw) if draw > 0 else 0.0


def _chance(*key: str) -> float:
    """A draw in [0, 1) that is the same in every trial."""
    return seeding.uniform(0, *key)
