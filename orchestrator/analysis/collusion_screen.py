"""A screen for bidding rings that looks at nothing but what is public.

Providers are compared within a group, those who sell in one hub. A *normalised* bid is a bid over
the public price of its provider in that round, the middle of the public support of its cost, which
carries electricity. Rounds in which a provider offered nothing do not count. There are three parts:

1. *Conditional independence* (Bajari and Ye 2003, "Deciding between competition and collusion"):
   without a ring, bids do not move together beyond what is public. Tested are all pairs of a
   group, on log normalised bids less their provider's mean. Costs that persist would correlate by
   chance, so each series is first rid of its own positive dependence on the round before (Haugh
   1976). What moves a whole round is taken out by the partial correlation given the sum of all
   other members; a mean of the round would itself tie small groups together. P-values are those of
   Student's t, adjusted over all pairs of a trial (Holm 1979).
2. *Variance* (Abrantes-Metz, Froeb, Geweke and Taylor 2006, "A variance screen for collusion"):
   whose normalised bids vary over the rounds far less than those of its group, by Iglewicz and
   Hoaglin's (1993) modified z-score of the logarithm of the coefficient of variation.
3. *Rigid bids*: whose normalised bid never changes, and pairs that bid the very same price.

Only the first has an error rate, and only its pairs are flagged.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy import stats

from orchestrator.analysis.bid_correlation import SAME, Floats, innovations, partial_correlations
from orchestrator.analysis.group_bids import GroupBids, group_bids
from orchestrator.analysis.statistics import ALPHA, holm

#: Rounds that a pair must share, and a provider must have bid in, to say anything about them.
FEWEST_ROUNDS = 10

#: Members below which a group has no usual variation, and the modified z-score that is unusual.
FEWEST_MEMBERS = 5
QUIET = -3.5

MEANING = (
    "A flagged pair bid in step, or by turns, more than independent costs and what is public "
    "explain. That is no proof of an agreement: a shared private shock to costs, rivals who learn "
    "from the same prices, and load that both feel move bids together too. No flag is no proof of "
    "competition: a constant mark-up leaves no trace here, and neither do turns that drown in the "
    "noise of costs."
)


@dataclass(frozen=True)
class Pair:
    """Two members of a group whose bids depend on each other.

    ``correlation`` is the partial one, ``p_value`` that of none, ``adjusted`` for all pairs of the
    trial; ``rounds`` both bid in.
    """

    trial: int
    market: str
    group: str
    one: str
    other: str
    correlation: float
    rounds: int
    p_value: float
    adjusted: float


@dataclass(frozen=True)
class IdenticalBids:
    """Two members who bid the very same price in some ``rounds``."""

    one: str
    other: str
    rounds: int


@dataclass(frozen=True)
class GroupScreen:
    """What was seen of one group.

    ``variation`` is every member's coefficient of variation of normalised bids over the rounds, NaN
    of who bid in too few; ``quiet`` are the members in whom it is unusually low, ``constant`` those
    in whom it is nothing; ``pairs`` how many could be tested.
    """

    trial: int
    market: str
    group: str
    members: tuple[str, ...]
    variation: tuple[float, ...]
    quiet: tuple[str, ...]
    constant: tuple[str, ...]
    identical: tuple[IdenticalBids, ...]
    pairs: int


@dataclass(frozen=True)
class CollusionScreen:
    """Groups, and the pairs that are flagged at a family-wise ``level`` in each trial."""

    level: float
    groups: tuple[GroupScreen, ...]
    flagged: tuple[Pair, ...]
    meaning: str = MEANING

    def tested(self, trial: int) -> int:
        """How many pairs of a trial could be tested."""
        return sum(group.pairs for group in self.groups if group.trial == trial)

    def flags(self, trial: int) -> int:
        """How many pairs of a trial are flagged."""
        return sum(pair.trial == trial for pair in self.flagged)


def screen(run: Path, level: float = ALPHA) -> CollusionScreen:
    """Screen every trial of a run; raises ``BadInput`` where the log is not whole."""
    return screened(group_bids(run), level)


def screened(groups: Iterable[GroupBids], level: float = ALPHA) -> CollusionScreen:
    """Screen groups of bids; pairs of one trial are one family of tests."""
    seen: list[GroupScreen] = []
    tests: dict[int, list[_Tests]] = {}
    for group in groups:
        found = _Tests.of(group)
        tests.setdefault(group.trial, []).append(found)
        seen.append(_group_screen(group, len(found.p_value)))
    flagged = [pair for family in tests.values() for pair in _flagged(family, level)]
    return CollusionScreen(level, tuple(seen), tuple(flagged))


@dataclass(frozen=True)
class _Tests:
    """The pairs of a group that can be tested, (pairs,) each: two members' places, and the test."""

    group: GroupBids
    one: npt.NDArray[np.intp]
    other: npt.NDArray[np.intp]
    correlation: Floats
    rounds: npt.NDArray[np.int64]
    p_value: Floats

    @classmethod
    def of(cls, group: GroupBids) -> _Tests:
        series = innovations(np.log(group.normalised))
        there = ~np.isnan(series)
        shared = there.T.astype(float) @ there.astype(float)
        correlation, controls = partial_correlations(np.where(there, series, 0.0))
        testable = (shared >= FEWEST_ROUNDS) & ~np.isnan(correlation)
        one, other = np.nonzero(np.triu(testable, 1))
        r, rounds = correlation[one, other], shared[one, other]
        # by chance a correlation whose missing entries are 0 has the variance of so many rounds
        alone = np.diag(shared)
        freedom = alone[one] * alone[other] / rounds - 2 - controls[one, other]
        with np.errstate(divide="ignore"):
            t = np.abs(r) * np.sqrt(freedom / (1 - r**2))
        return cls(group, one, other, r, rounds.astype(np.int64), 2 * stats.t.sf(t, freedom))

    def pair(self, place: int, adjusted: float) -> Pair:
        """One of them."""
        return Pair(
            self.group.trial,
            self.group.market,
            self.group.group,
            self.group.members[self.one[place]],
            self.group.members[self.other[place]],
            float(self.correlation[place]),
            int(self.rounds[place]),
            float(self.p_value[place]),
            adjusted,
        )


def _flagged(family: Sequence[_Tests], level: float) -> list[Pair]:
    """The pairs that are beyond chance among all of a family, the least likely first."""
    adjusted = holm(np.concatenate([tests.p_value for tests in family]).tolist())
    places = ((tests, place) for tests in family for place in range(len(tests.p_value)))
    found = [
        tests.pair(place, chance)
        for (tests, place), chance in zip(places, adjusted, strict=True)
        if chance < level
    ]
    return sorted(found, key=lambda pair: pair.p_value)


def _group_screen(group: GroupBids, pairs: int) -> GroupScreen:
    normalised = group.normalised
    there = ~np.isnan(normalised)
    count = there.sum(axis=0)
    filled = np.where(there, normalised, 0.0)
    mean = filled.sum(axis=0) / np.maximum(count, 1)
    square = np.where(there, (normalised - mean) ** 2, 0.0).sum(axis=0)
    variation = np.full(len(count), np.nan)
    enough = count >= FEWEST_ROUNDS
    variation[enough] = np.sqrt(square[enough] / (count[enough] - 1)) / mean[enough]
    constant = variation < SAME
    return GroupScreen(
        group.trial,
        group.market,
        group.group,
        group.members,
        tuple(variation.tolist()),
        _named(group, unusually_low(variation)),
        _named(group, constant),
        tuple(_identical(group)),
        pairs,
    )


def unusually_low(variation: Floats) -> npt.NDArray[np.bool_]:
    """(members,), whose variation is far below the median of those that vary at all."""
    varies = variation >= SAME
    low = np.zeros(len(variation), dtype=bool)
    if varies.sum() < FEWEST_MEMBERS:
        return low
    logs = np.log(variation[varies])
    apart = logs - np.median(logs)
    spread = float(np.median(np.abs(apart)))
    if spread > 0:
        low[varies] = stats.norm.ppf(0.75) * apart / spread < QUIET
    return low


def _named(group: GroupBids, chosen: npt.NDArray[np.bool_]) -> tuple[str, ...]:
    return tuple(name for name, one in zip(group.members, chosen.tolist(), strict=True) if one)


def _identical(group: GroupBids) -> Iterator[IdenticalBids]:
    """Pairs next to each other in a round's order of prices; of many alike, neighbours are told."""
    count: Counter[tuple[int, int]] = Counter()
    for bids in group.bids:
        order = np.argsort(bids, kind="stable")
        low, high = bids[order[:-1]], bids[order[1:]]
        for place in np.flatnonzero(high - low <= SAME * low).tolist():
            count[order[place].item(), order[place + 1].item()] += 1
    for (i, j), rounds in sorted(count.items()):
        yield IdenticalBids(group.members[i], group.members[j], rounds)
