"""What there is to say of a cleared matching market, as records.

Requests and providers are named by their positions in the problem; amounts are in its unit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

#: Why a request is unmatched: no provider that may serve it has slots; it is worth more than it
#: costs at none that has; others are worth more in the slots that it could take.
UnmatchedKind = Literal["no_slot", "no_surplus", "priced_out"]


@dataclass(frozen=True)
class Matched:
    """A request that is served.

    ``payment`` is ``cost`` and ``externality``: what the others lose by it, which is the
    ``scarcity_price`` of a slot at its ``provider``, or where its client owns several requests a
    share of what they lose by all of them.
    """

    request: int
    client: str | None
    provider: int
    value: float
    cost: float
    surplus: float
    scarcity_price: float
    externality: float
    payment: float
    provider_receives: float


@dataclass(frozen=True)
class Unmatched:
    """A request that is not served.

    At ``nearest``, the provider where it lacks least, it is worth ``surplus`` more than it costs,
    a slot goes for ``price``, and it would be served if it were worth more than ``lacks`` more.
    """

    request: int
    client: str | None
    why: UnmatchedKind
    nearest: int | None
    surplus: float | None
    price: float | None
    lacks: float | None


@dataclass(frozen=True)
class Move:
    """A request that goes to ``target`` from ``source``, or from being unmatched."""

    request: int
    source: int | None
    target: int


@dataclass(frozen=True)
class Slots:
    """The slots of a provider.

    One more would add ``scarcity_price`` to welfare, by the moves of ``one_more``; the loss of one
    would cost ``largest_price``, None where there is none. For its requests the provider is paid
    ``receives`` in all, ``gains`` more than it asked.
    """

    provider: int
    capacity: int
    served: int
    scarcity_price: float
    largest_price: float | None
    one_more: tuple[Move, ...]
    receives: float
    gains: float


@dataclass(frozen=True)
class Together:
    """A client that owns several requests, and is charged for the ``matched`` ones as a set.

    Without all that it ``owns`` the others would have ``externality`` more, which is at most the
    ``scarcity_prices`` of the slots of its matched ones added up: what only its own requests want
    there displaces nobody else.
    """

    client: str
    owns: tuple[int, ...]
    matched: tuple[int, ...]
    scarcity_prices: float
    externality: float


@dataclass(frozen=True)
class MatchingExplanation:
    """One clearing. ``paid`` and ``received`` are of all clients and providers."""

    kind: str
    rule: str
    backend: str
    welfare: float
    paid: float
    received: float
    matched: tuple[Matched, ...]
    unmatched: tuple[Unmatched, ...]
    slots: tuple[Slots, ...]
    together: tuple[Together, ...]
