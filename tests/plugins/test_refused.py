"""Plug-ins that are wrong harm those who name them, in one line, and nobody else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from market import plugins, solve
from market.errors import BadInput
from market.release import Release
from orchestrator.scenario.model import Scenario, load_scenario
from tests.plugins.installed import install, on_path

#: By module, a plug-in that is wrong: its role, what is wrong with it, and what is said of it.
WRONG: dict[str, tuple[str, str, str]] = {
    "raises": ("mechanisms", "1 / 0", "cannot be loaded: ZeroDivisionError: division by zero"),
    "leaves": ("mechanisms", "raise SystemExit(3)", "cannot be loaded: SystemExit: 3"),
    "lacks": ("routers", "", "cannot be loaded: AttributeError: module 'lacks' has no"),
    "number": ("mechanisms", "it = 3", "expected what makes it for the members of a hub, got 3"),
    "boaster": (
        "mechanisms",
        "def it(members): ...\nit.truthful = True",
        "truthful: expected a TruthfulFor, got True",
    ),
    "no_rule": ("workflow_mechanisms", "it = print", "expected a Rule of the name 'no_rule'"),
    "no_class": ("strategies", "it = 3", "expected a class derived from agents.params.Params"),
    "idle": (
        "strategies",
        "from typing import Literal\nfrom agents.params import Params\n"
        "class it(Params):\n    kind: Literal['idle']",
        "expected the method start, which it lacks",
    ),
    "alias": (
        "strategies",
        "from agents.strategy import Truthful as it",
        "expected a field kind: Literal['alias']",
    ),
    "no_engine": (
        "engines",
        "from typing import Literal\nfrom agents.engine_params import EngineBase\n"
        "class it(EngineBase):\n    kind: Literal['no_engine']",
        "expected the method engine, which it lacks",
    ),
    "no_source": (
        "demand",
        "from agents.strategy import Truthful as it",
        "expected a class derived from orchestrator.demand.role.DialogueSource or",
    ),
}

#: What is built in and a plug-in must not be called, by role.
TAKEN = {
    "mechanisms": "auction",
    "routers": "auction_two_sided",
    "workflow_mechanisms": "star",
    "strategies": "ring",
    "engines": "simulated",
    "demand": "azure",
}

#: Where a scenario names what is of a role.
PLACES = {
    "mechanisms": "hubs.mechanism",
    "routers": "hubs.mechanism",
    "workflow_mechanisms": "hubs.workflow.mechanism",
    "strategies": "providers.0.strategy",
    "engines": "providers.0.engine",
    "demand": "demand.0",
}

SCENARIO = """
seed: 1
rounds: 3
providers: [{name: p, count: 1, domains: [law]}]
hubs: {count: 1}
demand: [{kind: dialogues, rate_per_s: 1}]
"""


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("scenario") / "market.yaml"
    path.write_text(SCENARIO)
    return path


@pytest.fixture(scope="module", autouse=True)
def installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    site = tmp_path_factory.mktemp("site")
    for module, (role, text, _) in WRONG.items():
        install(site, f"of-{module}", {f"walras.{role}": {module: f"{module}:it"}}, {module: text})
    taken = {f"walras.{role}": {name: "nowhere:it"} for role, name in TAKEN.items()}
    install(site, "greedy-package", taken)
    for package in ("one-package", "other-package"):
        install(site, package, {"walras.strategies": {"twice": "nowhere:it"}})
    install(site, "odd", {"walras.mechanisms": {"../up": "nowhere:it"}})
    with on_path(site):
        yield


def named(file: Path, role: str, name: str) -> Scenario:
    place = PLACES[role]
    value = name if place.endswith("mechanism") else f"{{kind: {name}}}"
    return load_scenario(file, (f"{place}={value}",))


@pytest.mark.parametrize("module", WRONG)
def test_a_broken_plug_in_is_one_line_with_its_package_and_entry_point(
    module: str, file: Path
) -> None:
    role, _, problem = WRONG[module]
    with pytest.raises(BadInput) as caught:
        named(file, role, module)
    line = str(caught.value)
    where = f"{file}: {PLACES[role]}: the plug-in of-{module} 1.0 "
    assert line.startswith(f"{where}(walras.{role}:{module} = {module}:it): ")
    assert problem in line
    assert "\n" not in line


def test_whoever_names_none_is_not_harmed(file: Path) -> None:
    assert load_scenario(file).hubs.mechanism == "auction"


@pytest.mark.parametrize("role", TAKEN)
def test_a_name_that_is_built_in_cannot_be_taken(role: str, file: Path) -> None:
    with pytest.raises(BadInput, match=rf"greedy-package 1.0 .*'{TAKEN[role]}' is built in"):
        named(file, role, TAKEN[role])


def test_a_name_that_two_packages_have_is_nobodys(file: Path) -> None:
    with pytest.raises(BadInput, match=r"one-package .* has the same name as .* other-package"):
        named(file, "strategies", "twice")


def test_a_name_can_stand_in_the_name_of_a_folder(file: Path) -> None:
    with pytest.raises(BadInput, match=r"odd 1\.0 .*expected a name of a-z, 0-9 and _"):
        named(file, "mechanisms", "../up")


@pytest.mark.parametrize(
    ("role", "theirs"),
    [("mechanisms", "raises"), ("strategies", "idle"), ("engines", "no_engine")],
)
def test_an_unknown_name_is_told_those_that_are_built_in_and_the_plug_ins(
    role: str, theirs: str, file: Path
) -> None:
    with pytest.raises(BadInput) as caught:
        named(file, role, "unheard_of")
    expected, _, got = str(caught.value).partition("; got ")
    built_in = {"mechanisms": "auction_two_sided", "strategies": "best_response"}.get(role, "vllm")
    assert built_in in expected
    assert theirs in expected
    assert got == "'unheard_of'"


def test_solve_tells_of_a_broken_rule_and_of_unknown_ones() -> None:
    nodes = [{"id": "a", "output_tokens": 1, "difficulty": 1}]
    problem: dict[str, Any] = {"kind": "workflow", "nodes": nodes, "edges": [], "providers": []}
    with pytest.raises(BadInput, match=r"^options\.mechanism: the plug-in of-no_rule 1\.0"):
        solve(problem | {"options": {"mechanism": "no_rule"}})
    with pytest.raises(BadInput, match=r"of the plug-ins no_rule; got 'fair'"):
        solve(problem | {"options": {"mechanism": "fair"}})


def test_a_node_must_have_the_plug_ins_that_are_needed_and_may_have_others() -> None:
    needed = {"walras.routers:here": "theirs 1.0, source 0123"}
    driver = Release({}, "", needed)
    there = Release({}, "", needed | {"walras.engines:more": "theirs 1.0, source 0123"})
    assert there.difference_from(driver) is None
    other = Release({}, "", {"walras.routers:here": "theirs 1.1, source 4567"})
    told = "runs walras.routers:here theirs 1.1, source 4567, expected theirs 1.0, source 0123"
    assert other.difference_from(driver) == told
    missing = Release({}, "").difference_from(driver)
    assert missing == "runs walras.routers:here of no version, expected theirs 1.0, source 0123"


def test_the_release_of_a_plug_in_follows_its_source_and_imports_nothing(tmp_path: Path) -> None:
    seen = set()
    for number, text in enumerate(("1 / 0", "1 / 0  # changed")):
        points = {"walras.mechanisms": {"it": "zero:it"}}
        site = install(tmp_path / str(number), "p", points, {"zero": text})
        with on_path(site):
            (plugin,) = plugins.offered()["walras.mechanisms:it"]
            seen.add(plugin.release)
    assert len(seen) == 2
    assert all(release.startswith("p 1.0, source ") for release in seen)
