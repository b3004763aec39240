from pathlib import Path

import numpy as np
import pytest
from click import ClickException
from click.testing import CliRunner

from benchmarks import collusion
from benchmarks.collusion import MEMBERS, PLACES, RINGS, Bidding, Earned, Finding, findings
from benchmarks.page import blocks_of
from orchestrator.analysis.statistics import Interval

PAGE = Path(__file__).resolve().parents[2] / "docs" / "strategies.md"


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.name)
def test_the_ring_takes_turns_and_a_member_that_leaves_it_bids_the_truth(place) -> None:
    kept = place.scenario(Bidding(RINGS[0].strategy), 1, 3)
    broken = place.scenario(Bidding(RINGS[0].strategy, collusion.TRUTH), 1, 3)
    kinds = {
        name: [group.strategy_of(member).kind for member in MEMBERS]
        for name, scenario in (("kept", kept), ("broken", broken))
        for group in scenario.providers
        if group.name == collusion.RING
    }
    assert kinds == {"kept": ["ring"] * 3, "broken": ["truthful", "ring", "ring"]}


def test_a_ring_of_all_who_can_do_a_node_pays_under_star_and_leaving_it_pays_too() -> None:
    (place,) = (one for one in PLACES if one.name == "workflows, star, all of a tier")
    (found,) = findings(place, seeds=4, rounds=25, rings=RINGS[1:2])
    assert found.terms.rest == 3.0
    assert found.together.mean > 0.1
    assert found.by_leaving.mean > 0.01


def test_shares_are_those_of_what_the_truth_is_paid(monkeypatch: pytest.MonkeyPatch) -> None:
    earned = {
        "truth": Earned(np.full((2, 3), 10.0), np.full((2, 3), 1.0)),
        "kept": Earned(np.full((2, 3), 90.0), np.full((2, 3), 2.0)),
        "broken": Earned(np.full((2, 3), 90.0), np.array([[4.0, 0.0, 0.0]] * 2)),
    }

    def fake(place, bidding: Bidding, seeds: int, rounds: int) -> Earned:
        if bidding.strategy == collusion.TRUTH:
            return earned["truth"]
        return earned["kept" if bidding.first is None else "broken"]

    monkeypatch.setattr(collusion, "_earned", fake)
    found = list(findings(PLACES[0], 2, 1))
    assert [one.terms for one in found] == list(RINGS)
    assert {one.together.mean for one in found} == {3 * 1.0 / 30.0}
    assert {one.by_leaving.mean for one in found} == {2.0 / 30.0}


def test_a_ring_that_wins_nothing_with_the_truth_has_no_gain(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    nothing = Earned(np.zeros((2, 3)), np.zeros((2, 3)))
    monkeypatch.setattr(collusion, "_earned", lambda *asked: nothing)
    with pytest.raises(ClickException, match="chat, client_clarke: nobody of the ring won"):
        list(findings(PLACES[0], 2, 1))


def test_what_is_beyond_chance_is_bold() -> None:
    found = Finding(RINGS[0], Interval(0.2, 0.1), Interval(-0.05, 0.06))
    (*_, row) = collusion.ring_table({"here": [found]}).splitlines()
    assert row == "| here | x1 | x1.5 | **+20.0 ± 10.0** | -5.0 ± 6.0 |"


def test_the_command_writes_the_block_of_the_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(collusion, "PLACES", PLACES[1:3])
    page = tmp_path / "page.md"
    page.write_text(PAGE.read_text("utf-8"), "utf-8")
    options = ["--seeds", "2", "--rounds", "8", "--write", str(page)]
    result = CliRunner().invoke(collusion.command, options)
    assert result.exit_code == 0, result.output
    block = blocks_of(page.read_text("utf-8"))["ring"]
    assert len(block.splitlines()) == 2 + 2 * len(RINGS)
    page.write_text("nothing here\n", "utf-8")
    result = CliRunner().invoke(collusion.command, options)
    assert result.exit_code == 2
    assert "expected the generated blocks ring" in result.output
