from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from market.errors import BadInput
from orchestrator.analysis.bid_panel import bid_panels
from orchestrator.log import read_table
from tests.markets import DIALOGUES, rewritten, run_market, small_market

Rows = list[dict[str, Any]]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    scenario = small_market(rounds=2, demand=[DIALOGUES])
    return run_market(scenario, tmp_path_factory.mktemp("panel") / "run")


def test_every_bid_stands_in_its_round_and_at_its_provider(run: Path, tmp_path: Path) -> None:
    def shuffle(rows: Rows) -> None:
        rows.reverse()

    for log in (run, rewritten(run, tmp_path / "run", "bids", shuffle)):
        panel = bid_panels(log, "chat_bid")[0]
        rows = read_table(log, "bids").to_pylist()
        assert panel.values["chat_bid"].size == len(rows)
        for row in rows:
            column = panel.providers.index(row["provider"])
            assert panel.values["chat_bid"][panel.row(row["round"]), column] == row["chat_bid"]


@pytest.mark.parametrize(
    "change", [lambda rows: rows.pop(3), lambda rows: rows[0].update(provider="nobody")]
)
def test_a_bid_that_is_missing_or_of_nobody_is_told(
    run: Path, tmp_path: Path, change: Callable[[Rows], None]
) -> None:
    broken = rewritten(run, tmp_path / "run", "bids", change)
    with pytest.raises(BadInput, match="trial 0: bids: expected one of each of 12 providers"):
        bid_panels(broken, "chat_bid")


def test_a_round_without_bids_is_told(run: Path) -> None:
    with pytest.raises(BadInput, match="no rows of round 99"):
        bid_panels(run, "chat_bid")[0].row(99)
