import shutil

import numpy as np
import pytest

from orchestrator.analysis.metrics import METRICS, Metric, market_metrics
from orchestrator.analysis.statistics import Interval, PairedTest, holm, interval
from orchestrator.analysis.summary import summarize
from orchestrator.report import write_report
from orchestrator.report.arms import read_arms, read_runs
from orchestrator.report.batch_means import BLOCK_METRICS, Blocks, batch_means
from orchestrator.report.comparison import Compared, NoPairs, compare, pairs_of
from orchestrator.report.comparison_section import verdict
from orchestrator.report.figure_text import difference_texts, figure_text, p_text, row_head
from orchestrator.report.forest_plot import forest_plot
from orchestrator.runs.directory import set_status
from tests.orchestrator.report.reading import read
from tests.orchestrator.report.tiny_market import CHAT, run_tiny


@pytest.fixture(scope="module")
def long_run(tmp_path_factory):
    """Twenty-three rounds, so that some are in no block, beside random routing."""
    return run_tiny(tmp_path_factory.mktemp("long"), rounds=23)


@pytest.fixture(scope="module")
def trials_run(tmp_path_factory):
    """Five trials of two rounds."""
    return run_tiny(tmp_path_factory.mktemp("trials"), trials=5, rounds=2, demand=[CHAT])


def paired(arms):
    return pairs_of(arms, [market_metrics(arm.path) for arm in arms])


def test_blocks_add_up_to_the_run(long_run):
    run, blocks = long_run, Blocks(trials=1, count=23, width=1, round_s=1.0)
    found, totals = batch_means(run, blocks), summarize(run)
    assert set(found) == set(BLOCK_METRICS)
    chat, workflows = totals.chat, totals.workflows
    for name, expected in (
        ("chat_welfare_usd", chat.realized_welfare_usd),
        ("client_surplus_usd", chat.client_surplus_usd),
        ("provider_surplus_usd", chat.provider_surplus_usd),
        ("hub_kept_usd", chat.hubs_kept_usd),
        ("workflow_paid_usd", workflows.paid_usd),
        ("workflow_true_cost_usd", workflows.true_cost_usd),
    ):
        assert found[name].sum() * blocks.width == pytest.approx(expected)
    assert np.nanmax(found["served_share"]) <= 1


def test_a_block_has_what_was_asked_in_its_rounds():
    blocks = Blocks(trials=1, count=2, width=3, round_s=2.0)
    asked = {"trial": np.zeros(5, int), "arrival_s": np.array([0.0, 6.0, 6.1, 12.0, 12.1])}
    assert blocks.total(asked).tolist() == [2, 2]


def test_few_trials_are_paired_by_blocks_of_rounds(long_run):
    arms = read_arms(long_run)
    pairs = paired(arms)
    assert (pairs.blocks.count, pairs.blocks.width) == (11, 2)
    ours, theirs = (batch_means(arm.path, pairs.blocks)["ttft_mean_s"] for arm in arms)
    (found,) = (one for one in compare(pairs) if one.name == "ttft_mean_s")
    expected = interval((theirs - ours).tolist())
    assert found.test.difference == expected
    assert found.relative == pytest.approx(expected.mean / ours.mean())


def test_five_trials_are_the_pairs(trials_run):
    arms = read_arms(trials_run)
    pairs = paired(arms)
    assert pairs.blocks is None
    compared = compare(pairs)
    figures = [market_metrics(arm.path) for arm in arms]
    (found,) = (one for one in compared if one.name == "chat_welfare_usd")
    differences = [figures[1][t]["chat_welfare_usd"] - figures[0][t]["chat_welfare_usd"]
                   for t in range(5)]  # fmt: skip
    assert found.test.difference.mean == pytest.approx(np.mean(differences))
    assert found.test.pairs == 5


def test_all_tests_are_one_family(long_run):
    compared = compare(paired(read_arms(long_run)))
    assert [one.adjusted for one in compared] == holm([one.test.p_value for one in compared])


def test_a_run_against_itself_is_the_same_in_everything(long_run, tmp_path):
    again = shutil.copytree(long_run, tmp_path / "again")
    arms = read_runs([long_run, again])
    assert [arm.label for arm in arms] == ["run", "again"]
    compared = compare(paired(arms))
    assert compared
    assert {verdict(one) for one in compared} == {"the same"}


def test_short_runs_are_not_paired(tiny_run):
    pairs = paired(read_arms(tiny_run))
    assert pairs == NoPairs(("too few for pairs (rounds with demand: 6, whole trials: 1): it takes "
                             "5 trials or 10 rounds",))  # fmt: skip


def test_an_unfinished_run_is_not_paired(long_run, tmp_path):
    cut = shutil.copytree(long_run, tmp_path / "cut")
    set_status(cut, "interrupted")
    pairs = paired(read_runs([long_run, cut]))
    assert isinstance(pairs, NoPairs)
    assert "cut did not run to the end" in pairs.reasons[0]


def test_other_demand_or_another_seed_is_shown_side_by_side_only(tiny_run, tmp_path):
    other = run_tiny(tmp_path, seed=6, demand=[CHAT], compare=[])
    pairs = paired(read_runs([tiny_run, other]))
    assert pairs.reasons == (
        "the runs have different seeds",
        "the runs have different demand",
    )
    page = write_report([tiny_run, other], tmp_path / "two.html", checks=False)
    text = read(page.read_text(encoding="utf-8")).text
    assert "without paired differences" in text
    assert "the runs have different seeds" in text
    assert "What differs between the runs" in text
    assert "95 % interval" not in text


def test_runs_of_other_lengths_are_not_paired_however_many_trials_they_have(trials_run, tmp_path):
    longer = run_tiny(tmp_path, trials=5, rounds=3, demand=[CHAT], compare=[])
    pairs = paired(read_runs([trials_run, longer]))
    assert pairs == NoPairs(("the runs have different numbers of rounds",))


def test_several_runs_stand_for_themselves(long_run, tmp_path):
    below = long_run / "compared" / "random"
    page = write_report([long_run, below], tmp_path / "two.html", checks=False, title="Two rules")
    found = read(page.read_text(encoding="utf-8"))
    assert "2 runs side by side" in found.text
    assert "Chat matched byauction, randomWork" in found.text
    assert "directoryruncompared" not in found.text
    assert "hubs.mechanism" in found.text
    assert "random against auction" in found.text
    assert "Blocks of one trial are not independent draws" in found.text
    assert "plot-forest" in found.ids


def judged(first, mean, p_value, better="higher"):
    test = PairedTest(Interval(mean - first, 0.5), p_value, 10)
    return Compared("x", Metric("x", "USD", better, ""), 1, first, mean, test, p_value)


def test_a_verdict_needs_a_test_and_a_direction():
    assert verdict(judged(1, 2, 0.01)) == "better"
    assert verdict(judged(1, 2, 0.01, "lower")) == "worse"
    assert verdict(judged(1, 2, 0.01, None)) == "differs"
    assert verdict(judged(1, 2, 0.2)) == "unclear"


def test_a_difference_from_nothing_has_no_relative_size():
    assert np.isnan(judged(0, 2, 0.01).relative)
    assert judged(-2, -1, 0.01).relative == 0.5


def test_what_cannot_be_drawn_is_told_with_the_reason(trials_run):
    arms = read_arms(trials_run)
    chart = forest_plot(arms, [judged(1, 2, 0.01), judged(0, 2, 0.01), judged(0.1, 2, 0.01)])
    assert chart.figure is not None
    assert len(chart.table.rows) == 1
    assert chart.caption.endswith(
        " Too far off to be drawn: x (random). Of nothing there is no percentage, so not drawn "
        "where auction has 0: x (random)."
    )


def test_a_metric_names_its_unit_once():
    assert row_head(METRICS["ttft_mean_s"]) == "TTFT, mean, s"
    assert row_head(Metric("effective providers, chat", "providers", None, "")) == (
        "effective providers, chat"
    )


def test_figures_are_short_and_have_thousands_apart():
    assert figure_text(1234567.8) == "1,234,568"
    assert figure_text(0.58468, "share") == "58.47"
    assert figure_text(12.0) == "12"
    assert figure_text(0.0, signed=True) == "0"
    assert figure_text(float("nan")) == "-"
    assert difference_texts(0.1234567, 0.0204, "USD") == ("+0.1235", "+0.1031 to +0.1439")
    assert difference_texts(0.5, float("nan"), "s") == ("+0.5000", "-")
    assert [p_text(p) for p in (0.0004, 0.0496, float("nan"))] == ["< 0.001", "0.050", "-"]
