"""The summary's figures, against the same sums in SQL."""

from __future__ import annotations

from pathlib import Path

import duckdb
import numpy as np
import pytest

from orchestrator.analysis.summary import RunSummary, summarize
from tests.markets import DIALOGUES, GROUPS, WORKFLOWS, run_market, small_market


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


def test_an_empty_market_is_summed_up_too(tmp_path: Path) -> None:
    run = run_market(small_market(demand=[DIALOGUES | {"rate_per_s": 1e-6}]), tmp_path / "run")
    assert summarize(run).chat.served == 0
