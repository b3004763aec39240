"""The section on what was checked: invariants of the log, promises of the rules, regrets found."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hubs.mechanisms import truthful_for
from market.audit import Finding, Report, worst_of
from market.audit.report import EXACT, HOLDS
from orchestrator.report.arms import Arm
from orchestrator.report.checks import PAYMENTS, Checked
from orchestrator.report.figure_text import NONE, figure_text
from orchestrator.report.markup import Row, details, listed, paragraph, table

#: Of what does not hold, so many lines are shown for each run.
MOST_LISTED = 5

REGRET_HEADS = (
    "",
    "clearing",
    "side",
    "asked",
    "would gain",
    "largest regret, USD",
    "whose",
    "by which report",
)

SKIPPED = (
    "Neither verified nor audited: this page was made with --no-checks. walras verify and "
    "walras audit do both by themselves."
)


def checks_section(arms: Sequence[Arm], checked: Sequence[Checked] | None) -> str:
    """What holds, what does not, and what nobody looked at; None where checks were skipped."""
    promised = _promises(arms)
    if checked is None:
        return paragraph(SKIPPED, "notice") + promised
    found = list(zip(arms, checked, strict=True))
    parts = [paragraph(_verdict(arms, checked), "words verdict"), *_findings(found)]
    return "".join([*parts, _coverage(found), promised, *_audits(found)])


def _verdict(arms: Sequence[Arm], checked: Sequence[Checked]) -> str:
    wrong = [arm.label for arm, one in zip(arms, checked, strict=True) if one.verdict.count]
    if wrong:
        return f"Not all invariants hold. What was found in {', '.join(wrong)} comes first."
    which = "the run" if len(arms) == 1 else f"each of the {len(arms)} runs"
    return f"All invariants that were checked hold in {which}, from the log alone."


def _findings(found: Sequence[tuple[Arm, Checked]]) -> Iterator[str]:
    for arm, one in found:
        verdict = one.verdict
        if verdict.count:
            lines = [finding.line for finding in verdict.findings[:MOST_LISTED]]
            if verdict.count > len(lines):
                lines.append(f"and {verdict.count - len(lines):,} more")
            yield paragraph(f"{arm.label} does not hold:", "notice") + listed(lines)


def _coverage(found: Sequence[tuple[Arm, Checked]]) -> str:
    """How much of what was checked, a row a kind; and what was not."""
    counted = [one.verdict.coverage.checked for _, one in found]
    kinds = dict.fromkeys(kind for one in counted for kind in one if one[kind])
    rows = [
        Row(kind, [f"{one[kind]:,}" if one[kind] else NONE for one in counted]) for kind in kinds
    ]
    held = [f"{one.verdict.count:,} findings" if one.verdict.count else HOLDS for _, one in found]
    rows.insert(0, Row("verdict", held))
    left = [
        f"{_whose(arm, found)}{f'{count:,} ' if count > 1 else ''}{what}: {reason}"
        for arm, one in found
        for (what, reason), count in one.verdict.coverage.unchecked.items()
    ]
    method = f"as walras verify --payments {PAYMENTS} does"
    checked = table(f"What was verified, {method}", ["", *(arm.label for arm, _ in found)], rows)
    return checked + details("What was not verified, and why", listed(dict.fromkeys(left)))


def _whose(arm: Arm, found: Sequence[tuple[Arm, Checked]]) -> str:
    """The arm's name, where others stand beside it that say something else."""
    said = {tuple(one.verdict.coverage.unchecked.items()) for _, one in found}
    return f"{arm.label}: " if len(said) > 1 else ""


def _promises(arms: Sequence[Arm]) -> str:
    """Which lies each rule leaves no gain to, whatever all others report."""
    chat = [truthful_for(arm.mechanism) for arm in arms]
    rows = {
        "chat is matched by": [arm.mechanism for arm in arms],
        "truth is best for its clients": [_yes(one.clients) for one in chat],
        "truth is best for its providers": [_yes(one.providers) for one in chat],
        "workflows are bought by": [arm.scenario.hubs.workflow.described for arm in arms],
        "truth is best for workflow providers": [
            _yes(arm.scenario.hubs.workflow.truthful) for arm in arms
        ],
        "over rounds": [_over_rounds(arm) for arm in arms],
    }
    return table(
        "What the rules promise, within one clearing",
        ["", *(arm.label for arm in arms)],
        [Row(head, cells) for head, cells in rows.items()],
        "prose",
    )


def _yes(truthful: bool) -> str:
    return "yes" if truthful else "no: not truthful"


def _over_rounds(arm: Arm) -> str:
    """What breaks truthfulness across rounds, where anything is known to."""
    hubs = arm.scenario.hubs
    broken = ["overflow between hubs"] if hubs.overflow else []
    broken += ["priors learned from others' bids"] if hubs.workflow.prior.source == "others" else []
    return f"not truthful: {' and '.join(broken)}" if broken else "not promised for chat"


def _audits(found: Sequence[tuple[Arm, Checked]]) -> Iterator[str]:
    rows = [
        Row(arm.label, [audited.where, *cells])
        for arm, one in found
        for audited in one.audits
        for cells in _sides(audited.report)
    ]
    yield paragraph(
        "The audit asks of one participant of a clearing at a time: with all other reports as they "
        "were, how much more would the best report have gained it than the truth? That is its "
        "regret. Held again were the largest clearings: " + "; ".join(_audited(found)) + "."
    )
    if rows:
        yield table("Largest regrets found", REGRET_HEADS, rows, "prose")
        yield paragraph("What must hold of those clearings, held again:")
        yield listed(dict.fromkeys(_invariants(found)))


def _audited(found: Sequence[tuple[Arm, Checked]]) -> Iterator[str]:
    """How much of all clearings that is."""
    for arm, one in found:
        if one.verdict.count:
            yield f"{arm.label}: none, since its log does not hold"
            continue
        parts = [
            f"{size.audited} of {size.there:,} {size.what}" for size in one.sizes if size.there
        ]
        yield f"{arm.label}: {' and '.join(parts) or 'none that could be held again'}"


def _sides(report: Report) -> Iterator[list[str]]:
    """For each side that was audited: who, how many would gain, and the worst of it."""
    for side in ("provider", "client"):
        asked = [finding for finding in report.findings if finding.side == side]
        if asked:
            gaining = sum(finding.gains for finding in asked)
            yield [
                f"{side}s",
                _asked(asked),
                f"{gaining:,}" if gaining else "nobody",
                *_worst(asked),
            ]


def _asked(findings: Sequence[Finding]) -> str:
    exact = sum(finding.method == EXACT for finding in findings)
    if exact == len(findings):
        return f"{exact:,}, every report covered"
    return f"{len(findings):,}, every report of {exact:,} covered"


def _worst(findings: Sequence[Finding]) -> list[str]:
    worst = worst_of(findings)
    if worst is None:
        return ["0", NONE, NONE]
    return [figure_text(worst.regret), worst.participant, worst.misreport]


def _invariants(found: Sequence[tuple[Arm, Checked]]) -> Iterator[str]:
    """The invariants of the clearings that were held again, a line a clearing."""
    for arm, one in found:
        for audited in one.audits:
            by_verdict: dict[str, list[str]] = {}
            for check in audited.report.checks:
                by_verdict.setdefault(check.verdict, []).append(check.name)
            told = "; ".join(
                f"{verdict}: {', '.join(by_verdict[verdict])}" for verdict in by_verdict
            )
            yield f"{arm.label}, {audited.where}: {told}"
