"""The invariants can fail, digests apart: each is shown a log with one number changed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.invariants import check_run
from tests.markets import DIALOGUES, GROUPS, WORKFLOWS, rewritten, run_market, small_market

Row = dict[str, Any]


def change(field: str, by: int) -> Callable[[list[Row]], None]:
    def changed(rows: list[Row]) -> None:
        target = max(rows, key=lambda row: row[field] or 0)
        target[field] += by

    return changed


def in_list(field: str, by: int) -> Callable[[list[Row]], None]:
    def changed(rows: list[Row]) -> None:
        target = max(rows, key=lambda row: max(row[field]))
        target[field][target[field].index(max(target[field]))] += by

    return changed


def drop_first(rows: list[Row]) -> None:
    del rows[0]


def drop_first_switch(rows: list[Row]) -> None:
    rows.remove(next(row for row in rows if row["switched"]))


def repeat_first(rows: list[Row]) -> None:
    rows.append(dict(rows[0]))


def lower_the_tops(rows: list[Row]) -> None:
    for row in rows:
        if row["prior"] is None:
            row["prior_high"] = row["prior_low"]


TAMPERINGS: dict[str, tuple[str, Callable[[list[Row]], None]]] = {
    "a settlement pays more": ("settlements", change("client_paid_nano", 1)),
    "a provider receives less": ("settlements", change("provider_received_nano", -1)),
    "an award pays more": ("awards", change("client_pays_nano", 1)),
    "an award's quantity": ("awards", change("quantity_tokens", 100)),
    "a realised quantity": ("settlements", change("realized_quantity_tokens", 100)),
    "a realised payment": ("settlements", change("realized_payment_nano", 1)),
    "a workflow was settled for more": ("workflows", change("settled_nano", 1)),
    "an auction was dearer": ("auctions", change("payment_nano", 1)),
    "an auction had one winner more": ("auctions", change("winners", 1)),
    "an auction is lost": ("auctions", drop_first),
    "a node took longer": ("completions", change("length_tokens", 5000)),
    "a prior moves": ("priors", change("high", 1)),
    "bidders above their priors": ("bids", lower_the_tops),
    "a hub keeps more": ("hubs", change("paid_by_clients_nano", 1)),
    "a hub owes less": ("hubs", change("promised_to_providers_nano", -1)),
    "a client was promised a loss": ("hubs", change("promised_client_losses", 1)),
    "an answer was at a loss": ("hubs", change("realized_client_losses", 1)),
    "a prediction was better": ("prequential", change("ttft_abs_error_s", -1)),
    "a scarcity price rises": ("hubs", in_list("scarcity_prices_nano", 1000)),
    "a value in a clearing": ("predictions", in_list("value_nano", 10**9)),
    "fewer slots than awards": ("providers", change("chat_slots", -8)),
    "a request is lost": ("requests", drop_first),
    "a request ends twice": ("requests", repeat_first),
    "a completion is lost": ("completions", drop_first),
    "a settlement is lost": ("settlements", drop_first),
    "a node is lost": ("nodes", drop_first),
    "a cut edge is lost": ("edges", drop_first_switch),
    "a round forgets an arrival": ("rounds", change("arrived", -1)),
    "more cached than asked": ("completions", change("cached_tokens", 10**6)),
}


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    stated = {"kind": "truncated_normal", "mean": 3.0, "deviation": 2.0, "low": 0.2, "high": 9.0}
    scenario = small_market(
        demand=[DIALOGUES | {"rate_per_s": 20}, WORKFLOWS],
        providers=[GROUPS[0], GROUPS[1] | {"prior": stated}],
    )
    return run_market(scenario, tmp_path_factory.mktemp("good") / "run")


@pytest.mark.parametrize(("table", "tamper"), TAMPERINGS.values(), ids=TAMPERINGS.keys())
def test_a_changed_log_is_caught(
    good: Path, tmp_path: Path, table: str, tamper: Callable[[list[Row]], None]
) -> None:
    copy = rewritten(good, tmp_path / "run", table, tamper)
    with pytest.raises(AssertionError):
        check_run(copy, digests=False)
