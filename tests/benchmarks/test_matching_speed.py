from __future__ import annotations

from pathlib import Path

import click
import numpy as np
import pytest
from click.testing import CliRunner

from benchmarks.matching_speed import clearing, command
from benchmarks.matching_speed.clearing import Measured, measure, suits_dense, without
from benchmarks.matching_speed.cli import BLOCKS
from benchmarks.matching_speed.markets import Size, random_market
from benchmarks.matching_speed.successive_shortest_paths import least_cost
from benchmarks.page import blocks_of, check_blocks
from market.matching import BACKENDS, Optimum, Pairs

PAGE = Path(__file__).resolve().parents[2] / "docs" / "matching.md"
SMALL = ["--most-requests", "16", "--repetitions", "2", "--budget-s", "0.1"]


def test_a_small_run_fills_every_block_of_the_page(tmp_path: Path) -> None:
    check_blocks(PAGE, BLOCKS)
    copy = tmp_path / "matching.md"
    copy.write_text(PAGE.read_text("utf-8"), "utf-8")
    result = CliRunner().invoke(command, [*SMALL, "--write", str(copy)])
    assert result.exit_code == 0, result.output
    blocks = blocks_of(copy.read_text("utf-8"))
    assert "| 16 x 9 | 13 | dense (auto) |" in blocks["clearing"]
    assert "| all payments over one solve, 16 x 9, 13 slots |" in blocks["aims"]
    assert "| 16 x 9 | 13 |" in blocks["sets"]
    assert "| 16 x 9, 30% of pairs | 20 |" in blocks["backends"]
    assert all(block in result.output for block in blocks.values())


def test_a_page_without_the_blocks_is_one_line(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("nothing here\n", "utf-8")
    result = CliRunner().invoke(command, [*SMALL, "--write", str(page)])
    assert result.exit_code == 2
    assert result.output.startswith(f"matching: {page}: expected the generated blocks")
    assert len(result.output.splitlines()) == 1


@pytest.mark.parametrize("density", [1.0, 0.3])
@pytest.mark.parametrize("slots", [0.8, 1.25])
def test_a_plain_flow_finds_the_largest_welfare(density: float, slots: float) -> None:
    for seed in range(10):
        market = random_market(Size(12, 6, density, slots), seed)
        assert least_cost(market.pairs(), market.capacities) == -market.solve("dense").welfare


def test_a_flow_stops_where_one_more_pair_would_cost_welfare() -> None:
    # Both can be served for 2 + 3, one alone is worth 6.
    assert least_cost(Pairs.of(np.array([[6, 2], [3, -1]])), np.array([1, 1])) == -6


@pytest.mark.parametrize("density", [1.0, 0.3])
def test_a_market_is_cleared_from_a_matrix_or_from_a_list_of_pairs(density: float) -> None:
    market = random_market(Size(30, 10, density, 0.8), 3)
    assert market.slots == 24
    assert market.values.size == 30 * 10 * density
    for backend in BACKENDS:
        outcome = market.clear(backend)
        served = np.flatnonzero(outcome.match >= 0)
        prices = outcome.scarcity_prices[outcome.match[served]]
        rows = np.full((30, 10), -1)
        rows[market.request, market.provider] = market.costs
        asked = rows[served, outcome.match[served]]
        assert outcome.welfare == market.solve(backend).welfare
        assert (outcome.payments[served] - prices == asked).all()


def test_without_a_request_its_pairs_are_gone() -> None:
    pairs = Pairs.of(np.array([[1, 2], [3, 0], [4, 5]]))
    rest = without(pairs, 1)
    assert rest.start.tolist() == [0, 2, 4]
    assert rest.provider.tolist() == [0, 1, 0, 1]
    assert rest.weight.tolist() == [1, 2, 4, 5]


def test_what_was_not_measured_is_scaled_from_what_was() -> None:
    market = random_market(Size(16, 9), 1)
    one = Measured(market, "dense", True, 10, [1.0], [2.0], [0.5, 1.5], [3.0])
    assert one.all_over_bare.median == 2.0
    assert one.again_over_all == (1.0 + 10 * 1.0) / 2.0
    assert one.flow_over_all == 11 * 3.0 / 2.0


def test_payments_that_solving_again_does_not_confirm_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    right = Optimum.scarcity_prices.func
    monkeypatch.setattr(Optimum, "scarcity_prices", property(lambda self: right(self) + 1))
    with pytest.raises(click.ClickException, match=r"16 x 9: request \d+ pays"):
        measure(Size(16, 9), 1, 0.0)


def test_dense_is_left_out_where_it_would_take_long(monkeypatch: pytest.MonkeyPatch) -> None:
    scarce, ample = (random_market(Size(20, 5, 1.0, slots), 1) for slots in (0.8, 1.25))
    assert suits_dense(scarce)
    assert suits_dense(ample)
    monkeypatch.setattr(clearing, "_MOST_AMPLE_REQUESTS", 10)
    assert suits_dense(scarce)
    assert not suits_dense(ample)
