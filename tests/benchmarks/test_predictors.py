from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from benchmarks.page import blocks_of
from benchmarks.predictors import command
from benchmarks.predictors.accuracy import LEAST_LABELS, Pairs, accuracy_of, pairs_of
from benchmarks.predictors.cli import BLOCKS
from benchmarks.predictors.evaluator import evaluate
from benchmarks.predictors.shadowing import ACTING, SUBJECTS, Scored, shadowed
from benchmarks.predictors.stream import market_of, scored_labels
from benchmarks.predictors.waits import waits_of
from hubs.prediction import PREDICTORS, PredictorParams
from market.messages import Expectation
from orchestrator.assembly import assemble
from orchestrator.runtime import InProcess
from orchestrator.trial import Trial
from tests.hubs.builders import completion, provider
from tests.real_files import real

PAGE = Path(__file__).resolve().parents[2] / "docs" / "prediction.md"
EXPECTED = Expectation(output_tokens=50.0, cached_tokens=0.0, ttft_s=0.5, quality=0.75)


def pairs(turn: list[int], observed: list[float], predicted: list[float]) -> Pairs:
    """Each label as often as a turn needs to count."""
    columns = (np.repeat(column, LEAST_LABELS) for column in (turn, observed, predicted))
    return Pairs(*columns)


def test_errors_of_single_requests_do_not_cancel_and_those_of_turns_do() -> None:
    found = accuracy_of(pairs([1, 1, 2, 2], [1.0, 3.0, 2.0, 2.0], [3.0, 1.0, 3.0, 2.0]))
    assert found.nmae == pytest.approx((2 + 2 + 1 + 0) / 8)
    assert found.turns == pytest.approx((0 + 0.5) / (2 + 2))
    assert found.squared == pytest.approx((4 + 4 + 1 + 0) / 4)
    assert found.nrmse == pytest.approx(1.5 / 2)


def test_a_turn_with_few_labels_is_not_counted() -> None:
    usual = pairs([1], [2.0], [3.0])
    more = Pairs(
        *(np.append(column, 99) for column in (usual.turn, usual.observed, usual.predicted))
    )
    assert accuracy_of(more).turns == accuracy_of(usual).turns == pytest.approx(0.5)


def test_chance_is_the_error_of_turns_of_whoever_is_right_on_average() -> None:
    rng = np.random.default_rng(3)
    turn = np.repeat(np.arange(400), 50)
    coins = (rng.random(len(turn)) < 0.6).astype(float)
    found = accuracy_of(Pairs(turn, coins, np.full(len(turn), 0.6)))
    assert found.turns == pytest.approx(found.chance, rel=0.1)
    assert found.calibration < 0.02
    assert accuracy_of(Pairs(turn, coins, np.full(len(turn), 0.8))).calibration > 0.15


def scored(first_token_s: float, **changes: object) -> Scored:
    """A label of 100 prompt tokens, awarded at one second."""
    came = completion("a.1", first_token_s=first_token_s, **changes)
    return Scored(provider(came.provider), 1, came, {ACTING: EXPECTED})


def test_a_cost_is_that_of_the_tokens_that_were_expected() -> None:
    one = scored(1.5, cached_tokens=40, output_tokens=60)
    found = pairs_of([one], ACTING)["cost"]
    assert found.observed.tolist() == [one.member.charged_tokens(100, 40, 60)]
    assert found.predicted.tolist() == [one.member.charged_tokens(100, 0.0, 50.0)]


def test_waits_are_known_where_the_order_of_a_clearing_is() -> None:
    engine = provider("p").engine
    alone_s, together_s = engine.prefill_s(100), engine.prefill_s(200)  # one step for both
    together = [scored(1 + together_s), scored(1 + together_s)]
    found = waits_of([*together, scored(1 + alone_s, provider="q")])
    assert found.alone == pytest.approx(1 / 3)
    assert found.nmae_if_known == pytest.approx(0.0, abs=1e-9)
    assert found.nmae_alone == pytest.approx((0.5 - alone_s) / alone_s)
    assert found.nmae_in_company == pytest.approx((1.0 - 2 * together_s) / (2 * together_s))


def test_a_hub_with_shadows_acts_as_it_does_without() -> None:
    scenario = market_of(1, None, 10)
    labels = scored_labels(scenario)
    assert len(labels) > 50
    market = assemble(scenario, 0)
    runtime = InProcess()
    runtime.seat(scenario, market)
    awarded = {
        award.request: award.expected
        for record in Trial(scenario, market, runtime).rounds()
        for reply in record.chat.values()
        for award in reply.awards
    }
    assert {one.completion.request: one.expected[ACTING] for one in labels} == {
        one.completion.request: awarded[one.completion.request] for one in labels
    }


def test_a_shadow_learns_as_if_it_were_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    twins = {ACTING: PredictorParams(), "mean": PredictorParams(kind="mean")}
    twins |= {"its twin": PredictorParams()}
    monkeypatch.setattr("benchmarks.predictors.stream.SUBJECTS", twins)
    labels = scored_labels(market_of(2, real("dialogues/quac_500_in_coqa_shape.json"), 10))
    assert all(one.expected[ACTING] == one.expected["its twin"] for one in labels)
    assert any(one.expected[ACTING] != one.expected["mean"] for one in labels)
    assert {one.turn for one in labels} >= {1, 2, 3}


def test_the_predictors_are_as_before_even_after_an_error() -> None:
    before = dict(PREDICTORS)
    with shadowed(SUBJECTS):
        assert before != PREDICTORS
    assert before == PREDICTORS

    def fail() -> None:
        with shadowed(SUBJECTS):
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert before == PREDICTORS


def test_copied_trees_answer_as_river_does() -> None:
    found = evaluate(providers=3, labels=300, requests=20, seed=2)
    assert found.pairs == 60
    assert found.leaves > 1
    assert found.largest_gap == 0.0
    assert found.ratio == found.river_s / found.flat_s


def test_the_command_prints_every_table() -> None:
    result = CliRunner().invoke(command, ["--seeds", "2", "--rounds", "20", "--pairs", "50"])
    assert result.exit_code == 0
    for name in SUBJECTS:
        assert f"| {name} |" in result.output
    assert "| built-in: ttft, NMAE of the means of turns |" in result.output


def test_a_page_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    assert CliRunner().invoke(command, ["--write", str(PAGE)]).exit_code == 2
    page = tmp_path / "page.md"
    page.write_text("no blocks", "utf-8")
    file = tmp_path / "dialogues.json"
    file.write_text("{}", "utf-8")
    result = CliRunner().invoke(command, ["--dialogues", str(file), "--write", str(page)])
    assert result.exit_code == 2
    assert "expected the generated blocks aims" in result.output


def test_too_little_is_no_benchmark() -> None:
    for option in (["--seeds", "1"], ["--rounds", "1"], ["--pairs", "1"]):
        assert CliRunner().invoke(command, option).exit_code == 2


def test_the_page_has_a_line_for_every_predictor_in_every_table_of_errors() -> None:
    found = blocks_of(PAGE.read_text("utf-8"))
    assert set(found) == set(BLOCKS)
    for source in ("file", "built-in"):
        for name in SUBJECTS:
            assert f"| {name} |" in found[source]


def test_every_predictor_is_measured() -> None:
    assert {params.kind for params in SUBJECTS.values()} == set(PREDICTORS)
    assert next(iter(SUBJECTS)) == ACTING
