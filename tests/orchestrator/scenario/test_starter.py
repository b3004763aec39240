from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from orchestrator.log import read_table
from orchestrator.reference.keys import keys_of
from orchestrator.scenario.commented import DEFAULT, Block, commented_yaml
from orchestrator.scenario.model import Scenario, load_scenario
from orchestrator.scenario.starter import STARTERS, starter
from tests.markets import run_market

OFFERED = re.compile(r"^( *)#(\w+: .*?)( {2,}# .*)?$")


@pytest.fixture(params=STARTERS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def written(text: str, folder: Path) -> Path:
    file = folder / "scenario.yaml"
    file.write_text(text)
    return file


def test_a_starter_loads_and_keeps_within_a_hundred_columns(kind: str, tmp_path: Path) -> None:
    text = starter(kind, "scenario.yaml")
    load_scenario(written(text, tmp_path))
    assert max(map(len, text.splitlines())) <= 100


def test_every_key_that_is_offered_can_be_set_alone(kind: str, tmp_path: Path) -> None:
    lines = starter(kind, "scenario.yaml").splitlines()
    offers = [number for number, line in enumerate(lines) if OFFERED.match(line)]
    assert len(offers) >= 15
    for number in offers:
        changed = [*lines[:number], OFFERED.sub(r"\1\2", lines[number]), *lines[number + 1 :]]
        load_scenario(written("\n".join(changed), tmp_path))


def test_offered_defaults_are_the_defaults(tmp_path: Path) -> None:
    defaults = {"trials", "drain_rounds"}
    block = Block({"seed": 1}, dict.fromkeys(defaults, DEFAULT))
    text = commented_yaml(block, Scenario).replace("#trials", "trials").replace("#drain", "drain")
    stated = yaml.safe_load(text)
    assert stated == {"seed": 1} | {name: Scenario.model_fields[name].default for name in defaults}


def test_comments_say_what_the_models_say(kind: str) -> None:
    words = " ".join(re.sub(r"^ *# |(?<= )# ", "", starter(kind, "F"), flags=re.MULTILINE).split())
    said = {key.name: key.meaning.replace("`", "") for key in keys_of(Scenario)}
    for name in ("seed", "rounds", "round_s", "drain_rounds", "providers", "hubs", "demand"):
        assert said[name] in words


def test_a_key_is_explained_once(kind: str) -> None:
    assert starter(kind, "F").count("The name of the group") == 1


def test_a_starter_runs_as_it_is(tmp_path: Path) -> None:
    scenario = load_scenario(written(starter("workflows", "F"), tmp_path))
    run = run_market(scenario, tmp_path / "run")
    assert "served" in read_table(run, "workflows")["status"].to_pylist()


@pytest.mark.parametrize("kind", ["both", "iemas"])
def test_starters_bring_answers_in_a_few_rounds(kind: str, tmp_path: Path) -> None:
    settings = ("rounds=5", "compare=[]", "demand.0.rate_per_s=2")
    scenario = load_scenario(written(starter(kind, "F"), tmp_path), settings)
    run = run_market(scenario, tmp_path / "run")
    assert "served" in read_table(run, "requests")["status"].to_pylist()
