from __future__ import annotations

import math
from pathlib import Path

import pytest

from orchestrator.analysis.metrics import market_metrics
from orchestrator.analysis.summary import summarize

SUMS = {
    "chat_welfare_usd": lambda run: run.chat.realized_welfare_usd,
    "chat_reported_welfare_usd": lambda run: run.chat.reported_welfare_usd,
    "client_surplus_usd": lambda run: run.chat.client_surplus_usd,
    "provider_surplus_usd": lambda run: run.chat.provider_surplus_usd,
    "hub_kept_usd": lambda run: run.chat.hubs_kept_usd,
    "workflow_paid_usd": lambda run: run.workflows.paid_usd,
    "workflow_true_cost_usd": lambda run: run.workflows.true_cost_usd,
    "provider_profit_usd": lambda run: run.provider_profit_usd,
}


@pytest.mark.parametrize("market", ["truthful", "lying", "routed"])
def test_the_trials_add_up_to_the_summary_of_the_run(
    market: str, request: pytest.FixtureRequest
) -> None:
    run: Path = request.getfixturevalue(market)
    trials, whole = market_metrics(run, SUMS), summarize(run)
    for name, of_run in SUMS.items():
        total = sum(found[name] for found in trials.values())
        assert total == pytest.approx(of_run(whole), abs=2e-9), name
        assert total != 0 or name == "hub_kept_usd"


def test_profit_is_what_fixed_costs_leave(lying: Path) -> None:
    (found,), whole = market_metrics(lying).values(), summarize(lying)
    before = found["provider_surplus_usd"] + found["workflow_paid_usd"]
    before -= found["workflow_true_cost_usd"]
    assert whole.presence.fixed_cost_usd > 0
    assert found["provider_profit_usd"] == pytest.approx(before - whole.presence.fixed_cost_usd)


def test_shares_and_waits_of_a_single_trial_are_those_of_the_summary(lying: Path) -> None:
    (found,), whole = market_metrics(lying).values(), summarize(lying)
    chat, workflows = whole.chat, whole.workflows
    assert found["served_share"] == chat.served / chat.asked < 1
    assert found["failed_share"] == chat.failed / chat.asked
    assert found["workflow_served_share"] == workflows.served / workflows.asked
    assert found["hit_rate"] == chat.hit_rate > 0
    assert (found["ttft_mean_s"], found["ttft_p99_s"]) == (chat.ttft_mean_s, chat.ttft_p99_s)
    assert found["workflow_markup"] == pytest.approx(
        workflows.paid_usd / workflows.true_cost_usd - 1
    )


def test_clients_providers_and_hubs_share_the_welfare_of_chat(truthful: Path, lying: Path) -> None:
    for found in [*market_metrics(truthful).values(), *market_metrics(lying).values()]:
        parts = [found[f"{side}_share"] for side in ("client", "provider", "hub")]
        assert sum(parts) == pytest.approx(1)
        assert parts[0] * found["chat_welfare_usd"] == pytest.approx(found["client_surplus_usd"])


def test_a_market_without_workflows_has_no_figures_of_them(chat_alone: Path) -> None:
    (found,) = market_metrics(chat_alone).values()
    assert all(math.isnan(found[name]) for name in found if name.startswith("workflow_"))
    assert not math.isnan(found["chat_welfare_usd"])
    assert found["provider_profit_usd"] == found["provider_surplus_usd"]
