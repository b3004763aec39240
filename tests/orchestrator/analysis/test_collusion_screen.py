from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

from orchestrator.analysis.collusion_screen import (
    CollusionScreen,
    IdenticalBids,
    screen,
    screened,
)
from orchestrator.analysis.group_bids import GroupBids, group_bids
from orchestrator.analysis.metrics import market_metrics
from tests.markets import DIALOGUES, GROUPS, rewritten, run_market, small_market

WIDE, NARROW = (0.1, 1.0), (0.9, 1.0)


def costs(
    seed: int, members: int = 12, rounds: int = 60, noise: tuple[float, float] = WIDE
) -> np.ndarray:
    return np.random.default_rng(seed).uniform(*noise, size=(rounds, members))


def persistent_costs(seed: int) -> np.ndarray:
    """Costs that wander: each keeps 0.9 of its logarithm from round to round."""
    shocks = np.random.default_rng(seed).normal(size=(60, 12))
    logs = np.zeros_like(shocks)
    for now in range(1, 60):
        logs[now] = 0.9 * logs[now - 1] + shocks[now]
    return np.exp(0.2 * logs)


def taking_turns(
    bids: np.ndarray, members: Sequence[int], rest: float, period: int = 1
) -> np.ndarray:
    """As ``agents.strategy.Ring`` bids with a turn of 1."""
    changed = bids.copy()
    for round_ in range(len(bids)):
        turn = round_ // period % len(members)
        for place, member in enumerate(members):
            changed[round_, member] *= 1.0 if place == turn else rest
    return changed


def group(bids: np.ndarray, prices: np.ndarray | None = None, trial: int = 0) -> GroupBids:
    members = tuple(f"p{place}" for place in range(bids.shape[1]))
    given = np.ones_like(bids) if prices is None else np.broadcast_to(prices, bids.shape)
    return GroupBids(trial, "chat", "hub-0", members, bids, given)


def flagged(found: CollusionScreen) -> set[tuple[str, str]]:
    return {(pair.one, pair.other) for pair in found.flagged}


@pytest.mark.parametrize("drawn", [costs, persistent_costs])
def test_independent_costs_raise_a_false_alarm_as_rarely_as_the_level_says(drawn: Any) -> None:
    seeds = 200
    alarms = sum(bool(screened([group(drawn(seed))]).flagged) for seed in range(seeds))
    assert alarms <= stats.binom.ppf(0.999, seeds, 0.05)
    # and it is a test, not a deaf ear: at a level of a half there are alarms
    loose = sum(bool(screened([group(drawn(seed))], 0.5).flagged) for seed in range(seeds))
    assert loose >= stats.binom.ppf(0.001, seeds, 0.3)


def test_absences_make_alarms_neither_more_nor_fewer() -> None:
    def with_absences(seed: int) -> np.ndarray:
        away = np.random.default_rng(1000 + seed).random((60, 12)) < 0.2
        return np.where(away, np.nan, costs(seed))

    alarms = [
        sum(bool(screened([group(with_absences(seed))], level).flagged) for seed in range(100))
        for level in (0.05, 0.5)
    ]
    assert alarms[0] <= stats.binom.ppf(0.999, 100, 0.05)
    assert alarms[1] >= stats.binom.ppf(0.001, 100, 0.3)


def test_prices_that_all_follow_publicly_are_no_flag() -> None:
    bids = costs(1, noise=NARROW)
    day = 1 + np.sin(np.arange(60) / 9)[:, None] ** 2
    base = np.linspace(0.5, 5.0, 12)
    public = screened([group(bids * day * base, day * base)])
    assert flagged(public) == flagged(screened([group(bids)])) == set()


@pytest.mark.parametrize(("members", "period"), [((0, 1, 2), 1), ((0, 1, 2), 5), ((3, 7), 1)])
def test_a_ring_that_takes_turns_is_flagged(members: tuple[int, ...], period: int) -> None:
    found = screened([group(taking_turns(costs(4, noise=NARROW), members, 1.5, period))])
    expected = {(f"p{one}", f"p{other}") for one in members for other in members if one < other}
    assert flagged(found) == expected
    assert all(pair.p_value <= pair.adjusted < 0.05 for pair in found.flagged)


def test_members_who_move_up_and_down_together_are_flagged() -> None:
    bids = costs(8)
    bids[:, 1] = bids[:, 0] * np.random.default_rng(9).uniform(0.95, 1.05, 60)
    assert flagged(screened([group(bids)])) == {("p0", "p1")}


def test_a_constant_mark_up_leaves_no_trace_in_correlations() -> None:
    truth = costs(3)
    ring = truth * np.where(np.arange(12) < 3, 3.0, 1.0)
    honest, colluding = screened([group(truth)]), screened([group(ring)])
    assert flagged(colluding) == flagged(honest) == set()
    assert colluding.groups[0].variation == pytest.approx(honest.groups[0].variation)


def test_a_private_shock_to_all_of_a_small_group_is_a_false_alarm() -> None:
    shock = np.exp(0.6 * np.random.default_rng(30).normal(size=(60, 1)))
    assert flagged(screened([group(costs(31, members=3) * shock)]))


def test_turns_that_drown_in_the_noise_of_costs_are_mostly_missed() -> None:
    seen = [
        flagged(screened([group(taking_turns(costs(seed), (0, 1, 2), 1.5))])) for seed in range(20)
    ]
    among_them = {("p0", "p1"), ("p0", "p2"), ("p1", "p2")}
    assert sum(bool(pairs & among_them) for pairs in seen) <= 2


def test_unusually_steady_rigid_and_equal_bids_are_named_and_not_flagged() -> None:
    bids = costs(11)
    bids[:, 3] = 0.5 + 0.01 * bids[:, 3]
    bids[:, 4] = 0.7
    bids[::2, 5] = bids[::2, 6]
    found = screened([group(bids)])
    (seen,) = found.groups
    assert (seen.quiet, seen.constant) == (("p3",), ("p4",))
    assert seen.identical == (IdenticalBids("p6", "p5", 30),) or seen.identical == (
        IdenticalBids("p5", "p6", 30),
    )
    assert seen.variation[0] == pytest.approx(stats.variation(bids[:, 0], ddof=1))
    assert not {"p3", "p4"} & {name for pair in flagged(found) for name in pair}


def test_too_few_rounds_say_nothing() -> None:
    found = screened([group(taking_turns(costs(4, rounds=10, noise=NARROW), (0, 1), 1.5))])
    assert found.tested(0) == 0
    assert found.flagged == ()
    assert np.isfinite(found.groups[0].variation).all()


def test_the_pairs_of_one_trial_are_one_family() -> None:
    bids = costs(8)
    bids[:, 1] = bids[:, 0] * np.random.default_rng(9).uniform(0.95, 1.05, 60)
    quiet = group(costs(20), trial=1)
    found = screened([group(bids), quiet])
    (pair,) = found.flagged
    assert (found.flags(0), found.flags(1)) == (1, 0)
    assert pair.adjusted == pytest.approx(pair.p_value * 66)
    (wider,) = screened([group(bids), group(costs(20))]).flagged
    assert wider.adjusted == pytest.approx(pair.p_value * 132)


@pytest.fixture(scope="module")
def ring(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three of the larger providers take turns; the smaller ones go out now and then."""
    members = [f"large-{number:03d}" for number in range(3)]
    narrow = {"scarcity": [0.9, 1.0]}
    small = GROUPS[0] | {
        "cost": GROUPS[0]["cost"] | narrow,
        "outages": {"kind": "drawn", "up_s": 20, "down_s": 5},
    }
    large = GROUPS[1] | {"cost": GROUPS[1]["cost"] | narrow}
    large |= {
        "strategy": {"kind": "truthful"},
        "panel": {"count": 3, "strategy": {"kind": "ring", "members": members, "rest": 1.5}},
    }
    scenario = small_market(
        rounds=40,
        providers=[small, large],
        hubs={"count": 1},
        demand=[DIALOGUES | {"rate_per_s": 0.5}],
    )
    return run_market(scenario, tmp_path_factory.mktemp("ring") / "run")


def test_the_ring_of_a_running_market_is_flagged_in_chat_and_for_workflows(ring: Path) -> None:
    found = screen(ring)
    members = {f"large-{number:03d}" for number in range(3)}
    assert {(seen.market, seen.group) for seen in found.groups} == {
        ("chat", "hub-0"),
        ("workflow", "workflow"),
    }
    assert len(found.flagged) == 6
    assert all({pair.one, pair.other} <= members for pair in found.flagged)
    assert market_metrics(ring, ["collusion_flags"]) == {0: {"collusion_flags": 6.0}}


def test_rounds_without_an_offer_do_not_count(ring: Path) -> None:
    chat, workflow = group_bids(ring)
    assert np.isnan(chat.bids).any()
    assert (np.isnan(chat.bids) == np.isnan(workflow.bids)).all()
    assert np.nanmax(chat.normalised) < 1.5 * 1.2


def test_the_screen_sees_nothing_private(ring: Path, tmp_path: Path) -> None:
    def forget(rows: list[dict[str, Any]]) -> None:
        for row in rows:
            row |= {"true_cost": 1.0, "load": 0.0, "fixed_cost_nano": 0, "absence": None}

    assert screen(rewritten(ring, tmp_path / "run", "bids", forget)).flagged == screen(ring).flagged
