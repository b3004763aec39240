from pathlib import Path

from orchestrator.report.scenario_differences import differences, directories, labels, shared
from tests.markets import DIALOGUES, WORKFLOWS, small_market

PATHS = [Path("runs/a"), Path("runs/b")]


def of_hubs(**hubs):
    return small_market(hubs={"count": 2} | hubs)


def test_only_what_differs_is_told_with_the_value_of_each_run():
    pair = [small_market(), of_hubs(mechanism="random", patience_rounds=5)]
    told = {row.key: row.values for row in differences(pair)}
    assert told == {
        "hubs.mechanism": ("auction", "random"),
        "hubs.patience_rounds": ("3", "5"),
    }
    assert "hubs" not in shared(pair)
    assert {"demand", "seed"} <= set(shared(pair))


def test_runs_are_named_by_what_differs():
    assert labels([small_market(), of_hubs(mechanism="random")], PATHS) == ["auction", "random"]
    assert labels([small_market(), small_market(seed=4)], PATHS) == ["seed 3", "seed 4"]


def test_what_changes_no_row_names_no_run():
    pair = [small_market(compare=["random"]), small_market(log={"checkpoint_rounds": 5})]
    assert labels(pair, PATHS) == ["a", "b"]
    assert "log.checkpoint_rounds" in {row.key for row in differences(pair)}


def test_a_part_that_one_run_lacks_is_told():
    pair = [small_market(), small_market(demand=[DIALOGUES])]
    gone = {row.key: row.values for row in differences(pair)}
    assert gone["demand.1.kind"] == (WORKFLOWS["kind"], "-")
    assert labels(pair, PATHS) == ["a", "b"]


def test_directories_of_one_name_are_told_apart_by_those_above():
    pair = [small_market(), small_market()]
    assert labels(pair, [Path("x/run"), Path("y/run")]) == ["x/run", "y/run"]
    assert directories([Path("a/x/run"), Path("b/x/run")]) == ["a/x/run", "b/x/run"]
