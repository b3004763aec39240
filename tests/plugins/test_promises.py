"""What a plug-in decides is looked at before it counts: one line says which promise it breaks."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from click.testing import CliRunner

from agents.strategy import Report
from hubs.mechanisms import Clearing, Offers
from hubs.mechanisms.conformance import drawn_market
from hubs.mechanisms.promises import Guarded
from hubs.mechanisms.routing import first_come_first_served
from market import seeding
from market.errors import BadInput
from market.plugins import MECHANISMS, WORKFLOW_MECHANISMS, Plugin
from market.workflow import read_auction
from market.workflow.mechanisms import Purchase, Rule, pay_as_bid
from market.workflow.mechanisms.promises import guarded
from orchestrator.cli import main
from tests.plugins.installed import EXAMPLE, install, on_path

EVIL = Plugin(MECHANISMS, "evil", "evil:X", "evil-package", "1.0")
MARKET = next(one for one in map(drawn_market, range(99)) if one.offers.values.shape == (4, 3))

PROBLEM = json.loads((EXAMPLE.parent / "workflow.json").read_text())

OVERAWARDING = """
import numpy as np
from hubs.mechanisms import Clearing

class Generous:
    def __init__(self, members): pass
    def clear(self, offers, rng):
        requests, providers = offers.values.shape
        none, paid = np.zeros(providers, dtype=int), offers.costs[:, 0]
        match = np.zeros(requests, dtype=int)
        return Clearing(match, paid, paid, none, none, np.zeros(requests, dtype=bool))
"""


class Deciding:
    """A mechanism that matches nobody, but for what is changed in its clearings."""

    def __init__(self, **changes: object):
        self._changes = changes

    def clear(self, offers: Offers, rng: np.random.Generator) -> Clearing:
        requests, providers = offers.values.shape
        nothing, prices = np.zeros(requests, dtype=int), np.zeros(providers, dtype=int)
        match, explored = np.full(requests, -1), np.zeros(requests, dtype=bool)
        clearing = Clearing(match, nothing, nothing, prices, prices, explored)
        return replace(clearing, **self._changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "promise"),
    [
        ({"client_pays": np.zeros(4)}, "client_pays has a whole number for each of the requests"),
        ({"match": np.array([0, 1, 2])}, "match has a whole number for each of the requests"),
        ({"match": np.full(4, 9)}, "match has the index of a provider, or -1"),
        ({"client_pays": np.ones(4, dtype=int)}, "who is not matched pays nothing"),
        ({"explored": np.ones(4, dtype=bool)}, "a mechanism by itself explores nothing"),
    ],
)
def test_a_clearing_that_breaks_a_promise_does_not_count(
    changes: dict[str, object], promise: str
) -> None:
    rng = seeding.stream(0, "any")
    assert Guarded(Deciding(), EVIL).clear(MARKET.offers, rng).match.tolist() == [-1] * 4
    with pytest.raises(BadInput) as caught:
        Guarded(Deciding(**changes), EVIL).clear(MARKET.offers, rng)
    assert "the plug-in evil-package 1.0 (walras.mechanisms:evil = evil:X)" in str(caught.value)
    assert f": expected of every clearing: {promise}" in str(caught.value)


@pytest.mark.parametrize("chosen", [-1, 3, 99])
def test_a_router_sends_to_providers_that_there_are(chosen: int) -> None:
    router = SimpleNamespace(choose=lambda row, free, offers, rng: chosen)
    open_to_all = replace(MARKET.offers, capacities=np.ones(3, dtype=np.int64))
    with pytest.raises(BadInput, match=f"index of a provider with a free slot, got {chosen}$"):
        first_come_first_served(router, open_to_all, seeding.stream(0, "any"))


@pytest.mark.parametrize(
    ("purchase", "promise"),
    [
        (None, "it has an allocation, quantities and payments_usd"),
        (Purchase({}, {}, {}), "allocation has a provider for every node"),
        ("nobody", "allocation names providers that made an offer"),
        ("unpaid", "payments_usd has whoever runs a node and nobody else"),
        ("nan", "payments_usd are finite and 0 or more"),
    ],
)
def test_a_purchase_that_breaks_a_promise_does_not_count(
    purchase: Purchase | str | None, promise: str
) -> None:
    auction = read_auction(PROBLEM)
    bought = pay_as_bid(auction.workflow, auction.offers)
    winners = bought.payments_usd
    told = {
        "nobody": replace(bought, allocation=dict.fromkeys(bought.allocation, "nobody")),
        "unpaid": replace(bought, payments_usd={}),
        "nan": replace(bought, payments_usd=dict.fromkeys(winners, float("nan"))),
    }
    given = told[purchase] if isinstance(purchase, str) else purchase
    plugin = replace(EVIL, group=WORKFLOW_MECHANISMS)
    honest = guarded(Rule("evil", pay_as_bid, truthful=False), plugin)
    assert replace(auction, rule=honest).buy() == bought
    rule = guarded(Rule("evil", lambda *_: given, truthful=False), plugin)
    with pytest.raises(BadInput, match=f"expected of every purchase: {promise}"):
        replace(auction, rule=rule).buy()


@pytest.mark.parametrize("factor", [float("nan"), float("inf"), -1.0])
def test_a_report_is_of_a_finite_factor(factor: float) -> None:
    with pytest.raises(BadInput, match="expected a factor that is finite and 0 or more"):
        Report(factor)


def test_a_run_that_a_plug_in_ends_says_so_and_that_it_is_over(tmp_path: Path) -> None:
    entry = {MECHANISMS: {"generous": "generous_mod:Generous"}}
    site = install(tmp_path, "generous", entry, {"generous_mod": OVERAWARDING})
    scenario = tmp_path / "market.yaml"
    scenario.write_text(
        "{seed: 1, rounds: 4, hubs: {count: 1, mechanism: generous},"
        " demand: [{kind: dialogues, rate_per_s: 9}],"
        " providers: [{name: one, count: 2, domains: [code], chat_slots: 1,"
        " cost: {kind: paper, base: {uniform: [0.1, 0.3]}}}]}",
        encoding="utf-8",
    )
    with on_path(site):
        out = ["--ray", "off", "--quiet", "--out", str(tmp_path / "out")]
        done = CliRunner().invoke(main, ["run", str(scenario), *out])
    assert done.exit_code == 2
    (line,) = done.stderr.splitlines()
    assert line.endswith("expected of every clearing: nobody serves more than its free slots")
    assert json.loads((tmp_path / "out" / "run.json").read_text())["status"] == "interrupted"
