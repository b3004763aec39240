"""Every figure of a market, by trial, from the log alone."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from market.errors import BadInput
from market.fields import check_unique
from orchestrator.analysis.logged_run import LoggedRun, NoRow
from orchestrator.analysis.metrics import (
    chat_efficiency,
    chat_prices,
    collusion,
    concentration,
    outcomes,
    workflow_prices,
)
from orchestrator.analysis.metrics.metric import Family, Metric

#: In the order of tables.
FAMILIES: tuple[Family, ...] = (
    outcomes.FAMILY,
    chat_efficiency.FAMILY,
    chat_prices.FAMILY,
    workflow_prices.FAMILY,
    concentration.FAMILY,
    collusion.FAMILY,
)

check_unique("metrics", [name for family in FAMILIES for name in family.metrics])

#: Every metric by its name, in the order of tables.
METRICS: dict[str, Metric] = {
    name: metric for family in FAMILIES for name, metric in family.metrics.items()
}


def market_metrics(run: Path, only: Collection[str] | None = None) -> dict[int, dict[str, float]]:
    """The figures of every trial of a run, by trial, then by the name of the metric.

    NaN is what is not defined in that trial: there were no workflows, or the log does not hold what
    it takes. With ``only`` some names, nothing else is measured. Raises ``BadInput`` for a name
    that there is not, and where the log is not whole.
    """
    wanted = list(METRICS) if only is None else [name for name in METRICS if name in only]
    unknown = sorted(set(only or ()) - METRICS.keys())
    if unknown:
        raise BadInput("metrics", f"expected some of {', '.join(METRICS)}; got {unknown[0]!r}")
    log = LoggedRun(run)
    trials = sorted(set(log.table("providers")["trial"].to_pylist()))
    found = {trial: dict.fromkeys(wanted, float("nan")) for trial in trials}
    for family in FAMILIES:
        if not family.metrics.keys() & set(wanted):
            continue
        try:
            measured = family.measure(log)
        except NoRow as error:
            problem = f"has no rows of {error.args[0]} for a trial: the log is not whole"
            raise BadInput(str(run), problem) from None
        for trial, figures in measured.items():
            if trial not in found:
                raise BadInput(str(run), f"has rows of trial {trial}, and no providers of it")
            found[trial] |= {name: figures[name] for name in figures if name in found[trial]}
    return found
