from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from benchmarks.model_gap import command, study, two_engines
from benchmarks.model_gap.cli import REAL, SIMULATED
from benchmarks.model_gap.gap import (
    BLOCK_ROUNDING,
    CACHED_PRICE,
    CAUSES,
    EVICTED,
    FOUND_CACHED,
    ROUNDING,
    SECOND_PARENT,
    play,
    recomputed_by_loss,
)
from benchmarks.model_gap.market import simulated_engine, workflow_market
from benchmarks.page import blocks_of, check_blocks
from hubs.handoff import Handoff
from market.errors import BadInput

PAGE = Path(__file__).parents[2] / "docs" / "model-gap.md"

#: A session of 101 tokens, of which the auction counts 40, at the provider that wrote it.
REUSED = Handoff("w", "a", "b", "p", "p", True, 40, 101, 96)


@pytest.mark.parametrize(
    ("handoff", "lost"),
    [
        # the last token was not computed: six full blocks of 16 are kept, and 5 tokens are not
        (REUSED, {BLOCK_ROUNDING: 5, EVICTED: 0}),
        (replace(REUSED, cached_tokens=48), {BLOCK_ROUNDING: 5, EVICTED: 48}),
        (replace(REUSED, prompt_tokens=97), {BLOCK_ROUNDING: 1, EVICTED: 0}),
        # the last token fills the block in vain
        (replace(REUSED, prompt_tokens=96, cached_tokens=80), {BLOCK_ROUNDING: 16, EVICTED: 0}),
        (replace(REUSED, continued=False, prompt_tokens=40, cached_tokens=0), {SECOND_PARENT: 40}),
        (replace(REUSED, target_provider="q", continued=False), {}),
        (replace(REUSED, continued=False, prompt_tokens=0, cached_tokens=0), {}),
    ],
)
def test_what_is_computed_again_has_one_reason(handoff: Handoff, lost: dict[str, int]):
    assert recomputed_by_loss(handoff, 16) == lost


def test_an_engine_that_does_not_say_what_was_cached_is_no_use():
    with pytest.raises(BadInput, match="expected one that reports cached tokens"):
        recomputed_by_loss(replace(REUSED, cached_tokens=None), 16)


@pytest.mark.parametrize("charged", [False, True])
def test_the_causes_explain_the_difference_but_for_whole_tokens(charged: bool):
    scenario = workflow_market(
        ("S1", "S2", "S3", "S4"),
        1,
        simulated_engine(0.1, 16),
        scale=0.1,
        every_rounds=1,
        workflows=4,
        charge_cached_input=charged,
    )
    gaps = play(scenario)
    assert sorted(gap.name for gap in gaps) == ["S1", "S2", "S3", "S4"]
    for gap in gaps:
        assert tuple(gap.causes_usd) == CAUSES
        assert abs(gap.causes_usd[ROUNDING]) < 1e-3 * gap.auctioned_usd
        assert abs(gap.realised_usd / gap.auctioned_usd - 1) > 1e-3
        assert (gap.causes_usd[CACHED_PRICE] == 0) == charged
        assert gap.causes_usd[FOUND_CACHED] <= 0
        assert 0 <= sum(gap.lost_tokens.values()) <= gap.assumed_tokens
        assert 0 <= gap.underpaid <= gap.winners


def test_the_same_market_on_the_same_engine_twice_comes_out_the_same():
    engine = two_engines.engines("nowhere", "llama-3.1-8b@a100-80")["simulated"]
    blocks = two_engines.blocks({"one": engine, "other": engine})
    assert list(blocks) == list(REAL)
    rows = [line.split(" | ") for line in blocks["two-engines"].splitlines()[2:]]
    assert [row[0].strip("| ") for row in rows] == [f"S{n}" for n in (1, 2, 3, 4) for _ in "12"]
    for one, other in zip(rows[::2], rows[1::2], strict=True):
        assert one[2:] == other[2:]
    one, other = (line.split(" | ") for line in blocks["welfare"].splitlines()[2:])
    assert one[1:] == other[1:]
    assert int(one[1]) > 0
    assert one[6] == "0.0 %"
    assert one[7] == "4"


def test_only_the_kind_of_the_engine_and_its_model_differ_in_the_market_of_two_engines():
    both = two_engines.engines("nowhere", "llama-3.1-8b@a100-80")
    shared = both["simulated"].keys() & both["vLLM"].keys()
    assert {key for key in shared if both["simulated"][key] != both["vLLM"][key]} == {"kind"}
    assert both["vLLM"]["load_format"] == "dummy"  # nobody's weights are there


def test_the_command_fills_its_blocks_and_leaves_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(study, "LOADS", {"alone": 40, "together": 1})
    monkeypatch.setattr(study, "PER_TRIAL", 4)
    page = tmp_path / "page.md"
    names = (*SIMULATED, *REAL)
    page.write_text("".join(f"<!-- {name}: generated -->\nold\n<!-- end -->\n" for name in names))
    ran = CliRunner().invoke(
        command, ["--seeds", "2", "--scale", "0.01", "--write", str(page)], catch_exceptions=False
    )
    assert ran.exit_code == 0
    written = blocks_of(page.read_text())
    assert {name for name, text in written.items() if text == "old"} == set(REAL)
    assert len(written["reuse"].splitlines()) == 2 + 4 * 2
    assert len(written["cost"].splitlines()) == 2 + 4 * 4


@pytest.mark.parametrize(
    ("option", "value", "complaint"),
    [
        ("--seeds", "1", "expected at least 2"),
        ("--scale", "0", "expected more than 0, at most 1"),
        ("--scale", "1.5", "expected more than 0, at most 1"),
        ("--write", "nowhere.md", "nowhere.md"),
    ],
)
def test_bad_options_are_refused(option: str, value: str, complaint: str):
    ran = CliRunner().invoke(command, [option, value])
    assert ran.exit_code == 2
    assert complaint in ran.output


def test_the_page_has_the_blocks_that_the_command_writes():
    check_blocks(PAGE, (*SIMULATED, *REAL))
    assert all(blocks_of(PAGE.read_text(encoding="utf-8")).values())
