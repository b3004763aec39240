"""How many pairs of providers the collusion screen flags."""

from __future__ import annotations

from orchestrator.analysis.collusion_screen import screen
from orchestrator.analysis.logged_run import LoggedRun
from orchestrator.analysis.metrics.metric import Family, Measured, Metric

METRICS = {
    "collusion_flags": Metric(
        "pairs flagged for collusion",
        "pairs",
        None,
        "pairs of providers in one hub whose bids move together beyond what is public and chance "
        "(5 %, Holm over all pairs of the trial); a hint, no proof, and no flag is none either",
    )
}


def measure(run: LoggedRun) -> Measured:
    """Flags of every trial in which any pair could be tested."""
    found = screen(run.path)
    trials = {group.trial for group in found.groups}
    return {
        trial: {"collusion_flags": float(found.flags(trial))}
        for trial in sorted(trials)
        if found.tested(trial)
    }


FAMILY = Family(METRICS, measure)
