"""The priors of workflow auctions: those that are public, or learned from past bids.

A bid is normalised to the public support [low, high] of its provider in its round, so that base
prices and electricity drop out: u = (bid - low) / (high - low), moved into [0, 1]. A learned prior
is the empirical one (ironed) of some past u, mapped onto its provider's own support of this round,
which stays the range of admitted bids.

``others``: provider i's is made of all others' u, never of its own and never of this round's. Its
phi is then given when it bids, so the truth is a dominant strategy in each auction given its
history. It is not one over the sequence of rounds: today's bid moves the rivals' phi tomorrow.

``disjoint_pool``: each provider belongs to one of two pools, each workflow is auctioned within one,
and priors in a pool are made of the other pool's u. No bid ever moves the phi of a rival, so as far
as the priors go the truth stays best over all rounds. A workflow that its pool cannot do waits and
is refused when patience is over, even where the other pool could do it.

Under every source slots link auctions, those of one round, which share a bid, and those of several:
who foresees a better price in the next may gain by losing this one.
Source: random-sampling auctions, Goldberg, Hartline, Karlin, Saks and Wright (2006).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import NamedTuple, Protocol

import numpy as np

from hubs.params import PriorLearningParams
from market import seeding
from market.messages import Bid
from market.workflow import Empirical, Prior
from market.workflow.quantities import FloatArray


class Member(Protocol):
    """What must be known of a provider to learn; a ``ProviderProfile`` has it."""

    @property
    def provider(self) -> str:
        """Its id."""

    @property
    def tier(self) -> int:
        """Its tier."""


class _Sample(NamedTuple):
    """A normalised bid of the member at a position."""

    value: float
    member: int


class PriorLearning:
    """The priors of a workflow hub's auctions, round after round.

    Every member's bid of every round is a sample, whether or not something is auctioned, it is
    declined, or its provider has a free slot: which bids are samples depends on no bid. A cost that
    is redrawn more rarely than rounds pass gives the same sample several times. A provider whose
    public support is a point neither teaches nor learns.

    Args:
        members: in canonical order; bids follow it.
        params: where priors come from.
    """

    def __init__(self, members: Sequence[Member], params: PriorLearningParams):
        self._params = params
        self._pool_of = pools(members, params)
        self._seen = [deque[_Sample](maxlen=params.window) for _ in range(2)]
        self._sorted: dict[int, tuple[FloatArray, FloatArray]] = {}

    def pool(self, request: str) -> int:
        """The pool in which a workflow is auctioned; it hangs on its id alone."""
        if self._params.source != "disjoint_pool":
            return 0
        return int(2 * seeding.uniform(self._params.pool_seed, "pool of workflow", request))

    def takes_part(self, member: int, pool: int) -> bool:
        """Whether the member at a position is of a pool."""
        return self._pool_of[member] == pool

    def round_priors(self, bids: Sequence[Bid]) -> RoundPriors:
        """The priors of the members in this round, in which they make ``bids``."""
        return RoundPriors(self, bids)

    def learned(self, member: int, low: float, high: float) -> Prior | None:
        """A member's learned prior on its public support; None where it has no learned one."""
        if self._params.source == "fixed" or low >= high:
            return None
        samples = self.samples(member)
        if len(samples) < self._params.min_samples:
            return None
        values = order_statistics(samples, self._params.quantiles)
        mapped = np.clip(low + values * (high - low), low, high)
        return Empirical(tuple(mapped.tolist()), low, high)

    def samples(self, member: int) -> FloatArray:
        """The normalised bids that a member's prior is learned from, ascending."""
        if self._params.source == "disjoint_pool":
            values, _ = self._ascending(1 - self._pool_of[member])
            return values
        values, members = self._ascending(0)
        others: FloatArray = values[members != member]
        return others

    def observe(self, bids: Sequence[Bid]) -> None:
        """This round is over: learn from its ``bids``, one of every member."""
        if self._params.source == "fixed":
            return
        self._sorted.clear()
        for member, bid in enumerate(bids):
            if bid.low < bid.high:
                value = (bid.workflow - bid.low) / (bid.high - bid.low)
                sample = _Sample(min(1.0, max(0.0, value)), member)
                self._seen[self._pool_of[member]].append(sample)

    def _ascending(self, pool: int) -> tuple[FloatArray, FloatArray]:
        """The values of a pool's samples, ascending, and whose they are; sorted once a round."""
        if pool not in self._sorted:
            seen = np.array(self._seen[pool]).reshape(-1, 2)
            seen = seen[np.argsort(seen[:, 0], kind="stable")]
            self._sorted[pool] = seen[:, 0], seen[:, 1]
        return self._sorted[pool]


class RoundPriors:
    """The priors of one round's auctions, made when they are asked for: few rounds have auctions.

    Args:
        learning: what is known from earlier rounds.
        bids: of this round, one of every member.
    """

    def __init__(self, learning: PriorLearning, bids: Sequence[Bid]):
        self._learning = learning
        self._bids = bids
        self._made: dict[int, Prior] = {}
        self._public: dict[tuple[int, float], Prior] = {}

    def __getitem__(self, member: int) -> Prior:
        """The prior of the member at a position."""
        if member not in self._made:
            bid = self._bids[member]
            learned = self._learning.learned(member, bid.low, bid.high)
            self._made[member] = learned or self._shared(bid)
        return self._made[member]

    def _shared(self, bid: Bid) -> Prior:
        """The public prior of a bid, made once for all that state it by the same object."""
        if bid.prior is None:
            return bid.public_prior()
        key = id(bid.prior), bid.price_level
        if key not in self._public:
            self._public[key] = bid.public_prior()
        return self._public[key]


def pools(members: Sequence[Member], params: PriorLearningParams) -> list[int]:
    """The pool of every member: all in one, or halves of each tier by a keyed hash of the id."""
    pool_of = [0] * len(members)
    if params.source != "disjoint_pool":
        return pool_of

    def drawn(position: int) -> tuple[int, float]:
        member = members[position]
        return member.tier, seeding.uniform(params.pool_seed, "pool of provider", member.provider)

    for rank, position in enumerate(sorted(range(len(members)), key=drawn)):
        pool_of[position] = rank % 2
    return pool_of


def order_statistics(ascending: FloatArray, most: int) -> FloatArray:
    """At most ``most`` of the n values, at the ranks nearest to even steps of (n + 1)/(most + 1).

    The k-th of n + 1 exchangeable values has the expected probability k/(n + 1) below it, and so
    has the j-th of those kept: j/(most + 1).
    """
    if len(ascending) <= most:
        return ascending
    ranks = np.rint(np.arange(1, most + 1) * (len(ascending) + 1) / (most + 1)).astype(np.intp)
    kept: FloatArray = ascending[ranks - 1]
    return kept
