"""All reports of a participant that reports one number: a bid, or a factor on its costs.

Between two critical reports the quantity stays the same and the payment is a line, so that two
answers just inside such a piece say everything about it. Where they disagree about the quantity
the piece is split until they agree: critical reports that are wrong or missing show there, unless
the quantity changes and changes back between the two.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

#: Into how many pieces the reports are divided at first where no critical ones are known.
GRID = 64

#: How far inside a piece it is asked, relative to the report at that end, or to a small part of
#: the highest report: next to 0 the rounding of the others' amounts decides.
_INSET = 1e-9
_SMALL = 1e-4
#: Relative; a supremum that is above all answers by less is rounding.
_ROUNDING = 1e-11
#: Amounts nobody can see, and so small that floats have few digits left.
_LEAST = 1e-30
#: Relative; quantities that differ by less are of the same work.
_SAME = 1e-12


class Answer(NamedTuple):
    """What a report gets: ``quantity`` costs the true parameter times itself."""

    quantity: float
    payment: float

    def utility(self, cost: float) -> float:
        """What is left of the payment at the true parameter ``cost``."""
        return self.payment - cost * self.quantity


NOTHING = Answer(0.0, 0.0)
Respond = Callable[[float], Answer]


class Piece(NamedTuple):
    """The reports between ``low`` and ``high``, asked just inside both ends."""

    low: float
    after_low: float
    before_high: float
    high: float
    first: Answer
    last: Answer

    def is_flat(self, answers: Mapping[float, Answer]) -> bool:
        """Whether the quantity is the same at both ends, beside the largest of all ``answers``."""
        most = max(answer.quantity for answer in answers.values())
        return abs(self.first.quantity - self.last.quantity) <= _SAME * most


class Best(NamedTuple):
    """The most that any report gains, and a report that gains it or comes close."""

    utility: float
    attained: bool
    witness: float
    witness_utility: float


@dataclass(frozen=True)
class ReportCurve:
    """The answers to all reports in a range; ``answers`` by report and ``pieces`` ascend."""

    answers: dict[float, Answer]
    pieces: tuple[Piece, ...]
    exact: bool

    def scale(self, cost: float) -> float:
        """The size of the amounts where the true parameter is ``cost``."""
        amounts = (
            answer.payment + max(report, cost) * answer.quantity
            for report, answer in self.answers.items()
        )
        return max(_LEAST, *amounts)

    def best(self, cost: float, truth: float, truthful: Answer) -> Best:
        """The best report where ``truth`` is the true one; the truth itself where none is better.

        ``cost`` is the true parameter, ``truthful`` the answer to the truth.
        """
        honest = truthful.utility(cost)
        best = Best(honest, True, truth, honest)
        least_more = _ROUNDING * self.scale(cost)
        for report, answer in self._known():
            gained = answer.utility(cost)
            if gained > max(best.utility, honest + least_more):
                best = Best(gained, True, report, gained)
        for limit in self._limits(cost):
            if limit.utility - least_more > best.utility:
                best = limit
        return best

    def rises(self, least: float) -> Iterator[tuple[float, float]]:
        """The pairs of neighbouring reports, the second higher, whose quantity is higher too.

        By more than is worth ``least`` at the higher one: next to ties rounding decides.
        """
        for (low, before), (high, after) in pairwise(self._known()):
            if (after.quantity - before.quantity) * high > least:
                yield low, high

    def residuals(self) -> list[float]:
        """P(b) - (b q(b) + the integral of q from b to the top), at every report asked.

        Where no lie gains they are all the same (Myerson), and zero if a participant at the top
        gains nothing.
        """
        tail = 0.0
        result = [self._residual(self.pieces[-1].high, 0.0)]
        for piece in reversed(self.pieces):
            quantity = (piece.first.quantity + piece.last.quantity) / 2
            for report in (piece.before_high, piece.after_low, piece.low):
                result.append(self._residual(report, tail + quantity * (piece.high - report)))
            tail += quantity * (piece.high - piece.low)
        return result

    def _residual(self, report: float, tail: float) -> float:
        answer = self.answers[report]
        return answer.payment - report * answer.quantity - tail

    def _known(self) -> list[tuple[float, Answer]]:
        return sorted(self.answers.items())

    def _limits(self, cost: float) -> Iterator[Best]:
        """What is approached at the ends of the pieces, with the answer close by as witness."""
        for piece in self.pieces:
            width = piece.before_high - piece.after_low
            if width <= 0 or not piece.is_flat(self.answers):
                continue
            first, last = piece.first.utility(cost), piece.last.utility(cost)
            slope = (last - first) / width
            at_high = last + slope * (piece.high - piece.before_high)
            at_low = first - slope * (piece.after_low - piece.low)
            yield Best(at_high, False, piece.before_high, last)
            yield Best(at_low, False, piece.after_low, first)


def explore(
    respond: Respond,
    low: float,
    high: float,
    critical: Sequence[float] | None,
    also: Sequence[float] = (),
) -> ReportCurve:
    """Ask for answers until those to all reports in [low, high] are known.

    ``critical`` are the reports at which the quantity changes; None where they are not known, and
    a grid stands in for them. The answers to the reports ``also`` are asked for by name. The curve
    is ``exact`` if the critical reports were all that there are.
    """
    answers = {report: respond(report) for report in also}

    def ask(report: float) -> Answer:
        if report not in answers:
            answers[report] = respond(report)
        return answers[report]

    if critical is None:
        inside = [low + (high - low) * step / GRID for step in range(1, GRID)]
    else:
        inside = [report for report in critical if low < report < high]
    only = ask(low)
    if low == high or (critical is not None and not inside and only == ask(high) == NOTHING):
        return ReportCurve(answers, (Piece(low, low, high, high, only, only),), True)
    exact = critical is not None
    pieces = []
    waiting = list(pairwise(sorted({low, high, *inside})))
    while waiting:
        left, right = waiting.pop()
        width = right - left
        insets = [min(_INSET * max(end, _SMALL * high), width / 4) for end in (left, right)]
        inner = left + insets[0], right - insets[1]
        asked = [ask(report) for report in (left, *inner, right)]
        piece = Piece(left, *inner, right, asked[1], asked[2])
        if piece.is_flat(answers) or width <= 4 * _INSET * max(right, _SMALL * high):
            pieces.append(piece)
        else:
            exact, middle = False, (left + right) / 2
            waiting += [(left, middle), (middle, right)]
    return ReportCurve(answers, tuple(sorted(pieces)), exact)
