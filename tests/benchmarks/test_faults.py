from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from click.testing import CliRunner

from benchmarks import faults
from benchmarks.faults import CONDITIONS, Condition, Outcome, arms, fault_table, market, play
from benchmarks.page import blocks_of

PAGE = Path(__file__).resolve().parents[2] / "docs" / "faults.md"


def test_faults_cost_welfare_and_a_second_auction_saves_some() -> None:
    often = Condition("providers", 600)
    spared, failed, again = (
        play(market(1, 12, changes))
        for changes in ({}, often.faults("fail"), often.faults("reauction"))
    )
    assert spared.faults == 0 < failed.faults
    assert failed.welfare_usd < again.welfare_usd < spared.welfare_usd
    assert spared.void_usd == 0 < failed.void_usd < failed.promised_usd
    assert failed.requests["failed"] > again.requests["failed"]
    assert failed.requests["reauctioned"] == 0 < again.requests["reauctioned"]


def test_every_condition_is_played_under_both_fates_but_hubs_which_lose_no_request() -> None:
    played = list(arms(CONDITIONS))
    assert played[0] == (None, "")
    assert len(set(played)) == len(played) == 1 + 2 * 4 + 2 * 2 + 3


def test_shares_are_of_what_the_market_without_faults_has() -> None:
    crash = Condition("providers", 60)

    def outcomes(*welfare: float) -> list[Outcome]:
        ended = Counter(served=8, failed=1, refused=1, reauctioned=2)
        return [Outcome(one, 4.0, 1.0, 100, 25, 3, ended, Counter(served=1)) for one in welfare]

    told = fault_table(
        {
            (None, ""): outcomes(10.0, 30.0),
            (crash, "fail"): outcomes(8.0, 24.0),
            (crash, "reauction"): outcomes(9.0, 27.0),
        }
    ).splitlines()
    cells = ["providers", "60", "reauction", "3.0", "+10.0 ± 0.0", "+10.0 ± 0.0"]
    cells += ["10.0", "20.0", "25.0", "25.0", "100.0"]
    assert told[-1] == f"| {' | '.join(cells)} |"


def test_the_page_has_a_row_for_all_that_is_played() -> None:
    (block,) = blocks_of(PAGE.read_text(encoding="utf-8")).values()
    rows = [tuple(cell.strip() for cell in line.split("|")[1:4]) for line in block.splitlines()]
    expected = [
        (one.kind, f"{one.per_hour:g}", fate) if one else ("nobody", "0", "-")
        for one, fate in arms(CONDITIONS)
    ]
    assert rows[2:] == expected


def test_the_command_writes_the_block(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(faults, "CONDITIONS", [Condition("hubs", 600)])
    monkeypatch.setattr(faults, "play", lambda scenario: Outcome(float(scenario.seed), 1.0))
    page = tmp_path / "page.md"
    page.write_text("<!-- faults: generated -->\n<!-- end -->\n", encoding="utf-8")
    asked = ["--seeds", "2", "--rounds", "2", "--write", str(page)]
    result = CliRunner().invoke(faults.command, asked)
    assert result.exit_code == 0, result.output
    assert "| hubs | 600 | fail |" in blocks_of(page.read_text(encoding="utf-8"))["faults"]
    page.write_text("nothing", encoding="utf-8")
    assert CliRunner().invoke(faults.command, asked).exit_code == 2
