"""How wrong predictions were: each is judged when its labels come, before they are learned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

from hubs.prediction.role import Outcome
from market.profiles import ProviderProfile


@dataclass(frozen=True)
class PrequentialErrors:
    """Counts and sums over the labels of one provider; an NMAE is an error over its quantity.

    Attributes:
        provider: whose.
        labels: answers.
        ttft_abs_error_s: of the time to the first token.
        ttft_s: the time itself, observed.
        output_abs_error_tokens: of the length of answers.
        output_tokens: the length itself.
        reported: answers whose cached tokens were reported; the next four are of those alone.
        cached_abs_error_tokens: of the cached tokens.
        cached_tokens: themselves.
        cost_abs_error_tokens: of the cost in output-token equivalents: Eq. (6) at prices
            (rho, eta, 1), so a bid cancels.
        cost_tokens: the cost itself.
        graded: answers that were graded; the next three are of those alone.
        quality_abs_error: of the grade.
        quality_squared_error: of the grade; over ``graded`` it is the Brier score.
        quality: the grades themselves.
    """

    provider: str
    labels: int
    ttft_abs_error_s: float
    ttft_s: float
    output_abs_error_tokens: float
    output_tokens: float
    reported: int
    cached_abs_error_tokens: float
    cached_tokens: float
    cost_abs_error_tokens: float
    cost_tokens: float
    graded: int
    quality_abs_error: float
    quality_squared_error: float
    quality: float

    def __add__(self, other: PrequentialErrors) -> PrequentialErrors:
        """Both sets of labels of one provider."""
        sums = {
            field.name: getattr(self, field.name) + getattr(other, field.name)
            for field in fields(self)
            if field.name != "provider"
        }
        return PrequentialErrors(self.provider, **sums)


class Prequential:
    """Sums up the errors of a hub's predictions, round by round.

    Args:
        members: the hub's providers, in the order of columns.
    """

    def __init__(self, members: Sequence[ProviderProfile]):
        self._members = members
        self._open: dict[int, PrequentialErrors] = {}

    def observe(self, outcome: Outcome) -> None:
        """Judge what was expected of an award by what came of it."""
        errors = judged(self._members[outcome.column], outcome)
        before = self._open.get(outcome.column)
        self._open[outcome.column] = errors if before is None else before + errors

    def of_round(self) -> tuple[PrequentialErrors, ...]:
        """What came since the last call: one for each provider with labels, in their order."""
        ended = tuple(self._open[column] for column in sorted(self._open))
        self._open.clear()
        return ended


def judged(member: ProviderProfile, outcome: Outcome) -> PrequentialErrors:
    """The errors of one prediction."""
    expected, came = outcome.expected, outcome.completion
    cached, cost = came.cached_tokens, 0.0
    cost_error = cached_error = 0.0
    if cached is not None:
        cost = member.charged_tokens(came.prompt_tokens, cached, came.output_tokens)
        had = member.charged_tokens(
            came.prompt_tokens, expected.cached_tokens, expected.output_tokens
        )
        cost_error = abs(cost - had)
        cached_error = abs(cached - expected.cached_tokens)
    quality_error = 0.0 if came.quality is None else came.quality - expected.quality
    return PrequentialErrors(
        provider=member.provider,
        labels=1,
        ttft_abs_error_s=abs(came.ttft_s - expected.ttft_s),
        ttft_s=came.ttft_s,
        output_abs_error_tokens=abs(came.output_tokens - expected.output_tokens),
        output_tokens=float(came.output_tokens),
        reported=int(cached is not None),
        cached_abs_error_tokens=cached_error,
        cached_tokens=float(cached or 0),
        cost_abs_error_tokens=cost_error,
        cost_tokens=cost,
        graded=int(came.quality is not None),
        quality_abs_error=abs(quality_error),
        quality_squared_error=quality_error**2,
        quality=came.quality or 0.0,
    )
