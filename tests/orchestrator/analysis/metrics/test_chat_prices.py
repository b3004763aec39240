from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.analysis.metrics import market_metrics
from orchestrator.analysis.summary import summarize


def test_what_is_spent_beyond_cost_goes_to_providers_and_hubs(truthful: Path, lying: Path) -> None:
    for run in (truthful, lying):
        for found in market_metrics(run).values():
            parts = found["chat_provider_rent"] + found["chat_hub_rent"]
            assert found["chat_overpayment"] == pytest.approx(parts)


def test_rents_are_surpluses_over_the_true_cost_of_what_was_served(routed: Path) -> None:
    (found,), chat = market_metrics(routed).values(), summarize(routed).chat
    cost = chat.providers_received_usd - chat.provider_surplus_usd
    assert found["chat_overpayment"] == pytest.approx(chat.clients_paid_usd / cost - 1)
    assert found["chat_provider_rent"] == pytest.approx(chat.provider_surplus_usd / cost)
    assert found["chat_client_rent"] == pytest.approx(chat.client_surplus_usd / cost)
    assert found["chat_hub_rent"] == 0


def test_the_deficit_of_hubs_is_spent_too(lying: Path) -> None:
    (found,), chat = market_metrics(lying).values(), summarize(lying).chat
    cost = chat.providers_received_usd - chat.provider_surplus_usd
    assert chat.hubs_kept_usd < 0
    assert found["chat_overpayment"] == pytest.approx(chat.providers_received_usd / cost - 1)
    assert found["chat_hub_rent"] == 0
