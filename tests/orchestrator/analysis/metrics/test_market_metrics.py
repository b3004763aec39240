from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from market.errors import BadInput
from orchestrator.analysis.metrics import METRICS, market_metrics


def test_every_trial_has_every_metric_in_the_order_of_tables(truthful: Path) -> None:
    found = market_metrics(truthful)
    assert list(found) == [0, 1]
    assert all(list(figures) == list(METRICS) for figures in found.values())
    assert all(isinstance(one, float) for figures in found.values() for one in figures.values())


def test_what_is_not_asked_for_is_not_even_read(truthful: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    shutil.copytree(truthful, run)
    part = next((run / "predictions").iterdir())
    part.write_bytes(b"no table")
    found = market_metrics(run, {"served_share", "revenue_hhi"})
    assert [list(figures) for figures in found.values()] == [["served_share", "revenue_hhi"]] * 2
    with pytest.raises(BadInput, match="predictions"):
        market_metrics(run, {"chat_efficiency"})


def test_an_unknown_name_is_told_with_those_there_are(truthful: Path) -> None:
    with pytest.raises(
        BadInput, match=r"metrics: expected some of chat_welfare_usd.*got 'wellfare'"
    ):
        market_metrics(truthful, ["served_share", "wellfare"])
