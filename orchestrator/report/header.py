"""The top of the page: what ran, how far it came, with which versions, and what differs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import yaml

from orchestrator.report.arms import Arm
from orchestrator.report.markup import Row, details, element, pairs, paragraph, table, text
from orchestrator.report.scenario_differences import SCORES, differences, directories, shared
from orchestrator.runs.run_file import RUN_FILE

#: Of the keys in which scenarios differ, so many are shown.
MOST_DIFFERENCES = 30


def header(arms: Sequence[Arm], title: str, *, several: bool) -> str:
    """What ran, and a plain word where it did not run to its end."""
    notes = [paragraph(note, "notice") for note in _notices(arms, several=several)]
    kicker = f"Walras, {len(arms)} runs side by side" if several else "Walras run"
    return element(
        "header",
        element("p", text(kicker), class_="kicker"),
        element("h1", text(title)),
        *notes,
        pairs(_shared_facts(arms) if several else [*_facts(arms[0]), *_below(arms)]),
        differences_table(arms) if several else "",
    )


def page_title(arms: Sequence[Arm]) -> str:
    """The names of the scenarios."""
    return ", ".join(dict.fromkeys(arm.description.name for arm in arms))


def _facts(run: Arm) -> Iterator[tuple[str, str]]:
    scenario = run.scenario
    groups = [(group.count, group.name) for group in scenario.providers]
    yield "Status", run.status
    yield "Seed", str(scenario.seed)
    yield (
        "Providers",
        f"{sum(count for count, _ in groups):,} ("
        + ", ".join(f"{count:,} {name}" for count, name in groups)
        + ")",
    )
    yield "Hubs", f"{scenario.hubs.count:,} matching and a workflow hub"
    yield "Chat matched by", run.mechanism
    yield "Workflows bought by", scenario.hubs.workflow.described
    yield "Rounds", _rounds(run)
    yield "Rounds in the log", f"{run.axis.last:,}"
    yield "Demand", ", ".join(source.kind for source in scenario.demand)
    versions = run.description.versions.items()
    yield "Versions", ", ".join(f"{package} {version}" for package, version in versions)


def _below(arms: Sequence[Arm]) -> Iterator[tuple[str, str]]:
    yield "Compared with", ", ".join(arm.mechanism for arm in arms[1:]) or "nothing"


def _shared_facts(arms: Sequence[Arm]) -> Iterator[tuple[str, str]]:
    """What is the same in all runs once, what is not run by run."""
    yield "Runs", ", ".join(arm.head for arm in arms)
    facts = [dict(_facts(arm)) for arm in arms]
    for term, said in facts[0].items():
        if all(one[term] == said for one in facts):
            yield term, said
        elif all(one[term] == arm.label for arm, one in zip(arms, facts, strict=True)):
            yield term, ", ".join(one[term] for one in facts)
        else:
            told = zip(arms, facts, strict=True)
            yield term, "; ".join(f"{arm.label}: {one[term]}" for arm, one in told)


def _rounds(run: Arm) -> str:
    trials = run.scenario.trials
    each = f" in each of {trials:,} trials" if trials > 1 else ""
    return f"{run.demand_rounds:,} of {run.scenario.round_s:g} s with demand{each}"


def differences_table(arms: Sequence[Arm]) -> str:
    """The keys of the scenarios that differ, and which parts are the same."""
    scenarios = [arm.scenario for arm in arms]
    rows, same = differences(scenarios), ", ".join(shared(scenarios))
    heads = ["key", *(arm.label for arm in arms)]
    places = Row("directory", directories([arm.path for arm in arms]))
    shown = [Row(row.key, row.values) for row in rows[:MOST_DIFFERENCES]]
    more = len(rows) - len(shown)
    return (
        table("What differs between the runs", heads, [places, *shown], "prose")
        + (paragraph(f"And {more:,} keys more.") if more else "")
        + (paragraph("The scenarios say the same in every key.") if not rows else "")
        + paragraph(f"The same in all: {same or 'no part of the scenario'}.")
    )


def _notices(arms: Sequence[Arm], *, several: bool) -> Iterator[str]:
    if several:
        for arm in arms:
            if not arm.complete:
                yield (
                    f"{arm.label} is not complete: its status is “{arm.status}”, and its log ends "
                    f"with round {arm.axis.last:,}."
                )
        return
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


def scenario_details(run: Arm) -> str:
    """The resolved scenario but for scores that are replayed, folded away."""
    shown = yaml.safe_dump(
        run.scenario.model_dump(mode="json", exclude=SCORES), sort_keys=False, allow_unicode=True
    )
    models = (model for group in run.scenario.providers for model in group.models or ())
    scored = any(model.scores is not None for model in models)
    without = f"; scores on single queries are in {RUN_FILE}" if scored else ""
    return details(
        f"The scenario of {run.label}, with every default{without}",
        element("pre", text(shown), tabindex="0"),
    )
