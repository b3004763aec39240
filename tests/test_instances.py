"""The instance library: certified again, solved, and every claim in it put to the test."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from copy import deepcopy
from fractions import Fraction
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from market import solve
from tests.exact.library import (
    BASES,
    FOLDER,
    INDEX,
    SERVED_COST,
    VALUE,
    Instance,
    exact,
    index,
    instances,
)
from tests.exact.matching import Market
from tests.exact.mechanisms import RUN, Cleared, clear_workflow
from tests.exact.regenerate import regenerate
from tests.exact.workflow import Auction

ALL = {instance.name: instance for instance in instances()}
TRUTHFUL = [instance for instance in ALL.values() if instance.liar is None]
LIES = [instance for instance in ALL.values() if instance.liar is not None]

#: Steps of a grid of reports.
FINE, COARSE = 61, 13


def by_name(chosen: list[Instance]) -> Any:
    return pytest.mark.parametrize("instance", chosen, ids=lambda instance: instance.name)


every_instance = by_name(list(ALL.values()))
every_truthful = by_name(TRUTHFUL)
every_lie = by_name(LIES)


@every_instance
def test_the_files_are_what_the_certifier_writes(instance: Instance) -> None:
    files = instance.files()
    assert {path.name for path in instance.folder.iterdir()} == set(files)
    for name, text in files.items():
        assert (instance.folder / name).read_text(encoding="utf-8") == text, name


@every_instance
def test_the_solver_gives_the_answer(instance: Instance) -> None:
    pairs = [("problem.json", "answer.json")]
    pairs += [("lie.json", "lie-answer.json")] if instance.liar else []
    for problem, answer in pairs:
        found, expected = solve(read(instance, problem)), read(instance, answer)
        assert list(found) == list(expected)
        assert_same(found, expected)


@every_instance
def test_the_card_says_everything(instance: Instance) -> None:
    assert list(instance.card)[:4] == ["title", "shows", "source", "mechanism"]
    assert all(instance.card[key].strip() for key in ("title", "shows", "source"))
    assert list(instance.card)[4:] == ["liar" if instance.name.startswith("lie-") else "truthful"]


def test_the_index_lists_every_folder() -> None:
    page = (FOLDER / INDEX).read_text(encoding="utf-8")
    assert index() == page
    folders = {path.name for path in FOLDER.iterdir() if path.is_dir()}
    assert set(re.findall(r"^\| \[(.+?)\]\(", page, re.MULTILINE)) == folders == set(ALL)


def test_there_is_a_truthful_market_of_every_kind_and_a_lie_for_every_other_rule() -> None:
    assert {instance.card["mechanism"] for instance in TRUTHFUL} >= {
        "star",
        "star, reserve: none",
        "star, charge_entry_input: false",
        "homogeneous",
        "myopic",
        "client_clarke",
    }
    assert {instance.card["mechanism"] for instance in LIES} == {
        "star, workload: published",
        "greedy",
        "pay_as_bid",
        "myopic",
        "myopic_as_printed",
        "client_clarke",
    }


def test_everything_by_hand_is_enough_to_regenerate(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = tmp_path / "instances"
    shutil.copytree(FOLDER, copy)
    regenerate(copy)
    assert capsys.readouterr().out == ""
    for path in [*copy.glob("*/answer.json"), *copy.glob("*/lie*.json")]:
        path.unlink()
    regenerate(copy)
    assert capsys.readouterr().out.count("wrote") == len(ALL) + 2 * len(LIES)
    for path in FOLDER.rglob("*.*"):
        assert (copy / path.relative_to(FOLDER)).read_text() == path.read_text(), path


def test_the_snippet_finds_all_the_same(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(FOLDER.parents[1])
    (snippet,) = re.findall(r"```python\n(.*?)```", (FOLDER / INDEX).read_text(), re.DOTALL)
    exec(snippet, {})
    assert capsys.readouterr().out.splitlines() == [f"{name} same" for name in ALL]


@every_lie
def test_nothing_but_the_report_of_the_liar_is_changed(instance: Instance) -> None:
    truth, lie = read(instance, "problem.json"), read(instance, "lie.json")
    assert truth != lie
    assert instance.with_report(instance.card["liar"]["truth"]) == truth
    liar = instance.card["liar"]
    for problem in (truth, lie):
        if problem["kind"] == "workflow":
            (own,) = (one for one in problem["providers"] if one["id"] == liar["id"])
            del own["bid"]
        elif liar["side"] == "provider":
            for row in problem["costs"]:
                row[liar["id"]] = None
        else:
            for request in liar["requests"]:
                problem["values"][request] = None
    assert truth == lie


@every_lie
def test_the_lie_gains_what_the_card_says(instance: Instance) -> None:
    """From the answers of the solver: true cost times work, or true values."""
    liar = instance.card["liar"]
    truthful = utility_by_solver(instance, read(instance, "problem.json"))
    lying = utility_by_solver(instance, read(instance, "lie.json"))
    assert truthful == pytest.approx(liar["utility_of_truth"], rel=1e-12, abs=1e-12)
    assert lying == pytest.approx(liar["utility_of_lie"], rel=1e-12, abs=1e-12)
    assert lying > truthful + 1


@every_lie
def test_the_best_lie_is_the_best(instance: Instance) -> None:
    liar = instance.card["liar"]
    assert liar["claim"] in ("best", "witness")
    if liar["claim"] == "witness":
        return
    gained = instance.utility(instance.with_report(liar["lie"]))
    for report in other_reports(instance):
        assert instance.utility(instance.with_report(report)) <= gained, report


@every_truthful
def test_nobody_gains_by_a_lie(instance: Instance) -> None:
    truthful = instance.card["truthful"]
    if instance.problem["kind"] == "matching":
        assert truthful == {"side": "client", "utility_counts": VALUE}
        assert_no_client_gains(Market.read(exact(instance.problem)))
        return
    assert truthful["side"] == "provider"
    auction = Auction.read(exact(instance.problem))
    for provider in range(len(auction.providers)):
        assert_no_bid_gains(auction, provider, BASES[truthful["utility_counts"]], COARSE)


@by_name([one for one in ALL.values() if one.card["mechanism"] not in ("star", "client_clarke")])
def test_nobody_would_gain_under_star(instance: Instance) -> None:
    auction = Auction.read(exact(instance.problem) | {"options": {}})
    for provider in range(len(auction.providers)):
        assert_no_bid_gains(auction, provider, RUN, COARSE)


def test_charged_as_a_set_the_lie_per_request_does_not_gain() -> None:
    one, other = ALL["charged-as-a-set"].problem, ALL["lie-per-request"].problem
    assert {key: one[key] for key in one if key != "clients"} == other


def test_one_by_one_and_all_from_one_are_both_paid_more() -> None:
    paid = [
        sum(read(ALL[name], "answer.json")["payments"].values())
        for name in ("writer-editor", "writer-editor-homogeneous", "writer-editor-myopic")
    ]
    assert paid == sorted(paid)


def test_input_that_is_not_charged_decides_who_wins() -> None:
    charged = deepcopy(ALL["input-not-charged"].problem)
    del charged["options"]["charge_entry_input"]
    winners = [
        set(one["allocation"].values())
        for one in map(solve, (charged, ALL["input-not-charged"].problem))
    ]
    assert winners == [{"b"}, {"a"}]


def test_without_a_reserve_the_truth_loses() -> None:
    auction = Auction.read(exact(ALL["nobody-else-no-reserve"].problem))
    assert clear_workflow(auction).utility_usd(0, auction.bids[0], RUN) < 0
    same = deepcopy(ALL["nobody-else-no-reserve"].problem)
    del same["options"]["reserve"]
    assert same == ALL["nobody-else"].problem


def test_the_flat_is_below_the_virtual_cost_of_the_rival() -> None:
    a, b = Auction.read(exact(ALL["ironed-prior"].problem)).providers
    levels = {a.prior.virtual_cost(Fraction(bid)) for bid in ("1.01", "3", "6")}
    assert len(levels) == 1
    assert max(levels) < b.virtual_cost < a.prior.virtual_cost(Fraction("6.01"))
    assert b.bid < 6


def read(instance: Instance, name: str) -> Any:
    return json.loads((instance.folder / name).read_text(encoding="utf-8"))


def assert_same(found: Any, expected: Any) -> None:
    if isinstance(expected, dict):
        assert found.keys() == expected.keys()
        for key in expected:
            assert_same(found[key], expected[key])
    elif isinstance(expected, list):
        assert len(found) == len(expected)
        for one, other in zip(found, expected, strict=True):
            assert_same(one, other)
    elif isinstance(expected, float):
        assert found == pytest.approx(expected, rel=1e-12, abs=0)
    else:
        assert found == expected


def utility_by_solver(instance: Instance, problem: dict[str, Any]) -> float:
    liar, answer = instance.card["liar"], solve(problem)
    if liar["utility_counts"] in BASES:
        assert BASES[liar["utility_counts"]] == RUN
        work = answer["quantities"].get(liar["id"], 0.0) / 1e6
        return answer["payments"].get(liar["id"], 0.0) - liar["truth"] * work
    if liar["utility_counts"] == SERVED_COST:
        served = [j for j, i in enumerate(answer["match"]) if i == liar["id"]]
        return sum(problem["costs"][j][liar["id"]] - liar["truth"][j] for j in served)
    assert liar["utility_counts"] == VALUE
    served = [
        (true[answer["match"][j]], answer["payments"][j])
        for j, true in zip(liar["requests"], liar["truth"], strict=True)
        if answer["match"][j] is not None
    ]
    return sum(value - payment for value, payment in served)


def grid(low: Fraction, high: Fraction, steps: int) -> list[Fraction]:
    """A point of each of equal parts, odd enough that no instance has a tie there."""
    return [low + (high - low) * (11 * step + 5) / (11 * steps) for step in range(steps)]


def other_reports(instance: Instance) -> Iterator[Any]:
    """Reports of the liar of a best lie: bids over the support, or values of each request."""
    liar = instance.card["liar"]
    if instance.problem["kind"] == "workflow":
        (own,) = (one for one in instance.problem["providers"] if one["id"] == liar["id"])
        prior = own["prior"]
        yield from map(float, grid(Fraction(prior["low"]), Fraction(prior["high"]), FINE))
        return
    for factors in product(map(float, FACTORS), repeat=len(liar["truth"])):
        yield [
            [value * factor for value in row]
            for row, factor in zip(liar["truth"], factors, strict=True)
        ]


#: Times its true values a client reports.
FACTORS = grid(Fraction(0), Fraction(2), COARSE)


def assert_no_bid_gains(auction: Auction, provider: int, basis: str, steps: int) -> None:
    offer = auction.providers[provider]

    def utility(cleared: Cleared) -> Fraction:
        return cleared.utility_usd(provider, offer.bid, basis)

    truthful = utility(clear_workflow(auction))
    for bid in grid(offer.prior.low, offer.prior.high, steps):
        lied = clear_workflow(auction.with_bid(provider, bid))
        assert utility(lied) <= truthful, (offer.id, bid)


def assert_no_client_gains(market: Market) -> None:
    """Whatever the owner of some requests says each of them is worth at each provider."""
    for owner in set(market.clients):
        rows = [j for j, client in enumerate(market.clients) if client == owner]
        truthful = market.client_utility(rows, market.values)
        assert truthful >= 0
        choices = [
            [None] if value is None else [value * factor for factor in FACTORS]
            for j in rows
            for value in market.values[j]
        ]
        width = len(market.capacities)
        for reports in product(*choices):
            lied = market.with_values(
                {j: reports[at * width : (at + 1) * width] for at, j in enumerate(rows)}
            )
            assert lied.client_utility(rows, market.values) <= truthful, (owner, reports)
