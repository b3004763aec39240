"""Mutated scenarios: each is planned, and can be written and read again, or is refused."""

import copy
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.runs.run import plan
from orchestrator.scenario.model import Scenario, load_scenario
from tests.fuzz.bounded import answered
from tests.fuzz.mutation import HOSTILE, mutated
from tests.fuzz.scenarios import RICH, scenario_documents
from tests.strategies import examples

DOCUMENTS = scenario_documents()
#: More are drawn in time that no test has.
MOST_PLANNED = 300
randoms = st.randoms(use_true_random=False)


def accepted(path: Path, document: Any) -> Scenario | None:
    """The scenario if it is none that is refused; it is planned and written where it is small."""
    path.write_bytes(yaml.safe_dump(document).encode("utf-8", "surrogatepass"))
    scenario = answered(partial(load_scenario, path))
    if scenario is None:
        return None
    assert Scenario.model_validate_json(scenario.model_dump_json()) == scenario
    if sum(group.count for group in scenario.providers) <= MOST_PLANNED:
        answered(partial(plan, scenario))
    return scenario


def test_the_rich_scenario_is_accepted(tmp_path):
    assert accepted(tmp_path / "rich.yaml", RICH)


@examples(150)
@given(st.sampled_from(DOCUMENTS), randoms)
def test_mutated_scenarios_are_planned_or_refused(tmp_path_factory, document, random: Random):
    accepted(tmp_path_factory.getbasetemp() / "mutated.yaml", mutated(document, random))


def leaves(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    if isinstance(value, dict | list) and value:
        items = value.items() if isinstance(value, dict) else enumerate(value)
        return [leaf for key, item in items for leaf in leaves(item, (*path, key))]
    return [path]


@examples(250)
@given(st.sampled_from(leaves(RICH)), st.sampled_from(HOSTILE))
def test_one_hostile_value_is_planned_or_refused(tmp_path_factory, path, value):
    document = copy.deepcopy(RICH)
    holder = document
    for key in path[:-1]:
        holder = holder[key]
    holder[path[-1]] = value
    accepted(tmp_path_factory.getbasetemp() / "hostile.yaml", document)


@pytest.mark.parametrize(
    "value", ["null", "[]", "{}", "1e300", "-1", "'\\0'", "&a [*a]", "!!set {a}"]
)
@pytest.mark.parametrize(
    "key", ["seed", "providers.0", "providers.0.cost", "demand.1.names.0", "hubs"]
)
def test_hostile_settings_are_planned_or_refused(tmp_path, key, value):
    path = tmp_path / "rich.yaml"
    path.write_text(yaml.safe_dump(RICH))
    answered(partial(load_scenario, path, (f"{key}={value}",)))
