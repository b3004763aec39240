from __future__ import annotations

import math
from pathlib import Path

import duckdb
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.analysis.metrics import market_metrics
from orchestrator.analysis.metrics.concentration import gini, hhi

REVENUES = st.lists(st.integers(0, 10**9), min_size=1, max_size=12).filter(any)


def test_one_seller_has_all_and_equal_sellers_count_as_they_are() -> None:
    assert hhi(np.array([0.0, 7.0, 0.0])) == 10_000
    assert gini(np.array([0.0, 7.0, 0.0])) == pytest.approx(2 / 3)
    assert hhi(np.full(4, 2.5)) == pytest.approx(2_500)
    assert gini(np.full(4, 2.5)) == pytest.approx(0)


def test_the_shares_of_a_textbook_market() -> None:
    # shares of 30, 30, 20 and 20 per cent: 900 + 900 + 400 + 400
    assert hhi(np.array([30.0, 30.0, 20.0, 20.0])) == pytest.approx(2_600)
    # 3 and 1: half the mean absolute difference is 0.5, the mean is 2
    assert gini(np.array([3.0, 1.0])) == pytest.approx(0.25)


def test_nothing_sold_has_no_shares() -> None:
    assert math.isnan(hhi(np.zeros(3)))
    assert math.isnan(gini(np.zeros(3)))


@given(REVENUES)
def test_gini_is_half_the_relative_mean_difference(revenues: list[int]) -> None:
    amounts = np.array(revenues, dtype=float)
    differences = np.abs(amounts[:, None] - amounts[None, :]).mean()
    assert gini(amounts) == pytest.approx(differences / 2 / amounts.mean(), abs=1e-12)
    assert -1e-12 <= gini(amounts) <= 1 - 1 / len(amounts) + 1e-12


@given(REVENUES, st.integers(0, 5))
def test_sellers_of_nothing_change_inequality_and_not_concentration(
    revenues: list[int], idle: int
) -> None:
    amounts = np.array(revenues, dtype=float)
    more = np.append(amounts, np.zeros(idle))
    assert hhi(more) == pytest.approx(hhi(amounts))
    # G(n + k) = (n G(n) + k) / (n + k)
    count = len(amounts)
    assert gini(more) == pytest.approx((count * gini(amounts) + idle) / (count + idle))


@given(REVENUES)
def test_hhi_lies_between_equal_shares_and_a_monopoly(revenues: list[int]) -> None:
    amounts = np.array(revenues, dtype=float)
    assert 10_000 / len(amounts) - 1e-6 <= hhi(amounts) <= 10_000 + 1e-6
    shares = amounts / amounts.sum()
    # the variance of shares is what it has beyond equal ones
    beyond = 10_000 * len(amounts) * shares.var()
    assert hhi(amounts) == pytest.approx(10_000 / len(amounts) + beyond)


@pytest.mark.parametrize(
    ("prefix", "kinds"),
    [("chat_", "'chat'"), ("workflow_", "'workflow'"), ("", "'chat', 'workflow'")],
)
def test_each_market_has_its_own_concentration(truthful: Path, prefix: str, kinds: str) -> None:
    rows = duckdb.sql(
        f"SELECT sum(provider_received_nano) FROM '{truthful}/settlements/*.parquet' "
        f"WHERE trial = 1 AND kind IN ({kinds}) GROUP BY provider"
    ).fetchall()
    received = np.array([float(amount) for (amount,) in rows])
    index = 10_000 * ((received / received.sum()) ** 2).sum()
    found = market_metrics(truthful)[1]
    assert found[f"{prefix}revenue_hhi"] == pytest.approx(index)
    assert found[f"{prefix}effective_providers"] == pytest.approx(10_000 / index)
    # all twelve have slots of both kinds
    everyone = np.append(received, np.zeros(12 - len(received)))
    assert found[f"{prefix}revenue_gini"] == pytest.approx(gini(everyone))


def test_who_has_no_slots_there_is_not_counted_with_nothing(routed: Path) -> None:
    rows = duckdb.sql(
        f"SELECT sum(provider_received_nano) FROM '{routed}/settlements/*.parquet' "
        "WHERE kind = 'workflow' GROUP BY provider"
    ).fetchall()
    received = np.array([float(amount) for (amount,) in rows])
    four_large = np.append(received, np.zeros(4 - len(received)))
    (found,) = market_metrics(routed).values()
    assert found["workflow_revenue_gini"] == pytest.approx(gini(four_large))
