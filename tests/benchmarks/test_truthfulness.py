from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from benchmarks.page import blocks_of
from benchmarks.truthfulness import command
from benchmarks.truthfulness.horizon import Gain, gain_of, gains, studies
from benchmarks.truthfulness.matrix import always, matrix
from benchmarks.truthfulness.one_round import (
    CLARKE,
    CLARKE_BY_REQUEST,
    REALIZED,
    TWO_SIDED,
    one_round,
)
from market.audit import CLIENT, PROVIDER

PAGE = Path(__file__).resolve().parents[2] / "docs" / "truthfulness.md"
NO_GAIN = [Gain(1.1, -0.01, -0.02, 0.0)]


def test_the_truthful_mechanisms_are_told_from_the_others() -> None:
    rows = {row.mechanism: row for row in one_round(markets=12, seed=1)}
    for name in ("star", "homogeneous", "myopic", REALIZED):
        assert rows[name].providers.with_regret == 0
        assert rows[name].providers.exact
    for name in ("pay_as_bid", CLARKE):
        assert rows[name].providers.share_with_regret > 0.5
    assert rows[CLARKE].clients.with_regret == 0
    assert rows[TWO_SIDED].clients.with_regret == rows[TWO_SIDED].providers.with_regret == 0
    assert rows[CLARKE_BY_REQUEST].clients.with_regret > 0
    assert rows["star"].clients.with_regret == rows["star"].clients.markets
    assert rows[REALIZED].clients.with_regret < rows["star"].clients.with_regret


def test_the_matrix_has_a_measurement_in_every_cell() -> None:
    rows = list(one_round(markets=2, seed=1))
    horizon = {(study.name, study.side): NO_GAIN for study in studies(2, 1)}
    lines = matrix(rows, horizon).splitlines()
    assert len(lines) == 2 + len(rows)
    for line in lines[2:]:
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        assert len(cells) == 5
        assert all(cells)
        assert cells[2] == "none, x1.1: \u22121.0 % [\u22122.0, +0.0]"


def test_a_gain_counts_where_its_interval_is_above_nothing() -> None:
    sure, unsure = Gain(1.5, 0.2, 0.1, 0.3), Gain(2.0, 0.1, -0.1, 0.3)
    assert always([unsure, sure]) == "**gains** x1.5: +20.0 % [+10.0, +30.0]"
    larger_but_unsure = Gain(2.0, 0.4, -0.1, 0.9)
    assert always([larger_but_unsure, sure]) == "**gains** x1.5: +20.0 % [+10.0, +30.0]"
    of_rounding = Gain(1.1, 2e-9, 1e-9, 3e-9)
    assert always([of_rounding]) == "none, x1.1: +0.0 % [+0.0, +0.0]"
    assert always([unsure]) == "none, x2: +10.0 % [\u221210.0, +30.0]"
    assert always([]) == "took no part"


def test_the_interval_of_a_gain_is_that_of_a_ratio() -> None:
    turnover = np.array([1.0, 4.0, 7.0])
    in_proportion = gain_of(0.5, turnover / 2, turnover)
    assert [in_proportion.mean, in_proportion.low, in_proportion.high] == pytest.approx([0.5] * 3)
    rng = np.random.default_rng(4)
    kept = 0
    for _ in range(400):
        turnover = rng.uniform(1.0, 9.0, 40)
        gain = gain_of(2.0, 0.1 * turnover + rng.normal(0.0, 1.0, 40), turnover)
        kept += gain.low <= 0.1 <= gain.high
    assert kept >= 0.98 * 400


def test_the_truth_gains_nothing_over_itself_and_half_the_lengths_cost_half() -> None:
    study = next(s for s in studies(2, 4) if (s.name, s.side) == ("star", CLIENT))
    by_factor = {gain.factor: gain for gain in gains(study)}
    assert abs(by_factor[0.5].mean - 0.5) < 0.01
    assert by_factor[2.0].mean < -0.9


def test_every_mechanism_is_studied_on_both_sides() -> None:
    names = {row.mechanism for row in one_round(markets=1, seed=1)}
    asked = {(study.name, study.side) for study in studies(2, 1)}
    assert asked == {(name, side) for name in names for side in (PROVIDER, CLIENT)}


def test_the_page_has_the_rows_of_the_matrix() -> None:
    found = blocks_of(PAGE.read_text("utf-8"))["matrix"]
    for row in one_round(markets=1, seed=1):
        assert f"| {row.mechanism} |" in found


def test_too_little_is_no_benchmark() -> None:
    for option in (["--markets", "0"], ["--trials", "1"], ["--rounds", "0"]):
        assert CliRunner().invoke(command, option).exit_code == 2
