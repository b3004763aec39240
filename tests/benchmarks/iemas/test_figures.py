"""The tables of the figures say what was measured; the commands run at a small size."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from benchmarks.iemas import fig_3, fig_4, fig_5, fig_6, fig_7, table_1
from benchmarks.iemas.played import Answer, Played

DOCS = Path(__file__).parents[3] / "docs"


def answer(client: str, value: float, paid: float) -> Answer:
    return Answer(1, client, "p", "hub-0", 1, 10, 0, 5, 0.1, 1.0, value, 0.1, paid, 0.2)


def panel(**draws: dict[str, list[float]]) -> table_1.Panel:
    """Two seeds of every method, all alike but for what is given by measure and method."""
    measures = {}
    for name in table_1.MEASURES:
        by_method = {method: [1.0, 1.0] for method in table_1.METHODS}
        measures[name] = by_method | draws.get(name.split()[0].rstrip(","), {})
    return table_1.Panel("coqa", "paper", measures)


def test_a_lead_is_positive_where_the_auction_is_better_whether_more_or_less_is():
    one = panel(hit={"auction": [2.0, 2.5]}, cost={"auction": [0.5, 0.6]})
    assert one.lead("hit rate", "random").mean == pytest.approx(1.25)
    assert one.lead("cost", "random").mean == pytest.approx(0.45)
    assert one.lead("TTFT mean, ms", "random").mean == 0.0


def test_who_is_as_good_by_all_measures_and_better_by_one_dominates():
    assert panel().dominated_by() == []
    assert panel(cost={"sticky": [0.5, 0.5]}).dominated_by() == ["sticky"]
    traded = panel(cost={"sticky": [0.5, 0.5]}, welfare={"sticky": [0.9, 0.9]})
    assert traded.dominated_by() == []


def test_the_turn_from_which_on_the_auction_is_ahead():
    ours = np.array([[1.0, 2.0, 4.0, 6.0], [1.0, 2.0, 4.0, 6.0]])
    theirs = np.array([[2.0, 3.0, 3.5, 4.0], [2.0, 3.0, 3.5, 4.0]])
    curves = dict.fromkeys(table_1.METHODS, theirs) | {"auction": ours}
    growth = fig_4.Growth("coqa", curves)
    assert growth.ahead_from("random") == 3
    assert fig_4.Growth("coqa", curves | {"auction": theirs}).ahead_from("random") is None
    assert fig_4.Growth("coqa", curves | {"auction": theirs + 1}).ahead_from("random") == 1


def test_a_client_loses_by_the_sum_of_its_answers():
    answers = (answer("a", 1.0, 2.0), answer("a", 3.0, 1.0), answer("b", 0.5, 1.0))
    found = fig_7.mixed(Played(answers, refused=1, failed=0))
    assert found.negative_clients == 0.5
    assert found.losing_answers == pytest.approx(2 / 3)
    assert found.refused == 0.25
    assert found.surplus_usd == pytest.approx((4.5 - 4.0) / 4)
    assert found.kept_usd == pytest.approx((4.0 - 0.6) / 3)


def test_what_hubs_lose_is_measured_against_one():
    def cuts(*welfare: float) -> list[fig_6.Cut]:
        return [fig_6.Cut(one, 1.0, 1.0, 1.0, 1.0, 1.0) for one in welfare]

    found = fig_6.lost({1: cuts(2.0, 4.0), 4: cuts(1.5, 3.5)}, 4)
    assert (found.mean, found.half) == (pytest.approx(-0.5 / 3.0), pytest.approx(0.0))


def test_a_strategy_is_measured_against_the_truth_on_the_same_tape():
    curves = {name: np.array([[0.0, 2.0], [0.0, 4.0]]) for name in fig_5.STRATEGIES}
    curves["aggressive"] = np.array([[0.0, 3.0], [0.0, 6.0]])
    found = fig_5.Earned(fig_5.SIDES[0], curves, turnover=[10.0, 20.0])
    gain = found.gain("aggressive")
    assert (gain.mean, gain.half) == (pytest.approx(0.1), pytest.approx(0.0, abs=1e-12))
    assert found.gain("random").mean == 0.0


@pytest.mark.parametrize("side", fig_5.SIDES, ids=lambda side: side.name)
def test_the_participant_whose_strategy_changes_takes_part(side):
    found = fig_5.earned(side, seeds=2, rounds=15)
    assert all(amount > 0 for amount in found.turnover)
    assert any((curve != 0).any() for curve in found.curves.values())


def test_the_means_of_turns_are_over_all_markets_and_leave_rare_turns_out():
    turn = np.array([1] * 20 + [2] * 5)
    first = fig_3.Pairs(turn, np.full(25, 1.0), np.full(25, 3.0))
    second = fig_3.Pairs(turn, np.full(25, 2.0), np.full(25, 3.0))
    means = fig_3.turn_means([first, second])
    assert means.turn.tolist() == [1]
    assert (means.observed.tolist(), means.predicted.tolist()) == ([1.5], [3.0])


COMMANDS = {
    "table-1": (table_1.command, ["--rounds", "12"]),
    "fig-3": (fig_3.command, ["--rounds", "50"]),
    "fig-4": (fig_4.command, ["--turns", "12"]),
    "fig-5": (fig_5.command, ["--rounds", "4"]),
    "fig-6": (fig_6.command, ["--providers", "6", "--requests", "6", "--rounds", "2"]),
    "fig-7": (fig_7.command, ["--providers", "8", "--rounds", "3"]),
}


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_writes_the_blocks_of_its_page_and_its_drawing(name: str, tmp_path: Path) -> None:
    command, options = COMMANDS[name]
    page = tmp_path / "iemas" / f"{name}.md"
    page.parent.mkdir()
    page.write_text((DOCS / "iemas" / f"{name}.md").read_text("utf-8"), "utf-8")
    result = run(command, ["--seeds", "2", *options, "--write", str(tmp_path)])
    assert result.exit_code == 0, result.output
    drawing = tmp_path / "figures" / f"iemas-{name}.svg"
    assert drawing.is_file() == (name != "table-1")
    assert page.read_text("utf-8").count("| ---") >= 1


def test_a_page_that_lacks_a_block_is_refused_before_anything_is_measured(tmp_path: Path) -> None:
    (tmp_path / "iemas").mkdir()
    (tmp_path / "iemas" / "fig-7.md").write_text("nothing here\n", "utf-8")
    result = run(fig_7.command, ["--write", str(tmp_path)])
    assert result.exit_code == 2
    assert "expected the generated blocks schemes" in result.output


def run(command, options: Sequence[str]):
    return CliRunner().invoke(command, list(options))
