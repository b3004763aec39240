"""Panels of providers; those of clients are tested with the clients."""

from typing import Any

import pytest
from pydantic import ValidationError

from agents.electricity import Electricity
from agents.population import draw_providers
from agents.provider import Provider
from agents.provider_group import ProviderGroup
from market.messages import Bid

STRATEGIES = [
    {"kind": "truthful"},
    {"kind": "aggressive"},
    {"kind": "conservative"},
    {"kind": "random"},
    {"kind": "no_regret"},
    {"kind": "best_response"},
    {"kind": "ring", "members": [f"small-{number:03d}" for number in range(5)]},
]

#: Whoever wins nothing knows of nothing better.
HONEST = {"truthful", "best_response"}


def group(**changes: Any) -> ProviderGroup:
    usual = {"name": "small", "count": 5, "domains": ["code", "law"]}
    return ProviderGroup.model_validate(usual | changes)


def drawn(**changes: Any) -> dict[str, Provider]:
    providers = draw_providers([group(**changes)], Electricity(), seed=7)
    return {provider.profile.provider: provider for provider in providers}


def bids(**changes: Any) -> dict[str, list[Bid]]:
    """What every provider of a group bids in ten rounds in which nobody asks for anything."""
    sellers = drawn(**changes)
    return {
        name: [seller.step([], float(second)).bid for second in range(1, 11)]
        for name, seller in sellers.items()
    }


@pytest.mark.parametrize("strategy", STRATEGIES, ids=lambda one: one["kind"])
def test_a_panel_bids_by_its_own_strategy_and_the_rest_as_before(strategy):
    alone, beside = bids(), bids(panel={"count": 2, "strategy": strategy})
    everybody = bids(strategy=strategy)
    for name, offers in beside.items():
        assert offers == (everybody if name in ("small-000", "small-001") else alone)[name]
    assert (everybody == alone) == (strategy["kind"] in HONEST)


def test_nothing_that_is_drawn_depends_on_a_panel():
    panel = {"count": 3, "strategy": {"kind": "no_regret"}}
    before, after = drawn(), drawn(panel=panel)
    assert before.keys() == after.keys()
    for name, provider in before.items():
        assert after[name].profile == provider.profile
        for second in range(20):
            cost = provider.cost.usd_per_mtok(float(second))
            assert after[name].cost.usd_per_mtok(float(second)) == cost


def test_a_panel_is_no_larger_than_its_group():
    panel = {"count": 6, "strategy": {"kind": "truthful"}}
    with pytest.raises(ValidationError, match="panel: expected at most all 5 providers, got 6"):
        group(panel=panel)
