"""Whole markets in small: each run is checked by the invariants."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from orchestrator.log import read_table
from orchestrator.log.tables import TABLES
from tests.markets import DIALOGUES, GROUPS, PRIORS, WORKFLOWS, run_market, small_market

LEARNING = {"min_samples": 10, "window": 50}
RANDOM = {"strategy": {"kind": "random", "between": [0.5, 2.0]}}
VARIANTS: dict[str, dict[str, Any]] = {
    "two trials": {"trials": 2},
    "random routing": {"hubs": {"count": 2, "mechanism": "random"}},
    "sticky routing": {"hubs": {"count": 2, "mechanism": "sticky"}},
    "everybody lies": {
        "providers": [group | RANDOM for group in GROUPS],
        "clients": {"strategy": {"kind": "mark_down", "by": 0.6}},
    },
    "clients with many requests": {"clients": {"count": 3}},
    "scarce slots": {"demand": [DIALOGUES | {"rate_per_s": 30}]},
    "workflows alone": {"demand": [WORKFLOWS | {"every_rounds": 1}]},
    "random workflows": {"demand": [WORKFLOWS | {"names": ["random"], "every_rounds": 1}]},
    "no entry input": {"hubs": {"count": 2, "workflow": {"charge_entry_input": False}}},
    "charged per request": {
        "clients": {"count": 3},
        "hubs": {"count": 2, "mechanism": "auction_per_request"},
    },
    "workflows bought by another rule": {"hubs": {"count": 2, "workflow": {"mechanism": "myopic"}}},
    "HiGHS": {"hubs": {"count": 2, "workflow": {"solver": "highs"}}},
    **{
        f"a stated prior: {kind}": {"providers": [group | {"prior": prior} for group in GROUPS]}
        for kind, prior in PRIORS.items()
    },
    "a stated prior that electricity does not move": {
        "providers": [
            group | {"prior": PRIORS["empirical"] | {"scaled": False}} for group in GROUPS
        ]
    },
    "priors of others' bids": {
        "hubs": {"count": 2, "workflow": {"prior": LEARNING | {"source": "others"}}}
    },
    "disjoint pools": {
        "hubs": {"count": 2, "workflow": {"prior": LEARNING | {"source": "disjoint_pool"}}}
    },
    "paid by realised lengths": {"hubs": {"count": 2, "workflow": {"settle": "realized"}}},
    "a short drain": {"drain_rounds": 20, "demand": [WORKFLOWS | {"execution_token_scale": 0.02}]},
    "over-long prompts": {
        "demand": [DIALOGUES | {"shape": {"document_tokens": {"lognormal": [9000, 1.0]}}}]
    },
    "a comparison": {"compare": ["random"]},
    "no chat at all": {
        "providers": [GROUPS[1] | {"chat_slots": 0}],
        "hubs": {"count": 0},
        "demand": [WORKFLOWS],
    },
}


@pytest.mark.parametrize("changes", VARIANTS.values(), ids=VARIANTS.keys())
def test_invariants_hold(changes: dict[str, Any], tmp_path: Path) -> None:
    run = run_market(small_market(**changes), tmp_path / "run")
    assert read_table(run, "rounds").num_rows >= 10


def test_something_of_everything_happens(tmp_path: Path) -> None:
    """Else the invariants would hold of nothing."""
    busy = small_market(
        demand=[DIALOGUES | {"rate_per_s": 30}, WORKFLOWS],
        hubs={"count": 2, "patience_rounds": 1},
        clients={"count": 20},
        providers=[GROUPS[0], GROUPS[1] | {"prior": PRIORS["empirical"]}],
    )
    run = run_market(busy, tmp_path / "run")
    for table in TABLES:
        assert read_table(run, table).num_rows > 0, table
    statuses = set(read_table(run, "requests")["status"].to_pylist())
    assert statuses >= {"served", "refused"}
    assert max(map(max, read_table(run, "hubs")["scarcity_prices_nano"].to_pylist())) > 0
    assert max(read_table(run, "completions")["cached_tokens"].to_pylist()) > 0
    assert set(read_table(run, "workflows")["status"].to_pylist()) >= {"served"}


def test_what_is_unfinished_when_the_drain_ends_has_failed(tmp_path: Path) -> None:
    slow = small_market(
        drain_rounds=20, demand=[WORKFLOWS | {"names": ["S2"], "execution_token_scale": 0.04}]
    )
    run = run_market(slow, tmp_path / "run")
    assert read_table(run, "rounds").num_rows == 30
    assert set(read_table(run, "workflows")["status"].to_pylist()) == {"failed"}
    assert "trial ended" in read_table(run, "completions")["error"].to_pylist()
    assert sum(read_table(run, "settlements")["client_paid_nano"].to_pylist()) == 0


def test_predictions_are_logged_as_asked(tmp_path: Path) -> None:
    for kept in ("none", "awarded"):
        run = run_market(small_market(log={"predictions": kept}), tmp_path / kept)
        awarded = sum(read_table(run, "rounds")["awarded"].to_pylist())
        expected = awarded if kept == "awarded" else 0
        assert read_table(run, "predictions").num_rows == expected


def test_settling_by_realised_lengths_changes_nothing_where_all_are_as_predicted(
    tmp_path: Path,
) -> None:
    settled = []
    for settle in ("predicted", "realized"):
        hubs = {"count": 2, "workflow": {"settle": settle}}
        run = run_market(small_market(hubs=hubs), tmp_path / settle)
        settled.append(read_table(run, "settlements").to_pylist())
    assert settled[0] == settled[1]
    assert any(row["kind"] == "workflow" for row in settled[0])
