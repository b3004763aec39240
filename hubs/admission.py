"""Admission control: how much of a hub one client may ask for at a time (IEMAS, 4.4).

Decisions depend on counts and on the order of arrival alone, not on what is reported. Who splits
into many names has the limits of all of them: a hub knows clients by name only.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import Field

from hubs.validated import Params
from market.messages import ChatRequest


class AdmissionParams(Params):
    """Limits on one client in one hub; null is no limit."""

    waiting: int | None = Field(None, ge=1, le=10**9)
    """The most of its requests that may wait."""
    inflight: int | None = Field(None, ge=1, le=10**9)
    """The most of its requests that may wait or be served."""
    per_round: int | None = Field(None, ge=1, le=10**9)
    """The most of its requests that are admitted in a round."""


@dataclass(frozen=True)
class Admitted:
    """Who may wait, with the domain that the classifier guessed, and the ids of all others."""

    admitted: tuple[tuple[ChatRequest, str], ...]
    turned_away: tuple[str, ...]


class Admission:
    """Counts what each client has open in one hub, and turns away what exceeds the limits.

    Only clients with something open are remembered.
    """

    def __init__(self, params: AdmissionParams):
        self._params = params
        self._waiting: Counter[str] = Counter()
        self._served: Counter[str] = Counter()

    def admit(self, requests: Sequence[tuple[ChatRequest, str]]) -> Admitted:
        """Decide on all arrivals of a round, in their order; who is admitted waits."""
        this_round: Counter[str] = Counter()
        admitted, turned_away = [], []
        for request, domain in requests:
            if self._has_room(request.client, this_round):
                this_round[request.client] += 1
                self._waiting[request.client] += 1
                admitted.append((request, domain))
            else:
                turned_away.append(request.request)
        return Admitted(tuple(admitted), tuple(turned_away))

    def recover(self, client: str, *, served: bool) -> None:
        """One of a client's requests was admitted before this hub began anew."""
        (self._served if served else self._waiting)[client] += 1

    def awarded(self, client: str) -> None:
        """One of a client's waiting requests is served from now on."""
        _take(self._waiting, client, "waiting")
        self._served[client] += 1

    def refused(self, client: str) -> None:
        """The patience of one of a client's waiting requests is over."""
        _take(self._waiting, client, "waiting")

    def ended(self, client: str) -> None:
        """One of a client's requests was served, or failed."""
        _take(self._served, client, "being served")

    def _has_room(self, client: str, this_round: Counter[str]) -> bool:
        waiting = self._waiting[client]
        counts = (
            (waiting, self._params.waiting),
            (waiting + self._served[client], self._params.inflight),
            (this_round[client], self._params.per_round),
        )
        return all(limit is None or count < limit for count, limit in counts)


def _take(counts: Counter[str], client: str, where: str) -> None:
    """One less; who has none left is forgotten."""
    if not counts[client]:
        raise ValueError(f"expected a request of {client!r} that is {where}, there is none")
    counts[client] -= 1
    if not counts[client]:
        del counts[client]
