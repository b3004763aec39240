"""The summary's figures, against the same sums in SQL."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest

from market.errors import BadInput
from orchestrator.analysis.summary import RunSummary, summarize
from tests.markets import DIALOGUES, GROUPS, WORKFLOWS, rewritten, run_market, small_market


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    scenario = small_market(
        trials=2,
        demand=[DIALOGUES | {"rate_per_s": 20}, WORKFLOWS],
        providers=[GROUPS[0] | {"strategy": {"kind": "conservative"}}, GROUPS[1]],
    )
    return run_market(scenario, tmp_path_factory.mktemp("run") / "run")


@pytest.fixture(scope="module")
def summary(run: Path) -> RunSummary:
    return summarize(run)


def one(run: Path, query: str) -> tuple[float, ...]:
    (row,) = duckdb.sql(query.replace("RUN", str(run))).fetchall()
    return tuple(map(float, row))


def test_statuses(run: Path, summary: RunSummary) -> None:
    served, refused, failed = one(
        run,
        "SELECT count(*) FILTER (status = 'served'), count(*) FILTER (status = 'refused'), "
        "count(*) FILTER (status = 'failed') FROM 'RUN/requests/*.parquet'",
    )
    chat = summary.chat
    assert (chat.served, chat.refused, chat.failed) == (served, refused, failed)
    assert served > 0


def test_money(run: Path, summary: RunSummary) -> None:
    expected = one(
        run,
        "SELECT sum(client_paid_nano), sum(provider_received_nano), sum(hub_kept_nano), "
        "sum(realized_value_nano - realized_cost_nano), "
        "sum(realized_value_nano - client_paid_nano), "
        "sum(provider_received_nano - realized_cost_nano) "
        "FROM 'RUN/settlements/*.parquet' s JOIN 'RUN/completions/*.parquet' c "
        "USING (trial, request) WHERE s.kind = 'chat' AND NOT void",
    )
    chat = summary.chat
    found = (
        chat.clients_paid_usd,
        chat.providers_received_usd,
        chat.hubs_kept_usd,
        chat.realized_welfare_usd,
        chat.client_surplus_usd,
        chat.provider_surplus_usd,
    )
    assert np.array(found) == pytest.approx(np.array(expected) / 1e9, abs=1e-12)
    assert chat.client_surplus_usd + chat.provider_surplus_usd + chat.hubs_kept_usd == (
        pytest.approx(chat.realized_welfare_usd)
    )


def test_losses(run: Path, summary: RunSummary) -> None:
    assert (summary.chat.client_losses, summary.chat.provider_losses) == one(
        run,
        "SELECT count(*) FILTER (realized_value_nano < client_paid_nano), "
        "count(*) FILTER (provider_received_nano < realized_cost_nano) "
        "FROM 'RUN/settlements/*.parquet' s JOIN 'RUN/completions/*.parquet' c "
        "USING (trial, request) WHERE s.kind = 'chat' AND NOT void",
    )
    assert summary.chat.provider_losses > 0


def test_serving(run: Path, summary: RunSummary) -> None:
    hit_rate, ttft_s, quality = one(
        run,
        "SELECT sum(cached_tokens) / sum(prompt_tokens), avg(ttft_s), avg(quality) "
        "FROM 'RUN/completions/*.parquet' WHERE kind = 'chat' AND error IS NULL",
    )
    assert summary.chat.hit_rate == pytest.approx(hit_rate)
    assert summary.chat.ttft_mean_s == pytest.approx(ttft_s)
    assert summary.chat.quality == pytest.approx(quality)


def test_workflows(run: Path, summary: RunSummary) -> None:
    paid, cost = one(
        run,
        "SELECT sum(client_pays_nano), sum(true_cost_nano) FROM 'RUN/awards/*.parquet' a "
        "JOIN 'RUN/workflows/*.parquet' w ON a.trial = w.trial AND a.request = w.workflow "
        "WHERE w.status = 'served'",
    )
    assert summary.workflows.paid_usd == pytest.approx(paid / 1e9)
    assert summary.workflows.true_cost_usd == pytest.approx(cost / 1e9)


def test_a_hit_rate_that_no_answer_tells_of_is_not_known(run: Path, tmp_path: Path) -> None:
    def forget(rows: list[dict[str, Any]]) -> None:
        for row in rows:
            row["cached_tokens"] = None

    told = summarize(rewritten(run, tmp_path / "copy", "completions", forget)).chat
    assert told.served > 0
    assert np.isnan(told.hit_rate)


def test_coming_and_going_is_counted_by_provider(run: Path, tmp_path: Path) -> None:
    story: dict[tuple[int, str], list[str | None]] = {
        (0, "small-000"): ["outage", "hung", "outage", None, "left", "outage", None],
        (1, "small-000"): ["lost", "left", None, "hung", None, "left", "left"],
    }

    def tell(rows: list[dict[str, Any]]) -> None:
        for row in rows:
            said = story.get((row["trial"], row["provider"]), [])
            row["absence"] = said[row["round"] - 1] if row["round"] <= len(said) else None

    copy = rewritten(run, tmp_path / "copy", "bids", tell)
    told = summarize(copy).presence
    assert (told.outages, told.exits, told.returns) == (2, 3, 4)
    (bids,) = one(run, "SELECT count(*) FROM 'RUN/bids/*.parquet'")
    assert (told.out, told.left) == (3 / bids, 4 / bids)


def test_an_absence_that_there_is_not_is_named(run: Path, tmp_path: Path) -> None:
    def lie(rows: list[dict[str, Any]]) -> None:
        rows[0]["absence"] = "asleep"

    with pytest.raises(BadInput, match="got 'asleep'"):
        summarize(rewritten(run, tmp_path / "copy", "bids", lie))


def test_an_empty_market_is_summed_up_too(tmp_path: Path) -> None:
    run = run_market(small_market(demand=[DIALOGUES | {"rate_per_s": 1e-6}]), tmp_path / "run")
    assert summarize(run).chat.served == 0
