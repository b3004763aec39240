from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from orchestrator.analysis.summary import RunSummary, summarize
from orchestrator.analysis.summary_rows import summary_rows
from tests.markets import GROUPS, run_market, small_market


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    outages = {"outages": {"kind": "listed", "periods": [[2, 7]]}}
    scenario = small_market(
        providers=[GROUPS[0] | outages, GROUPS[1]],
        faults={
            "requests": "reauction",
            "deadline_s": 2,
            "listed": [
                {"round": 4, "provider": "small-000"},
                {"round": 4, "provider": "large-000"},
                {"round": 4, "provider": "large-001"},
                {"round": 5, "provider": "large-002", "event": "hang"},
                {"round": 6, "hub": "hub-1"},
            ],
        },
    )
    return run_market(scenario, tmp_path_factory.mktemp("run") / "run")


@pytest.fixture(scope="module")
def summary(run: Path) -> RunSummary:
    return summarize(run)


def one(run: Path, query: str) -> tuple[int, ...]:
    (row,) = duckdb.sql(query.replace("RUN", str(run))).fetchall()
    return tuple(row)


def test_faults_are_added_up(run: Path, summary: RunSummary) -> None:
    found = summary.faults
    assert (found.crashes, found.hangs, found.given_up, found.hub_crashes) == (3, 1, 1, 1)
    query = "SELECT count(*) FROM 'RUN/completions/*.parquet' WHERE error = 'provider lost'"
    assert (found.lost,) == one(run, query)
    assert found.lost > 3
    (rounds,) = one(run, "SELECT count(*) FROM 'RUN/rounds/*.parquet'")
    assert found.absent == pytest.approx((3 * 3 + 2 + 3) / (12 * rounds))


def test_what_is_auctioned_again_is_asked_once(run: Path, summary: RunSummary) -> None:
    again, all_rows = one(run, "SELECT count(retry_of), count(*) FROM 'RUN/requests/*.parquet'")
    assert summary.chat.reauctioned == again > 0
    assert summary.chat.asked == all_rows - again


def test_a_loss_within_an_outage_is_no_coming_or_going(summary: RunSummary) -> None:
    """Eight providers were out once, one of them lost meanwhile; and all came back once."""
    assert summary.presence.outages == summary.presence.returns == 8


def test_the_summary_tells_of_faults_where_there_were_any(
    summary: RunSummary, tmp_path: Path
) -> None:
    told = dict(summary_rows([summary]))
    assert told["providers crashed / hung"] == ["3 / 1"]
    assert told["hubs that began anew"] == ["1"]
    spared = summarize(run_market(small_market(), tmp_path / "spared"))
    assert "hubs that began anew" not in dict(summary_rows([spared]))
