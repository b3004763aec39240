from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from benchmarks.page import blocks_of, check_blocks, with_blocks
from benchmarks.star_table_1 import command
from benchmarks.star_table_1.band import Reading, ranges
from benchmarks.star_table_1.bootstrap import Mean, Resamples
from benchmarks.star_table_1.driver import PAGE, blocks
from benchmarks.star_table_1.printed import PRINTED_TRIALS, TABLE_1
from benchmarks.star_table_1.settings import AS_PRINTED, DEFAULT, RESERVES, Setting
from benchmarks.star_table_1.study import Size, Study, least_cost
from benchmarks.star_table_1.tables import MEASURED, fifty
from benchmarks.star_table_1.trials import INPUT_RATIOS, Case, Purchase, Trial, measure
from benchmarks.star_table_1.verdicts import JUDGED, all_readings
from market.errors import BadInput
from market.workflow import StarOptions, StarOutcome
from orchestrator.problem_file import solve_file

DOCS = Path(__file__).resolve().parents[2] / "docs"
SEED = 5


@pytest.fixture(scope="module")
def study() -> Study:
    return Study.run(Size(trials=4, band_trials=2, seed=SEED))


@pytest.fixture(scope="module")
def found(study: Study) -> dict[str, str]:
    return blocks(study)


def cell(table: str, row: str, column: int) -> str:
    """The cell of a Markdown table in the row that begins with ``row``."""
    (line,) = (line for line in table.splitlines() if line.startswith(f"| {row} |"))
    return line.split("|")[column + 1].strip()


# --- the market ---------------------------------------------------------------------------------


def test_a_trial_has_the_same_costs_however_it_is_looked_at() -> None:
    trial = Trial(SEED, 3)
    bids = {
        tuple(offer.bid for offer in Trial(SEED, 3).offers(ratio, ceiling))
        for ratio in INPUT_RATIOS
        for ceiling in (1.0, 1e6)
    }
    assert len(bids) == 1
    assert bids == {tuple(offer.bid for offer in trial.offers("1/4"))}


def test_costs_are_a_base_price_times_public_electricity_times_a_private_part() -> None:
    spots, factors = [], []
    for number in range(200):
        trial = Trial(SEED, number)
        offers = trial.offers("drawn")
        assert [offer.prior.high / trial.electricity for offer in offers] == pytest.approx(
            [0.1, 0.2, 0.3, 0.5, 1.0, 1.5, 2.5, 5.0, 7.5]
        )
        assert [offer.tier for offer in offers] == [1, 1, 1, 2, 2, 2, 3, 3, 3]
        assert all(1 / 8 <= offer.input_ratio <= 1 / 2 for offer in offers)
        spots += [offer.bid / offer.prior.high for offer in offers]
        factors.append(trial.electricity)
    assert min(spots) == pytest.approx(0.1, abs=0.01)
    assert max(spots) == pytest.approx(1.0, abs=0.01)
    assert np.mean(spots) == pytest.approx(0.55, abs=0.03)
    assert (min(factors), max(factors)) == pytest.approx((1.0, 2.5), abs=0.01)
    assert np.mean(factors) == pytest.approx(1.75, abs=0.12)


def test_lengths_move_by_a_tenth_and_what_is_passed_moves_with_its_source() -> None:
    case = Case("S4")
    printed, drawn = case.graph, Trial(SEED, 0).workflow(case)
    factor = {
        before.id: after.output_tokens / before.output_tokens
        for before, after in zip(printed.nodes, drawn.nodes, strict=True)
    }
    assert len(set(factor.values())) == len(factor)
    assert all(0.9 <= one <= 1.1 for one in factor.values())
    for before, after in zip(printed.edges, drawn.edges, strict=True):
        expected = before.transfer_tokens * factor[before.source]
        assert after.transfer_tokens == pytest.approx(expected)


def test_a_purchase_pays_the_same_whatever_else_is_bought() -> None:
    star, myopic, homogeneous = DEFAULT.purchases("S3")
    alone = measure([star], 4, SEED)
    among = measure([homogeneous, *AS_PRINTED.purchases("S3"), myopic, star], 4, SEED)
    assert np.array_equal(alone[star], among[star])


# --- payments -----------------------------------------------------------------------------------

BOUGHT = {
    "default": DEFAULT,
    "unpaid": Setting(reserve="unpaid", myopic="myopic_as_printed"),
    "published": Setting(workload="published", charge_entry_input=False),
    "bisection": Setting(payment_method="bisection", input_ratio="drawn", cycles=2),
}


@pytest.mark.parametrize("workflow", TABLE_1)
@pytest.mark.parametrize("name", BOUGHT)
def test_a_trial_is_paid_what_walras_solve_pays(name: str, workflow: str, tmp_path: Path) -> None:
    number = 1
    purchases = BOUGHT[name].purchases(workflow)
    bought = measure(purchases, number + 1, SEED)
    trial = Trial(SEED, number)
    file = tmp_path / "trial.jsonl"
    file.write_text("\n".join(json.dumps(problem(trial, one)) for one in purchases))
    for purchase, line in zip(purchases, solve_file(file), strict=True):
        paid = sum(json.loads(line)["payments"].values())
        assert bought[purchase].paid[number] == pytest.approx(paid, rel=1e-14)


def problem(trial: Trial, purchase: Purchase) -> dict[str, object]:
    workflow, options = trial.workflow(purchase.case), purchase.options
    return {
        "kind": "workflow",
        "nodes": [
            {
                "id": node.id,
                "output_tokens": node.output_tokens,
                "input_tokens": node.input_tokens,
                "difficulty": node.difficulty,
            }
            for node in workflow.nodes
        ],
        "edges": [
            {"from": edge.source, "to": edge.target, "transfer_tokens": edge.transfer_tokens}
            for edge in workflow.edges
        ],
        "providers": [
            {
                "id": offer.provider,
                "tier": offer.tier,
                "input_ratio": offer.input_ratio,
                "bid": offer.bid,
                "prior": {"kind": "uniform", "low": offer.prior.low, "high": offer.prior.high},
            }
            for offer in trial.offers(purchase.input_ratio)
        ],
        "options": {
            "mechanism": purchase.mechanism,
            "workload": options.workload,
            "payment_method": options.payment_method,
            "reserve": options.reserve,
            "charge_entry_input": options.charge_entry_input,
        },
    }


@pytest.mark.parametrize("workflow", TABLE_1)
def test_retained_work_is_unpaid_paid_at_the_top_or_paid_where_it_is_lost(workflow: str) -> None:
    star = {name: Setting(reserve=name).purchases(workflow)[0] for name in RESERVES}
    paid = {name: bought.paid for name, bought in by_name(star, 6).items()}
    assert np.array_equal(paid["top"], paid["star_only"])
    assert (paid["unpaid"] <= paid["top"]).all()
    assert (paid["top"] <= paid["beyond"] * (1 + 1e-12)).all()
    assert (paid["unpaid"] < paid["top"]).any()


def by_name(purchases, trials):
    bought = measure(purchases.values(), trials, SEED)
    return {name: bought[purchase] for name, purchase in purchases.items()}


@pytest.mark.parametrize("workflow", TABLE_1)
def test_beyond_all_bids_nothing_is_retained(workflow: str) -> None:
    setting = Setting(reserve="beyond", transfer="parent_context", input_ratio="1/2")
    for number in range(6):
        outcome = Trial(SEED, number).buy(setting.purchases(workflow)[0])
        assert isinstance(outcome, StarOutcome)
        for provider, points in outcome.breakpoints.items():
            lost = sum(point.quantity_lost for point in points)
            assert lost == pytest.approx(outcome.quantities[provider], rel=1e-9)


def test_a_homogeneous_purchase_on_omega_pays_the_same_price_for_all_input() -> None:
    warm, cold = (Setting(homogeneous=form).purchases("S2")[2] for form in ("warm", "cold"))
    bought = measure([warm, cold], 3, SEED)
    for number in range(3):
        workflow = Trial(SEED, number).workflow(warm.case)
        output = sum(node.output_tokens for node in workflow.nodes)
        entry = workflow.nodes[0].input_tokens
        passed = sum(edge.transfer_tokens for edge in workflow.edges)
        work = (output + (entry + passed) / 4) / (output + entry / 4)
        assert bought[cold].paid[number] == pytest.approx(work * bought[warm].paid[number])


def test_entry_input_is_charged_or_not_in_both_forms() -> None:
    for form in ("warm", "cold"):
        charged, free = (
            Setting(homogeneous=form, charge_entry_input=charge).purchases("S4")
            for charge in (True, False)
        )
        for one, other in zip(charged, free, strict=True):
            assert measure([one], 1, SEED)[one].paid > measure([other], 1, SEED)[other].paid


def test_star_costs_at_least_the_least_and_pays_at_least_its_cost(study: Study) -> None:
    for workflow in TABLE_1:
        paid, cost = study.bought[DEFAULT.purchases(workflow)[0]]
        least, least_again = study.bought[least_cost(workflow)]
        assert least == pytest.approx(least_again)
        assert (least <= cost * (1 + 1e-12)).all()
        assert (cost <= paid).all()


# --- statistics ---------------------------------------------------------------------------------


def test_the_interval_of_a_mean_is_the_textbook_one() -> None:
    figures = np.random.default_rng(0).normal(10.0, 2.0, size=400)
    interval = Resamples.of(400, SEED).ratio(figures, np.ones(400))
    mean = Mean.of(figures)
    assert interval.value == pytest.approx(mean.mean)
    assert mean.error == pytest.approx(2.0 / 20, rel=0.1)
    expected = (mean.mean - 1.96 * mean.error, mean.mean + 1.96 * mean.error)
    assert (interval.low, interval.high) == pytest.approx(expected, abs=0.02)


def test_an_interval_keeps_pairs_together() -> None:
    theirs = np.random.default_rng(0).lognormal(size=100)
    interval = Resamples.of(100, SEED).reduction(0.8 * theirs, theirs)
    assert interval == pytest.approx((20.0, 20.0, 20.0))


def test_the_printed_percentages_are_ratios_of_the_printed_means() -> None:
    for row in TABLE_1.values():
        assert [round(one, 1) for one in row.recomputed] == list(row.reductions)


# --- the page -----------------------------------------------------------------------------------


def test_the_tables_are_of_the_payments_measured(study: Study, found: dict[str, str]) -> None:
    for workflow in TABLE_1:
        star, myopic, homogeneous = (one.mean() for one in study.payments(workflow, DEFAULT))
        assert cell(found["means"], workflow, 1).startswith(f"${star:.2f} ± ")
        assert cell(found["means"], workflow, 4).startswith(f"${homogeneous:.2f} ± ")
        column = list(TABLE_1).index(workflow) + 1
        saved = f"{100 * (1 - star / myopic):.1f} % [".replace("-", "\N{MINUS SIGN}")
        assert cell(found["departures-myopic"], "the default", column).startswith(saved)
        paid, cost = study.bought[DEFAULT.purchases(workflow)[0]]
        ratio = f"{paid.mean() / cost.mean():.3f} ["
        assert cell(found["truthfulness"], workflow, 4).startswith(ratio)


def test_a_range_covers_every_setting_and_its_nearest_is_one_of_them(study: Study) -> None:
    for workflow, rows in all_readings(study).items():
        one = ranges(workflow, rows)["vs. homogeneous"]
        figures = {}
        for row in rows:
            star, _, homogeneous = study.payments(workflow, row.setting)
            figures[row.setting] = 100 * (1 - star.mean() / homogeneous.mean())
        assert one.lowest == pytest.approx(min(figures.values()))
        assert one.highest == pytest.approx(max(figures.values()))
        assert figures[one.setting] == pytest.approx(one.nearest)
        gaps = [abs(figure - one.printed) for figure in figures.values()]
        assert abs(one.nearest - one.printed) == pytest.approx(min(gaps))
        assert one.distance == min(row.distances(workflow)[-1] for row in rows)


def test_a_figure_is_reached_within_two_standard_errors_of_fifty_trials() -> None:
    spread = Mean(5.18 + 0.1, 0.1 * PRINTED_TRIALS**0.5 / 2, 0.0)
    row = Reading(DEFAULT, (spread,) * 5)
    assert row.distances("S2")[0] == pytest.approx(2.0)
    one = ranges("S2", [row])["STAR"]
    assert one.distance == pytest.approx(2.0)
    assert not replace(one, distance=2.01).reached
    assert replace(one, distance=1.99).reached


def test_the_page_has_the_blocks_that_are_made(found: dict[str, str]) -> None:
    text = (DOCS / PAGE).read_text(encoding="utf-8")
    check_blocks(DOCS / PAGE, [*MEASURED, *JUDGED])
    written = with_blocks(text, found)
    assert blocks_of(written) == found
    assert with_blocks(written, blocks_of(text)) == text


def test_the_page_shows_what_its_trials_give() -> None:
    page = blocks_of((DOCS / PAGE).read_text(encoding="utf-8"))
    purchases = [one for workflow in TABLE_1 for one in DEFAULT.purchases(workflow)]
    size = Size(PRINTED_TRIALS, PRINTED_TRIALS)
    short = Study(size, measure(purchases, size.trials, size.seed))
    assert page["fifty"] == fifty(short)
    assert page["choices"] == MEASURED["choices"](short)


@pytest.mark.slow
def test_a_second_run_makes_the_same_page_and_figure(
    study: Study, found: dict[str, str], tmp_path: Path
) -> None:
    pytest.importorskip("matplotlib")
    from benchmarks.star_table_1.figure import draw

    again = Study.run(study.size)
    assert blocks(again) == found
    for one, name in ((study, "one.svg"), (again, "two.svg")):
        draw(one, tmp_path / name)
    svg = (tmp_path / "one.svg").read_text(encoding="utf-8")
    assert svg == (tmp_path / "two.svg").read_text(encoding="utf-8")
    for label in ("printed", "core settings", "reduction of the mean payment (%)", ">S4<"):
        assert label in svg


def test_a_page_without_the_blocks_is_refused_before_anything_is_measured(tmp_path: Path) -> None:
    result = CliRunner().invoke(command, ["--write", str(tmp_path)])
    assert result.exit_code == 2
    assert "no such file" in result.output
    (tmp_path / PAGE).write_text("<!-- means: generated -->\n<!-- end -->\n")
    with pytest.raises(BadInput, match=r"expected the generated blocks .*; got means"):
        check_blocks(tmp_path / PAGE, [*MEASURED, *JUDGED])


@pytest.mark.parametrize(("option", "value"), [("--trials", "49"), ("--band-trials", "1")])
def test_too_few_trials_are_refused(option: str, value: str) -> None:
    assert CliRunner().invoke(command, [option, value]).exit_code == 2


def test_only_the_myopic_rule_changes_where_only_it_is_another() -> None:
    one, other = DEFAULT.purchases("S1"), replace(DEFAULT, myopic="myopic_as_printed")
    assert [a == b for a, b in zip(one, other.purchases("S1"), strict=True)] == [True, False, True]
    assert other.purchases("S1")[1].options == StarOptions()
