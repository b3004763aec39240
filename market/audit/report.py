"""What an audit says: of every participant its best misreport, of the market what holds in it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

#: Relative to the amounts at stake: what is below is rounding.
TOLERANCE = 1e-9

#: A problem in the JSON form of ``market.solve``.
Problem = Mapping[str, Any]

PROVIDER, CLIENT = "provider", "client"
EXACT, SEARCH = "exact", "search"
HOLDS, VIOLATED, NOT_CHECKED = "holds", "violated", "not checked"


@dataclass(frozen=True)
class Finding:
    """The best misreport of one participant, everybody else's reports being fixed.

    Amounts are USD, or the unit that a matching problem is given in.

    Attributes:
        participant: who might lie; ``side`` is ``provider`` or ``client``.
        truth: what it would truthfully report, in words.
        misreport: the best report that was found, in words; the truth again where no lie gains.
        truthful_utility: what it gains with the truth.
        best_utility: the most that it gains with any report, a supremum unless ``attained``.
        witness_utility: what it gains with ``misreport``, by a clearing of its own.
        method: ``exact`` where every report was covered, of a provider's bids those up to the top
            of its prior and from its bottom or its cost, ``search`` where only some were tried.
        scale: the size of its amounts, for judging what is rounding.
        counterexample: the problem with the misreport in it.
    """

    participant: str
    side: str
    truth: str
    misreport: str
    truthful_utility: float
    best_utility: float
    attained: bool
    witness_utility: float
    method: str
    scale: float
    counterexample: Callable[[], Problem] = field(repr=False, compare=False)

    @property
    def regret(self) -> float:
        """What the truth costs the participant."""
        return max(0.0, self.best_utility - self.truthful_utility)

    @property
    def gains(self) -> bool:
        """Whether the misreport was seen to gain, beyond rounding."""
        return self.witness_utility - self.truthful_utility > TOLERANCE * self.scale

    def as_dict(self) -> dict[str, Any]:
        """The finding for JSON."""
        said = {key: value for key, value in vars(self).items() if key != "counterexample"}
        return {**said, "regret": self.regret, "gains": self.gains}


@dataclass(frozen=True)
class Check:
    """Whether something holds: ``holds``, ``violated`` or ``not checked``, and what was seen."""

    name: str
    verdict: str
    detail: str = ""


@dataclass(frozen=True)
class Report:
    """The audit of one market; ``mechanism`` tells the rule with whatever options matter."""

    mechanism: str
    findings: tuple[Finding, ...]
    checks: tuple[Check, ...]
    notes: tuple[str, ...] = ()

    @property
    def worst(self) -> Finding | None:
        """The finding of the largest regret among those whose misreport was seen to gain."""
        return worst_of(self.findings)

    @property
    def violated(self) -> bool:
        """Whether somebody gains by a misreport, or a check failed."""
        failed = any(check.verdict == VIOLATED for check in self.checks)
        return failed or self.worst is not None

    def as_dict(self) -> dict[str, Any]:
        """The report for JSON."""
        worst = self.worst
        return {
            "mechanism": self.mechanism,
            "violated": self.violated,
            "worst": None if worst is None else worst.participant,
            "findings": [finding.as_dict() for finding in self.findings],
            "checks": [vars(check) for check in self.checks],
            "notes": list(self.notes),
        }


def worst_of(findings: Iterable[Finding]) -> Finding | None:
    """The one of the largest regret among those whose misreport was seen to gain."""
    gaining = [finding for finding in findings if finding.gains]
    return max(gaining, key=lambda finding: finding.regret, default=None)


def check_of(name: str, violations: list[str]) -> Check:
    """A check that was made everywhere, with what was found wrong."""
    if not violations:
        return Check(name, HOLDS)
    more = f", and {len(violations) - 1} more" if len(violations) > 1 else ""
    return Check(name, VIOLATED, violations[0] + more)
