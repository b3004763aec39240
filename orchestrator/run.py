"""Running a scenario: every trial, under its mechanism and those it is compared with."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

from market.errors import BadInput
from market.fields import shown
from market.process import collect_rarely, peak_memory_bytes
from market.profiles import ProviderProfile
from market.workflow import Workflow
from market.workflow.offer import check_hit_ratio
from orchestrator.assembly import assemble, build_providers, demand_settings, trial_seed
from orchestrator.demand import count_demand
from orchestrator.demand.sources import WorkflowDemand
from orchestrator.log import LogWriter
from orchestrator.log.rows import RoundRows, provider_rows
from orchestrator.progress import Advance
from orchestrator.records import RoundRecord
from orchestrator.run_directory import COMPARED, mark_interrupted, write_description
from orchestrator.runtime import InProcess, Runtime
from orchestrator.scenario import Scenario
from orchestrator.stopwatch import Stopwatch
from orchestrator.trial import Trial

# Measured by `python -m benchmarks rounds` on one core, rounded up.
SECONDS_PER_REQUEST = 0.7e-3
SECONDS_PER_PROVIDER_ROUND = 3e-5


@dataclass(frozen=True)
class Footprint:
    """The processes that held the market, and the most memory each had resident, summed."""

    processes: int
    peak_bytes: int


#: Runs a market under a name into a prepared directory, and reports after its rounds.
RunMarket = Callable[[str, Path, Callable[[Advance], None]], Footprint]


@dataclass(frozen=True)
class Plan:
    """What a run will do.

    ``turns`` and ``workflows`` are about as many as can arrive in one trial; ``seconds`` is a
    rough guess from measured costs, that of real engines without their start.
    """

    providers: int
    turns: int
    workflows: int
    seconds: float


def plan(scenario: Scenario) -> Plan:
    """Draw the providers of the first trial, read all demand once, and say what is ahead.

    Other trials draw their providers anew, of which nothing is checked here.

    Raises:
        BadInput: a demand file is malformed, a provider could never be admitted or charges cached
            input dearer than other input, or a workflow is too difficult for all providers of the
            first trial.
    """
    seed = trial_seed(scenario, 0)
    profiles = [provider.profile for provider in build_providers(scenario, seed)]
    _check_difficulties(scenario, profiles)
    if scenario.hubs.workflow.charge_cached_input:
        for profile in profiles:
            if profile.workflow_slots:
                check_hit_ratio(profile.provider, profile.input_ratio, profile.hit_ratio)
    turns, workflows = count_demand(demand_settings(scenario, seed))
    one_trial = (
        SECONDS_PER_REQUEST * turns + SECONDS_PER_PROVIDER_ROUND * len(profiles) * scenario.rounds
    )
    if any(group.engine.is_real for group in scenario.providers):
        one_trial = max(one_trial, scenario.horizon_s)  # by the wall clock
    arms = 1 + len(scenario.compare)
    return Plan(len(profiles), turns, workflows, one_trial * scenario.trials * arms)


def _check_difficulties(scenario: Scenario, profiles: Sequence[ProviderProfile]) -> None:
    """One of the providers must be able to do every node of all workflows, named or in files."""
    highest = max((profile.tier for profile in profiles if profile.workflow_slots), default=0)
    scenario.check_names(highest)
    for source in scenario.demand:
        if isinstance(source, WorkflowDemand) and source.path is not None:
            workflows = source.read(source.path)
            for number, workflow in enumerate(workflows):
                where = f": workflow {number}" if len(workflows) > 1 else ""
                _check_workflow(workflow, f"{source.path}{where}", highest)


def _check_workflow(workflow: Workflow, place: str, highest: int) -> None:
    for node in workflow.nodes:
        if (node.difficulty or 0) > highest:
            raise BadInput(
                f"{place}: node {shown(node.id)}",
                f"expected a difficulty of at most {highest}, the highest tier with workflow "
                f"slots; got {node.difficulty}",
            )


def run_scenario(
    scenario: Scenario,
    name: str,
    directory: Path,
    runtime: Runtime,
    report: Callable[[Advance], None],
) -> None:
    """Run a scenario into a prepared directory, and its comparisons below it.

    ``report`` is called after every round. A run that ends early, by ``report`` or by a loss, keeps
    what was committed, and says in ``run.json`` that it was interrupted.
    """
    arms = {directory: scenario}
    for mechanism in scenario.compare:
        hubs = scenario.hubs.model_copy(update={"mechanism": mechanism})
        changes = {"hubs": hubs, "compare": ()}
        arms[directory / COMPARED / mechanism] = scenario.model_copy(update=changes)
    try:
        for index, (current, arm) in enumerate(arms.items()):
            _run_arm(arm, name, current, runtime, report, index * arm.trials * arm.rounds)
            if current != directory:
                write_description(current, name, arm, "complete")
    except BaseException:
        mark_interrupted(directory)
        raise
    write_description(directory, name, scenario, "complete")


def _run_arm(
    arm: Scenario,
    name: str,
    directory: Path,
    runtime: Runtime,
    report: Callable[[Advance], None],
    rounds_before: int,
) -> None:
    """Run all trials under one mechanism."""
    directory.mkdir(parents=True, exist_ok=True)
    write_description(directory, name, arm, "running")
    for trial in range(arm.trials):
        before = rounds_before + trial * arm.rounds
        for advance in _trial(arm, trial, directory, runtime):
            report(replace(advance, rounds=before + advance.rounds))


def in_this_process(scenario: Scenario) -> RunMarket:
    """What runs a scenario without Ray."""

    def run(name: str, directory: Path, report: Callable[[Advance], None]) -> Footprint:
        collect_rarely()
        with closing(InProcess()) as runtime:
            run_scenario(scenario, name, directory, runtime, report)
        return Footprint(1, peak_memory_bytes())

    return run


def logged_rounds(
    scenario: Scenario, trial: int, directory: Path, runtime: Runtime
) -> Iterator[tuple[RoundRecord, float]]:
    """Run one trial and log it; yields every round with the seconds that logging it took."""
    market = assemble(scenario, trial)
    log = LogWriter(directory, trial)
    log.add(provider_rows(trial, market))
    runtime.seat(scenario, market)
    for record in Trial(scenario, market, runtime).rounds():
        clock = Stopwatch()
        rows = RoundRows(scenario, market, trial, record)
        log.add(rows.rows())
        clock.lap("rows_s")
        log.add([rows.timing(clock.seconds["rows_s"])])
        if record.number % scenario.log.checkpoint_rounds == 0:
            log.commit(record.number)
        clock.lap("commit_s")
        yield record, sum(clock.seconds.values())
    log.commit(record.number)


def _trial(scenario: Scenario, trial: int, directory: Path, runtime: Runtime) -> Iterator[Advance]:
    """Run one trial; yields how far it has come after every round."""
    served = 0
    for record, _ in logged_rounds(scenario, trial, directory, runtime):
        served += sum(end.status == "served" for end in record.chat_ends)
        stage = f"{scenario.hubs.mechanism}, trial {trial}"
        yield Advance(stage, min(record.number, scenario.rounds), f"{served} requests served")
