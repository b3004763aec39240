"""The certifier on markets that are worked out by hand, and on those that it has to refuse."""

from __future__ import annotations

import ast
from copy import deepcopy
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from tests.exact.ambiguous import Ambiguous
from tests.exact.library import clear, exact, instances, mechanism, written
from tests.exact.mechanisms import MECHANISMS
from tests.exact.priors import Empirical
from tests.exact.workflow import Auction

PROBLEMS = {instance.name: instance.problem for instance in instances()}


def problem_of(name: str) -> Any:
    return deepcopy(PROBLEMS[name])


def test_two_thresholds_by_hand() -> None:
    # The editing is lost where z 0.2 = 1.5 (0.2 + 0.5), the writing to the rival at its bid.
    answer = clear(problem_of("writer-editor")).answer()
    assert answer["breakpoints"]["large"] == [
        (Fraction("5.25"), 200_000),
        (Fraction(6), 1_100_000),
    ]
    assert answer["payments"]["large"] == Fraction("5.25") * Fraction("0.2") + 6 * Fraction("1.1")


def test_greedy_is_paid_for_the_work_that_rises_by_hand() -> None:
    # 0.4 up to the novice's bid of 8, and 1.2, the draft read, from there to the top.
    answer = clear(problem_of("lie-greedy")).answer()
    assert answer["breakpoints"] == {"expert": [(8, -800_000)]}
    assert answer["payments"]["expert"] == Fraction("0.4") * 8 + Fraction("1.2") * 2


def test_the_executions_of_loops_inside_each_other_by_hand() -> None:
    outer = {"from": "d", "to": "a", "transfer_tokens": 1, "iterations": 5}
    inner = {"from": "c", "to": "b", "transfer_tokens": 1, "iterations": 3}
    chain = [{"from": u, "to": v, "transfer_tokens": 1} for u, v in ("ab", "bc", "cd")]
    auction = problem_of("lie-pay-as-bid") | {
        "nodes": [{"id": name, "output_tokens": 1, "difficulty": 1} for name in "abcd"],
        "edges": [*chain, inner, outer],
    }
    tokens = Auction.read(exact(auction)).tokens
    assert list(tokens.output) == [5, 15, 15, 5]
    assert [transfer.tokens for transfer in tokens.transfers] == [5, 15, 5, 10, 4]


def test_an_irregular_sample_is_ironed_by_hand() -> None:
    # The points (k, k c) are (1, 1), (2, 10), (3, 18), (4, 40): slopes 1, 9, 8, 22.
    prior = Empirical.of([Fraction(cost) for cost in (6, 1, 10, 5)], None, None)
    assert list(prior.ends) == [1, 6, 10]
    assert list(prior.levels) == [1, Fraction("8.5"), 22]


def test_the_externality_of_a_set_is_shared_in_proportion_by_hand() -> None:
    # Without ann bob gains 6; without one of hers 6 as well: each pays half of 6 and its cost.
    assert clear(problem_of("charged-as-a-set")).answer()["payments"] == [4, 4, None]


def test_a_tie_is_refused() -> None:
    """Of two equal providers, at each mechanism; of two equal requests."""
    workflow = problem_of("lie-pay-as-bid")
    workflow["providers"][1] |= {"bid": workflow["providers"][0]["bid"]}
    for name in MECHANISMS:
        workflow["options"] = {"mechanism": name}
        with pytest.raises(Ambiguous):
            clear(workflow)
    matching = problem_of("one-scarce-slot")
    matching["values"][1] = matching["values"][0]
    with pytest.raises(Ambiguous):
        clear(matching).answer()


def test_three_lines_that_meet_are_refused() -> None:
    three = problem_of("two-components")
    three["edges"] = []
    three["nodes"] = [{"id": name, "output_tokens": 1e6, "difficulty": 1} for name in "ab"]
    for record in three["providers"]:
        record["input_ratio"] = 1
    with pytest.raises(Ambiguous):
        clear(three)


def test_a_threshold_at_a_flat_is_refused() -> None:
    problem = problem_of("ironed-prior")
    problem["providers"][1]["bid"] = 4.25
    with pytest.raises(Ambiguous):
        clear(problem)


def test_the_certifier_knows_nothing_of_the_market() -> None:
    files = sorted(Path(__file__).parent.glob("*.py"))
    assert len(files) >= 9
    for path in files:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            for name in names:
                assert name.split(".")[0] != "market", path
                assert not name.startswith("tests.") or name.startswith("tests.exact."), path


def test_a_file_is_broken_into_lines_that_fit() -> None:
    long = ["x" * 30, {"y": ["z" * 40, 1.0, None]}, 2]
    text = written({"short": [1, 2], "long": long})
    assert text == (
        '{\n  "short": [1, 2],\n  "long": [\n'
        f'    "{"x" * 30}",\n    {{"y": ["{"z" * 40}", 1.0, null]}},\n    2\n  ]\n}}\n'
    )


def test_options_that_are_not_the_default_are_named() -> None:
    assert mechanism(problem_of("nobody-else")) == "star"
    assert mechanism(problem_of("input-not-charged")) == "star, charge_entry_input: false"
