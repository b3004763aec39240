"""Inputs that once ended in a traceback, took for ever, or were taken for something else."""

import json
import os
import tracemalloc
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from market import BadInput, solve
from market.fields import shown
from market.workflow.elimination_order import min_fill_order
from market.workflow.graph import MOST_LOOPS, MOST_NODES
from market.workflow.quantities import TokenCounts
from orchestrator.reading.text_file import read_text
from orchestrator.runs.run import plan
from orchestrator.scenario.model import load_scenario
from orchestrator.scenario.yaml_text import MOST_CHARACTERS, read_yaml
from tests.documents import changed
from tests.fuzz.bounded import answered
from tests.fuzz.readers import READERS
from tests.fuzz.scenarios import RICH

HUGE = "9" * 400


def refusal(path: Path, text: str) -> str:
    """What is told of a YAML file, without its name."""
    path.write_text(text)
    with pytest.raises(BadInput) as error:
        read_yaml(path)
    return str(error.value).removeprefix(f"{path}: ")


def layers(first: str, wrapped: str) -> str:
    """Ten lines, each of nine aliases of the line before."""
    lines = [f"a0: &a0 {first}"]
    for below in range(9):
        aliases = ", ".join([f"*a{below}"] * 9)
        lines.append(f"a{below + 1}: &a{below + 1} {wrapped.format(aliases)}")
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("first", "wrapped"), [("[x]", "[{}]"), ("{x: 1}", "{{<<: [{}]}}")], ids=["aliases", "merges"]
)
def test_aliases_of_aliases_count_as_what_they_stand_for(tmp_path, first, wrapped):
    told = "expected at most 200000 values, aliases written out, got more"
    said = refusal(tmp_path / "bomb.yaml", layers(first, wrapped))
    assert said.partition(": ")[2] == told


def test_an_alias_of_what_it_stands_in_is_refused(tmp_path):
    told = "line 2: the alias *q stands in what it stands for"
    assert refusal(tmp_path / "ring.yaml", "seed: 1\nextra: &q [*q]") == told


def test_what_an_alias_stands_for_is_changed_at_one_place_only(tmp_path):
    path = tmp_path / "shared.yaml"
    document = {"group": "GROUP", **RICH, "providers": ["ALIAS", "MERGED"]}
    group = json.dumps(RICH["providers"][0])
    text = yaml.safe_dump(document).replace("group: GROUP\n", "")
    text = text.replace("- ALIAS", f"- &g {group}").replace("- MERGED", "- {<<: *g, name: second}")
    path.write_text(text)
    scenario = load_scenario(path, ("providers.0.count=4",))
    assert [group.count for group in scenario.providers] == [4, 3]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("seed: !!bool x", "line 1: expected a value without a tag, got 'tag:yaml.org,2002:bool'"),
        ("seed: !!int ''", "line 1: expected a value without a tag, got 'tag:yaml.org,2002:int'"),
        ("a: 1\nb: !!timestamp x", "line 2: expected a value without a tag"),
        ("compare: !!set {random}", "line 1: expected a value without a tag"),
        (
            f"seed: 1{':1' * 400}.5",
            "not YAML that can be read: 'int too large to convert to float'",
        ),
        (f"seed: 1{':1' * 200_000}", "line 1: expected a number of at most 10000 characters"),
        (f"seed: {'[' * 60}{']' * 60}", "line 1: expected at most 50 levels of nesting, got more"),
        ('a: "\\ud800"', "line 1: expected whole characters, got half of a pair in '\\ud800'"),
        ("{[a]: 1}", "line 1: expected a text as a key, got a list or a mapping"),
        ("a: " + "x" * MOST_CHARACTERS, "expected at most 2000000 characters, got 2000003"),
    ],
    ids=range(10),
)
def test_yaml_out_of_bounds_is_refused_with_its_line(tmp_path, text, told):
    assert refusal(tmp_path / "bad.yaml", text).startswith(told)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("demand.0.limit", 10**20),  # islice takes no such number
        ("demand.0.rate_per_s", 1e-9),  # every second of the run was drawn, to find one start
        ("providers.0.cost.redraw_s", 1e-320),  # a time over it is infinite
        ("electricity.day_s", 1e-320),
        ("hubs.predictor.prior_labels", 1e308),  # products of them are infinite
        ("hubs.predictor.wait_cap", 1e308),
        ("hubs.predictor.most_held", 10**30),
        ("hubs.patience_rounds", 10**30),
        ("hubs.ledger_entries", 10**30),
        ("hubs.admission.waiting", 10**30),
        ("clients.count", 10**30),
    ],
)
def test_an_absurd_size_in_a_scenario_is_refused(tmp_path, key, value):
    path = tmp_path / "absurd.yaml"
    path.write_text(yaml.safe_dump(changed(RICH, key, value)))
    with pytest.raises(BadInput, match="expected"):
        load_scenario(path)


def test_a_burst_that_no_memory_holds_is_refused(tmp_path):
    path = tmp_path / "bursts.yaml"
    wild = changed(changed(RICH, "demand.0.rate_per_s", 1e6), "demand.0.burstiness", 10)
    path.write_text(yaml.safe_dump(wild))
    with pytest.raises(BadInput, match=r"burstiness\*\*2 <= 1e\+06, got 1e\+08"):
        load_scenario(path)


@pytest.mark.parametrize(
    "settings",
    [
        ("demand.0.rate_per_s=1e-6", "rounds=10000000", "round_s=1000000"),
        ("demand.0.rate_per_s=1000", "demand.0.shape={turns: 10000}", "demand.0.limit=null"),
        ("demand.1.every_rounds=0.01", "rounds=10000000"),
    ],
)
def test_a_plan_counts_no_more_than_it_can_in_time(tmp_path, settings):
    path = tmp_path / "long.yaml"
    path.write_text(yaml.safe_dump(RICH))
    scenario = load_scenario(path, settings)
    assert answered(lambda: plan(scenario)) is not None


def problem(nodes: int, edges: list[dict[str, Any]]) -> dict[str, Any]:
    prior = {"kind": "uniform", "low": 0.25, "high": 2.5}
    offer = {"id": "p", "tier": 1, "input_ratio": 0.25, "bid": 1.0, "prior": prior}
    made = [{"id": f"n{i}", "output_tokens": 5, "difficulty": 1} for i in range(nodes)]
    return {"kind": "workflow", "nodes": made, "edges": edges, "providers": [offer]}


def chain(nodes: int) -> list[dict[str, Any]]:
    return [{"from": f"n{a}", "to": f"n{b}"} for a, b in pairwise(range(nodes))]


def back(nodes: int, iterations: int) -> list[dict[str, Any]]:
    """An edge from every node of a chain to its first."""
    return [{"from": f"n{i}", "to": "n0", "iterations": iterations} for i in range(1, nodes)]


def test_loops_whose_product_has_too_many_digits_are_refused():
    with pytest.raises(BadInput, match="got 5 tokens a number of too many digits times"):
        solve(problem(400, chain(400) + back(400, 2**53)))


def test_more_loops_than_can_be_walked_are_refused():
    nodes = MOST_LOOPS + 200
    told = "edges: expected at most 555 edges with iterations in a graph of this size, got 1199"
    with pytest.raises(BadInput) as error:
        solve(problem(nodes, chain(nodes) + back(nodes, 1)))
    assert str(error.value) == told


def test_a_million_nodes_are_refused_before_they_are_read():
    with pytest.raises(BadInput, match=f"nodes: expected at most {MOST_NODES}, got 1000000"):
        solve(problem(1, []) | {"nodes": [None] * 1_000_000})


def test_a_star_of_many_nodes_is_ordered_in_time():
    nodes = 60_000
    leaves = np.arange(1, nodes)
    zeros = np.zeros(nodes)
    tokens = TokenCounts(zeros, zeros, np.zeros_like(leaves), leaves, np.ones(nodes - 1))
    scopes = answered(lambda: min_fill_order(tokens))
    assert scopes is not None
    assert max(map(len, scopes)) == 2


@pytest.mark.parametrize("name", READERS)
def test_a_pipe_that_nobody_writes_to_is_refused(tmp_path, name):
    path = tmp_path / READERS[name].name
    os.mkfifo(path)
    with pytest.raises(BadInput) as error:
        READERS[name].read(path)
    assert str(error.value) == f"{path}: expected a file, got a pipe, a socket or a device"


def test_a_device_without_an_end_is_refused():
    with pytest.raises(BadInput, match="got a pipe, a socket or a device"):
        read_yaml(Path("/dev/zero"))


@pytest.mark.parametrize("depth", [900, 100_000])
def test_a_value_of_any_depth_is_shown(depth):
    value: Any = 10**5000
    for _ in range(depth):
        value = [value]
    assert shown({"a": value}) == "{'a': " + "[" * 51 + "..."


@pytest.mark.parametrize("name", ["walras", "graphs", "catalogue", "profile", "problem"])
def test_json_as_deep_as_its_parser_takes_is_refused(tmp_path, name):
    path = tmp_path / READERS[name].name
    for depth in range(850, 1000, 10):
        path.write_text("[" * depth + "]" * depth)
        with pytest.raises(BadInput):
            READERS[name].read(path)


def test_a_small_text_takes_little_memory(tmp_path):
    path = tmp_path / "small.txt"
    path.write_text("ä" * 10)
    tracemalloc.start()
    try:
        read_text(path)
        assert tracemalloc.get_traced_memory()[1] < 20_000_000  # it was two GiB
    finally:
        tracemalloc.stop()
