"""A light classifier of requests by the words of their content (IEMAS, 4.4)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from river import naive_bayes

from market import seeding
from market.messages import ChatRequest


class DomainClassifier:
    """Multinomial naive Bayes over the terms of a request.

    Args:
        domains: the domains to tell apart; one is drawn before anything was learned.
    """

    def __init__(self, domains: Sequence[str]):
        self._classifier = naive_bayes.MultinomialNB()
        self._domains = tuple(domains)
        self._learned = False

    def classify(self, request: ChatRequest) -> str:
        """The domain that the words of a request speak for."""
        if not self._learned:
            draw = seeding.uniform(0, "guess", request.dialogue)
            return self._domains[int(len(self._domains) * draw)]
        likelihood = self._classifier.joint_log_likelihood(Counter(request.terms))
        return str(max(likelihood, key=likelihood.__getitem__))

    def learn(self, request: ChatRequest, domain: str) -> None:
        """The evaluator has graded a request as one of ``domain``, one of those to tell apart."""
        self._classifier.learn_one(Counter(request.terms), domain)
        self._learned = True
