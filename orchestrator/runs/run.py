"""Running a scenario: every trial, under its mechanism and those it is compared with."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from market.errors import BadInput, NotWritten
from market.fields import shown
from market.process import collect_rarely, peak_memory_bytes
from market.profiles import ProviderProfile
from market.workflow import Workflow
from market.workflow.offer import check_hit_ratio
from orchestrator.assembly import build_providers, demand_settings, trial_seed
from orchestrator.demand import count_demand
from orchestrator.demand.sources import WorkflowDemand
from orchestrator.log import read_checkpoint
from orchestrator.log.durable import refusals_told
from orchestrator.records import RoundRecord
from orchestrator.resume import LoggedTrial, Tell, check_complete, remove_state, to_stderr
from orchestrator.runs.advance import Advance, Tally, logged_tally
from orchestrator.runs.directory import (
    COMPARED,
    mark_interrupted,
    note_resumed,
    read_description,
    set_status,
    write_description,
)
from orchestrator.runs.lock import RunLock
from orchestrator.runs.run_file import RUN_FILE
from orchestrator.runtime import InProcess, Runtime
from orchestrator.scenario.model import Scenario

# Measured by `python -m benchmarks rounds` on one core, rounded up.
SECONDS_PER_REQUEST = 0.7e-3
SECONDS_PER_PROVIDER_ROUND = 3e-5


@dataclass(frozen=True)
class Footprint:
    """The processes that held the market, and the most memory each had resident, summed."""

    processes: int
    peak_bytes: int


class RunMarket(Protocol):
    """Runs a market under a name into a prepared directory, or goes on with what is there.

    It reports after every round, and tells in a line what a person should know.
    """

    def __call__(
        self,
        name: str,
        directory: Path,
        report: Callable[[Advance], None],
        tell: Tell = to_stderr,
    ) -> Footprint:
        """Returns when all is over."""


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
    tell: Tell = to_stderr,
    lost: str = "",
) -> None:
    """Run a scenario into a prepared directory, and its comparisons below it.

    What was run there before is gone on with: what is over stays as it is. ``report`` is called
    after every round, ``tell`` is told in a line what a person should know. A run that ends early,
    by ``report`` or by a loss, keeps what was committed, and says in ``run.json`` that it was
    interrupted. ``lost`` is how the orchestrator was lost in whose place this one goes on, if so: a
    fault of the round from which it does.

    Raises:
        BadInput: another process is writing there, or what is there cannot be gone on with.
        NotReproduced: what is there is not what the scenario gives.
        NotWritten: it cannot be written there.
    """
    _check_no_arm(directory)
    with RunLock(directory):
        try:
            for index, (current, arm) in enumerate(arms(scenario, directory).items()):
                if not is_over(current, arm):
                    before = index * arm.trials * arm.rounds
                    _run_arm(arm, name, current, runtime, report, before, tell, lost)
                    lost = ""
                with refusals_told(current):
                    remove_state(current)
                if current != directory:
                    set_status(current, "complete")
        except BaseException:
            with suppress(BadInput, NotWritten):  # what ended the run is what is to be told
                mark_interrupted(directory)
            raise
        set_status(directory, "complete")


def _check_no_arm(directory: Path) -> None:
    """Whoever runs the whole holds the lock of the whole, not that of an arm."""
    whole = directory.absolute().parents[1:2]
    if directory.absolute().parent.name == COMPARED and (whole[0] / RUN_FILE).is_file():
        raise BadInput(str(directory), f"is one of the comparisons of the run {whole[0]}")


def arms(scenario: Scenario, directory: Path) -> dict[Path, Scenario]:
    """The scenarios that a run is of, by their directories: itself, and what it compares with."""
    found = {directory: scenario}
    for mechanism in scenario.compare:
        hubs = scenario.hubs.model_copy(update={"mechanism": mechanism})
        changes = {"hubs": hubs, "compare": ()}
        found[directory / COMPARED / mechanism] = scenario.model_copy(update=changes)
    return found


def where_it_stands(scenario: Scenario, directory: Path) -> str:
    """How far a run has come, for a person.

    Raises:
        BadInput: a checkpoint is damaged.
    """
    for run, arm in reversed(arms(scenario, directory).items()):
        if run.is_dir() and (checkpoint := read_checkpoint(run)) is not None:
            what = f"{arm.hubs.mechanism}, trial {checkpoint.trial}"
            return f"{what} has come to round {checkpoint.round}"
    return "has no round yet, and begins"


def is_over(run: Path, arm: Scenario) -> bool:
    """Whether all trials in the directory of one mechanism are over.

    Raises:
        BadInput: its checkpoint is damaged.
    """
    checkpoint = read_checkpoint(run)
    return checkpoint is not None and checkpoint.over and checkpoint.trial == arm.trials - 1


def _run_arm(
    arm: Scenario,
    name: str,
    directory: Path,
    runtime: Runtime,
    report: Callable[[Advance], None],
    rounds_before: int,
    tell: Tell,
    lost: str,
) -> None:
    """Run all trials under one mechanism, or those that are left."""
    with refusals_told(directory):
        directory.mkdir(parents=True, exist_ok=True)
    first = _begin_arm(arm, name, directory)
    for trial in range(first, arm.trials):
        before = rounds_before + trial * arm.rounds
        with closing(_trial(arm, trial, directory, runtime, tell, lost)) as advances:
            for advance in advances:
                report(replace(advance, rounds=before + advance.rounds))
        lost = ""


def _begin_arm(arm: Scenario, name: str, directory: Path) -> int:
    """Say in ``run.json`` that it runs, and where it goes on; returns the trial to begin with."""
    if not (directory / RUN_FILE).exists():
        write_description(directory, name, arm, "running")
        return 0
    described = read_description(directory).scenario
    if described.model_dump(mode="json") != arm.model_dump(mode="json"):
        raise BadInput(str(directory / RUN_FILE), "describes another run than this one")
    set_status(directory, "running")
    checkpoint = read_checkpoint(directory)
    if checkpoint is None:
        return 0
    check_complete(directory)
    note_resumed(directory, checkpoint.trial, checkpoint.round)
    return checkpoint.trial + checkpoint.over


def in_this_process(scenario: Scenario) -> RunMarket:
    """What runs a scenario without Ray."""

    def run(
        name: str, directory: Path, report: Callable[[Advance], None], tell: Tell = to_stderr
    ) -> Footprint:
        collect_rarely()
        with closing(InProcess()) as runtime:
            run_scenario(scenario, name, directory, runtime, report, tell)
        return Footprint(1, peak_memory_bytes())

    return run


def logged_rounds(
    scenario: Scenario, trial: int, directory: Path, runtime: Runtime
) -> Iterator[tuple[RoundRecord, float]]:
    """Run one trial and log it; yields every round with the seconds that logging it took."""
    for logged in LoggedTrial(scenario, trial, directory, runtime).rounds():
        yield logged.record, logged.log_s


def _trial(
    scenario: Scenario, trial: int, directory: Path, runtime: Runtime, tell: Tell, lost: str
) -> Generator[Advance]:
    """Run one trial; yields how far it has come after every round."""
    logged = LoggedTrial(scenario, trial, directory, runtime, tell, lost)
    tally = Tally() if logged.reached is None else logged_tally(directory, trial)
    with closing(logged.rounds()) as rounds:
        for one in rounds:
            stage = f"{scenario.hubs.mechanism}, trial {trial}"
            if one.again:
                stage = f"{stage}, computed again"
            else:
                tally = tally.after(one.record)
            yield Advance(stage, min(one.record.number, scenario.rounds), tally)
