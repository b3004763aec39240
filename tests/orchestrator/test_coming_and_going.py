"""A market whose providers come and go, at costs that grow with their load; and its audit."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestrator.analysis.logged_run import LoggedRun
from orchestrator.analysis.summary import summarize
from orchestrator.analysis.summary_rows import summary_rows
from orchestrator.audit.clearings import audit_chat, audit_workflow, chat_places, workflow_places
from orchestrator.log import read_table
from tests.markets import DIALOGUES, GROUPS, WORKFLOWS, run_market, small_market

COMING_AND_GOING: dict[str, Any] = {
    "cost": {"kind": "load", "of": GROUPS[0]["cost"], "slope": 1.5},
    "entry_exit": {"fixed_usd_per_s": {"uniform": [0, 2e-5]}, "window_s": 4, "away_s": 5},
}
INTERRUPTED: dict[str, Any] = {"outages": {"kind": "drawn", "up_s": 10.0, "down_s": 4.0}}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    scenario = small_market(
        rounds=24,
        trials=2,
        providers=[GROUPS[0] | COMING_AND_GOING, GROUPS[1] | INTERRUPTED],
        demand=[DIALOGUES, WORKFLOWS],
        hubs={
            "count": 2,
            "mechanism": "auction_two_sided",
            "workflow": {"prior": {"source": "others", "min_samples": 20}},
        },
    )
    return run_market(scenario, tmp_path_factory.mktemp("run") / "run")


def one(run: Path, query: str) -> tuple[Any, ...]:
    (row,) = duckdb.sql(query.replace("RUN", str(run))).fetchall()
    return tuple(row)


def test_providers_go_and_come_back_as_the_summary_says(run: Path) -> None:
    found = summarize(run).presence
    absent = one(
        run,
        "SELECT avg((absence = 'outage' AND absence IS NOT NULL)::int), "
        "avg((absence = 'left' AND absence IS NOT NULL)::int), sum(fixed_cost_nano) / 1e9 "
        "FROM 'RUN/bids/*.parquet'",
    )
    assert (found.out, found.left, found.fixed_cost_usd) == pytest.approx(absent)
    bids = read_table(run, "bids").to_pylist()
    bids.sort(key=lambda row: (row["trial"], row["provider"], row["round"]))
    spells = [
        [absence for absence, _ in groupby(row["absence"] for row in rows)]
        for _, rows in groupby(bids, key=lambda row: (row["trial"], row["provider"]))
    ]
    went = [absence for spell in spells for absence in spell]
    assert (found.outages, found.exits) == (went.count("outage"), went.count("left"))
    assert found.returns == sum(spell[1:].count(None) for spell in spells)
    assert min(found.outages, found.exits, found.returns) > 2


def test_profit_is_what_was_paid_less_true_and_fixed_costs(run: Path) -> None:
    summary = summarize(run)
    (chat,) = one(
        run,
        "SELECT sum(provider_received_nano - realized_cost_nano) / 1e9 "
        "FROM 'RUN/settlements/*.parquet' s JOIN 'RUN/completions/*.parquet' c "
        "USING (trial, request) WHERE s.kind = 'chat' AND NOT void",
    )
    workflows = summary.workflows.paid_usd - summary.workflows.true_cost_usd
    fixed = summary.presence.fixed_cost_usd
    assert fixed > 0
    assert summary.provider_profit_usd == pytest.approx(chat + workflows - fixed)
    labels = dict(summary_rows([summary]))
    assert labels["  fixed costs"] == [f"${fixed:.3f}"]


def test_who_stays_all_the_time_for_nothing_has_no_rows_in_the_summary(tmp_path: Path) -> None:
    summary = summarize(run_market(small_market(rounds=3), tmp_path / "run"))
    assert summary.presence.always
    assert not any("left" in label for label, _ in summary_rows([summary]))


def test_who_left_pays_nothing_and_who_is_interrupted_has_no_fixed_cost_here(run: Path) -> None:
    for row in read_table(run, "bids").to_pylist():
        small = row["provider"].startswith("small")
        assert row["absence"] in ((None, "left") if small else (None, "outage"))
        assert small or row["fixed_cost_nano"] == 0


@pytest.mark.parametrize("kind", ["chat", "node"])
def test_every_piece_of_work_cost_what_the_bid_that_won_it_was_made_at(
    run: Path, kind: str
) -> None:
    """Truthful bids are costs at the load of their round: realised cost over tokens gives them."""
    rows = duckdb.sql(
        f"""
        SELECT c.realized_cost_nano AS cost, b.true_cost, b.load, p.input_ratio, p.hit_ratio,
               c.output_tokens AS out, c.prompt_tokens AS prompt, c.cached_tokens AS cached
        FROM '{run}/completions/*.parquet' c
        JOIN '{run}/awards/*.parquet' a
          ON (a.trial, a.provider) = (c.trial, c.provider)
         AND a.request = CASE WHEN c.kind = 'chat' THEN c.request
                              ELSE split_part(c.request, '/', 1) END
        JOIN '{run}/bids/*.parquet' b ON (b.trial, b.round, b.provider)
                                       = (a.trial, a.round, a.provider)
        JOIN '{run}/providers/*.parquet' p ON (p.trial, p.provider) = (a.trial, a.provider)
        WHERE c.kind = '{kind}' AND c.error IS NULL AND b.chat_bid = b.true_cost
        """
    ).fetchall()
    assert len(rows) > 80
    for cost, bid, _, ratio, hit_ratio, out, prompt, cached in rows:
        tokens = out + ratio * (prompt - cached) + hit_ratio * cached
        assert cost == pytest.approx(bid * tokens * 1000, abs=0.51)
    assert len({load for _, _, load, *_ in rows}) > (2 if kind == "chat" else 0)


def test_an_audit_holds_their_clearings_again_and_finds_the_truth_dominant(run: Path) -> None:
    logged = LoggedRun(run)
    bids = read_table(run, "bids").to_pylist()
    absent = {(row["trial"], row["round"]) for row in bids if not row["available"]}
    places = [place for place in chat_places(logged) if (place.trial, place.round) in absent][:2]
    reports = [audit_chat(logged, place) for place in places]
    reports += [audit_workflow(logged, place) for place in workflow_places(logged)[:1]]
    assert len(reports) == 3
    for report in reports:
        assert not report.violated, report.as_dict()
