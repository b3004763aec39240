import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from market.errors import BadInput
from orchestrator.demand import Demand, DemandParams, Setting, Turn, WorkflowArrival, count_demand

DIALOGUES = {"kind": "dialogues", "rate_per_s": 3.0}
WORKFLOWS = {"kind": "workflows", "every_rounds": 4}


def params(document: dict[str, Any]) -> DemandParams:
    return TypeAdapter(DemandParams).validate_python(document)


def sources(*documents: dict[str, Any], seed: int = 3, horizon_s: float = 20.0):
    """The sources of one trial, each under a name of its own; rounds of half a second."""
    return [
        (params(document), Setting(seed, f"d{number}", horizon_s, 0.5, ("code", "law")))
        for number, document in enumerate(documents)
    ]


def demand(*documents: dict[str, Any], **changes: Any) -> Demand:
    return Demand(sources(*documents, **changes))


def played(market: Demand, until_s: float, wait_s: float = 0.7) -> list[Turn]:
    """All turns up to a moment, when every one is answered so long after it arrives."""
    turns: list[Turn] = []
    step_s = 0.5
    for number in range(1, int(until_s / step_s) + 1):
        arrived = market.turns(number * step_s)
        turns += arrived
        for turn in arrived:
            market.answered(turn, turn.arrival_s + wait_s)
    return turns


@pytest.fixture
def story_file(tmp_path: Path) -> Path:
    entry = {
        "story": "A white kitten lived in a barn.",
        "questions": [{"input_text": "Where?"}, {"input_text": "What colour?"}],
        "answers": [{"input_text": "in a barn"}, {"input_text": "white"}],
    }
    path = tmp_path / "stories.json"
    path.write_text(json.dumps({"data": [entry] * 5}))
    return path


@pytest.fixture
def trace_file(tmp_path: Path) -> Path:
    rows = [f"2023-11-16 18:15:{second:02d}.0,{100 + second},7" for second in range(10, 20)]
    path = tmp_path / "trace.csv"
    path.write_text("\n".join(["TIMESTAMP,ContextTokens,GeneratedTokens", *rows]))
    return path


def test_the_tape_is_the_same_whoever_plays_it():
    one, other = played(demand(DIALOGUES), 20.0), played(demand(DIALOGUES), 20.0)
    assert one == other
    assert len(one) > 100
    assert played(demand(DIALOGUES, seed=4), 20.0) != one


def test_how_fast_answers_come_moves_later_turns_and_nothing_else():
    fast, slow = (played(demand(DIALOGUES), 20.0, wait_s) for wait_s in (0.1, 2.0))
    first = {turn.request: turn for turn in fast if turn.turn == 1}
    assert first == {turn.request: turn for turn in slow if turn.turn == 1}
    later = {turn.request: turn for turn in fast if turn.turn > 1}
    moved = 0
    for turn in slow:
        if turn.turn > 1 and turn.request in later:
            same = later[turn.request]
            assert (turn.prompt, turn.output_tokens, turn.terms) == (
                same.prompt, same.output_tokens, same.terms,
            )  # fmt: skip
            assert turn.arrival_s > same.arrival_s
            moved += 1
    assert moved > 20


def test_turns_of_all_sources_come_in_the_order_of_arrival():
    market = demand(DIALOGUES, DIALOGUES | {"rate_per_s": 5.0}, WORKFLOWS)
    turns = market.turns(10.0)
    assert [turn.arrival_s for turn in turns] == sorted(turn.arrival_s for turn in turns)
    assert {turn.dialogue.split("-")[0] for turn in turns} == {"d0", "d1"}


def test_another_source_leaves_the_first_as_it_is():
    alone = demand(DIALOGUES).turns(20.0)
    beside = demand(DIALOGUES, DIALOGUES, WORKFLOWS).turns(20.0)
    assert [turn for turn in beside if turn.dialogue.startswith("d0-")] == alone


def test_answers_and_losses_reach_the_dialogue_they_belong_to():
    shape = {"turns": 2, "think_s": 0.5}
    market = demand(DIALOGUES | {"shape": shape}, DIALOGUES | {"shape": shape})
    turns = [turn for turn in market.turns(5.0) if turn.turn == 1]
    for turn in turns:
        if turn.dialogue.startswith("d0-"):
            market.answered(turn, 6.0)
        else:
            market.lost(turn)
    later = [turn for turn in market.turns(6.5) if turn.turn == 2]
    assert {turn.dialogue for turn in later} == {
        turn.dialogue for turn in turns if turn.dialogue.startswith("d0-")
    }
    assert {turn.arrival_s for turn in later} == {6.5}


def test_the_rate_is_scaled_and_the_limit_ends_the_source():
    plain = len(demand(DIALOGUES, horizon_s=100.0).turns(100.0))
    double = len(demand(DIALOGUES | {"rate_scale": 2.0}, horizon_s=100.0).turns(100.0))
    assert plain == pytest.approx(300, rel=0.2)
    assert double == pytest.approx(600, rel=0.2)
    limited = demand(DIALOGUES | {"limit": 7}, horizon_s=100.0).turns(100.0)
    assert limited == demand(DIALOGUES, horizon_s=100.0).turns(100.0)[:7]


def test_domains_are_those_of_the_providers_unless_weighed():
    tasks = {turn.task.domain for turn in demand(DIALOGUES).turns(20.0)}
    assert tasks == {"code", "law"}
    only = demand(DIALOGUES | {"domains": {"law": 2.0}}).turns(20.0)
    assert {turn.task.domain for turn in only} == {"law"}


def test_workflows_arrive_as_often_as_rounds_say():
    market = demand(WORKFLOWS | {"names": ["S3", "S4"]})
    assert market.workflows(0.9) == []
    assert [one.request for one in market.workflows(4.9)] == ["d0-00000", "d0-00001"]
    assert [one.arrival_s for one in market.workflows(9.0)] == [5.0, 7.0, 9.0]
    assert market.turns(20.0) == []


def test_workflows_of_several_sources_come_in_the_order_of_arrival():
    market = demand(WORKFLOWS, WORKFLOWS | {"every_rounds": 3.0})
    arrived: list[WorkflowArrival] = []
    for number in range(1, 41):
        arrived += market.workflows(number * 0.5)
    times = [one.arrival_s for one in arrived]
    assert times == sorted(times)
    assert len(arrived) == 10 + 13
    assert market.workflows(1e9) == []


def test_a_file_of_dialogues_is_played_at_the_rate_of_the_scenario(story_file):
    source = DIALOGUES | {"path": str(story_file)}
    turns = played(demand(source), 20.0)
    assert len({turn.dialogue for turn in turns}) == 5
    assert len(turns) == 10
    starts = [turn.arrival_s for turn in demand(DIALOGUES).turns(20.0)][:5]
    assert [turn.arrival_s for turn in turns if turn.turn == 1] == starts
    assert len(demand(source | {"limit": 2}).turns(20.0)) == 2


def test_a_trace_is_played_at_its_own_times(trace_file):
    source = {"kind": "azure", "path": str(trace_file)}
    turns = demand(source).turns(20.0)
    assert [turn.arrival_s for turn in turns] == [float(second) for second in range(10)]
    assert [turn.output_tokens for turn in turns] == [7] * 10
    fast = demand(source | {"rate_scale": 4.0, "limit": 3}).turns(20.0)
    assert [turn.arrival_s for turn in fast] == [0.0, 0.25, 0.5]


def test_a_file_that_is_missing_is_known_before_anything_is_played(tmp_path):
    with pytest.raises(BadInput, match="no such file"):
        demand({"kind": "azure", "path": str(tmp_path / "none.csv")})
    with pytest.raises(BadInput, match="no such file"):
        demand(DIALOGUES | {"path": str(tmp_path / "none.json")})


def test_what_can_arrive_at_most_is_counted_ahead():
    documents = [DIALOGUES | {"shape": {"turns": {"choice": [1, 3]}}}, WORKFLOWS]
    turns, workflows = count_demand(sources(*documents))
    patient = played(demand(*documents), 20.0, wait_s=0.0)
    started = demand(*documents).turns(20.0)
    assert workflows == len(demand(*documents).workflows(20.0)) == 10
    assert len(started) < len(patient) <= turns
    unhurried = [DIALOGUES | {"shape": {"turns": 4, "think_s": 0.0}}]
    assert count_demand(sources(*unhurried))[0] == 4 * len(demand(*unhurried).turns(20.0))


@pytest.mark.parametrize("limit", [None, 3000])
def test_long_demand_is_counted_from_its_beginning(limit: int | None) -> None:
    document = DIALOGUES | {"rate_per_s": 40.0, "shape": {"turns": 2, "document_tokens": 5}}
    long = sources(document | {"limit": limit}, WORKFLOWS, horizon_s=120.0)
    turns, workflows = count_demand(long)
    assert turns == 2 * (limit or 120 * 40)
    assert turns == pytest.approx(2 * len(Demand(long).turns(120.0)), rel=0.1)
    assert workflows == 60


def test_the_length_of_a_run_does_not_matter_to_counting_it() -> None:
    turns, workflows = count_demand(
        sources(DIALOGUES, WORKFLOWS | {"names": ["S1"]}, horizon_s=1e9)
    )
    assert turns == pytest.approx(3e9 * 4, rel=0.1)
    assert workflows == 5e8


def test_rows_after_the_horizon_are_not_counted(trace_file):
    source = {"kind": "azure", "path": str(trace_file)}
    assert count_demand(sources(source, horizon_s=4.5)) == (5, 0)
    assert len(demand(source, horizon_s=4.5).turns(100.0)) == 5


@pytest.mark.parametrize(
    ("rate_scale", "first"),
    [(1.0, "1700000000.5"), (4.0, "425000000.125"), (1e-6, "1.7000000005e+15")],
)
def test_a_trace_that_starts_after_the_horizon_is_refused(tmp_path, rate_scale, first):
    path = tmp_path / "trace.jsonl"
    row = {"timestamp": 1_700_000_000_500, "input_length": 9, "output_length": 7, "hash_ids": [0]}
    path.write_text(json.dumps(row))
    source = {"kind": "mooncake", "path": str(path), "rate_scale": rate_scale}
    with pytest.raises(BadInput) as error:
        count_demand(sources(source))
    expected = "nothing arrives within the 20 seconds of the run; the first request is at"
    assert str(error.value) == f"{path}: {expected} {first} s"
    assert count_demand(sources(source | {"rate_scale": 1e6}, horizon_s=1700.1)) == (1, 0)


@pytest.mark.parametrize(
    ("document", "complaint"),
    [
        ({"kind": "poisson"}, "poisson"),
        ({"kind": "dialogues"}, "rate_per_s"),
        (DIALOGUES | {"rate_per_s": 0}, "greater than 0"),
        (DIALOGUES | {"burstiness": -1}, "greater than or equal to 0"),
        (DIALOGUES | {"limit": 0}, "greater than or equal to 1"),
        (DIALOGUES | {"rate_scale": 0}, "greater than 0"),
        (DIALOGUES | {"rate_per_s": 1e4, "rate_scale": 1e4}, "rate_per_s \\* rate_scale <= 1e"),
        (DIALOGUES | {"domains": {"law": 0}}, "greater than 0"),
        (DIALOGUES | {"every_rounds": 1}, "every_rounds"),
        ({"kind": "azure"}, "expected a trace file, got null"),
        ({"kind": "azure", "path": None}, "expected a trace file, got null"),
        ({"kind": "workflows"}, "every_rounds"),
        (WORKFLOWS | {"names": []}, "at least 1 item"),
        (WORKFLOWS | {"names": ["S5"]}, "names among S1, S2, S3, S4, random; got 'S5'"),
        (WORKFLOWS | {"every_rounds": 0}, "greater than or equal to 0.01"),
        (WORKFLOWS | {"length_noise": 1.0}, "less than 1"),
        (WORKFLOWS | {"execution_token_scale": 0}, "greater than 0"),
    ],
)
def test_malformed_sources_are_refused(document, complaint):
    with pytest.raises(ValidationError, match=complaint):
        params(document)
