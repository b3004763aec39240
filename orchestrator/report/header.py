"""The top of the page: what ran, how far it came, with which versions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import yaml

from orchestrator.report.arms import Arm
from orchestrator.report.markup import element, pairs, text
from orchestrator.runs.run_file import RUN_FILE


def header(arms: Sequence[Arm]) -> str:
    """What ran, and a plain word where it did not run to its end."""
    run = arms[0]
    notes = [element("p", text(note), class_="notice") for note in _notices(arms)]
    return element(
        "header",
        element("p", "Walras run", class_="kicker"),
        element("h1", text(run.description.name)),
        *notes,
        pairs(_facts(arms)),
    )


def _facts(arms: Sequence[Arm]) -> Iterator[tuple[str, str]]:
    run = arms[0]
    scenario = run.scenario
    groups = [(group.count, group.name) for group in scenario.providers]
    yield "Status", run.status
    yield "Seed", str(run.scenario.seed)
    yield (
        "Providers",
        f"{sum(count for count, _ in groups):,} ("
        + ", ".join(f"{count:,} {name}" for count, name in groups)
        + ")",
    )
    yield "Hubs", f"{scenario.hubs.count} matching ({run.mechanism}) and a workflow hub"
    yield "Rounds", _rounds(run)
    yield "Demand", ", ".join(source.kind for source in scenario.demand)
    yield "Compared with", ", ".join(arm.mechanism for arm in arms[1:]) or "nothing"
    versions = run.description.versions.items()
    yield "Versions", ", ".join(f"{package} {version}" for package, version in versions)


def _rounds(run: Arm) -> str:
    trials = run.scenario.trials
    each = f" in each of {trials:,} trials" if trials > 1 else ""
    drain = ", the drain included" if run.axis.last > run.demand_rounds else ""
    return (
        f"{run.demand_rounds:,} of {run.scenario.round_s:g} s with demand{each}; "
        f"{run.axis.last:,} in the log{drain}"
    )


def _notices(arms: Sequence[Arm]) -> Iterator[str]:
    if not arms[0].complete:
        yield (
            f"This run is not complete: its status is “{arms[0].status}”. The page shows what its "
            "log has so far, and its figures may change."
        )
    for arm in arms[1:]:
        if not arm.complete:
            yield (
                f"The comparison with {arm.mechanism} is not complete: its status is "
                f"“{arm.status}”, and its log ends with round {arm.axis.last:,}."
            )
    started = {arm.path.name for arm in arms[1:]}
    for mechanism in arms[0].scenario.compare:
        if mechanism not in started:
            yield f"The comparison with {mechanism} was planned, and was not run."


#: The scores of models on single queries, of which there may be millions.
_SCORES = {"providers": {"__all__": {"models": {"__all__": {"scores"}}}}}


def scenario_details(run: Arm) -> str:
    """The resolved scenario but for scores that are replayed, folded away."""
    shown = yaml.safe_dump(
        run.scenario.model_dump(mode="json", exclude=_SCORES), sort_keys=False, allow_unicode=True
    )
    models = (model for group in run.scenario.providers for model in group.models or ())
    scored = any(model.scores is not None for model in models)
    without = f"; scores on single queries are in {RUN_FILE}" if scored else ""
    return element(
        "details",
        element("summary", text(f"The scenario, with every default{without}")),
        element("pre", text(shown)),
    )
