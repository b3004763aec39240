import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.errors import BadInput
from market.workflow import Edge, Node, Workflow
from orchestrator.demand.paper_workflows import PAPER_WORKFLOWS
from orchestrator.demand.workflow_tape import (
    WORKFLOW_NAMES,
    WorkflowArrival,
    highest_difficulty,
    named_graphs,
    perturbed,
    realized_lengths,
    workflow_arrivals,
)
from tests.strategies import examples


def arrivals(
    names=("S1", "S3"), every_s: float = 5.0, horizon_s: float = 30.0, noise: float = 0.1, **rest
) -> list[WorkflowArrival]:
    seed, source = rest.get("seed", 3), rest.get("source", "d1")
    lengths = rest.get("realized", 0.0), rest.get("declared", 1.0)
    graphs = named_graphs(names)
    return list(workflow_arrivals(graphs, every_s, horizon_s, noise, 0.01, seed, source, *lengths))


def test_one_workflow_arrives_in_the_middle_of_every_interval():
    assert [one.arrival_s for one in arrivals()] == [2.5, 7.5, 12.5, 17.5, 22.5, 27.5]
    assert [one.arrival_s for one in arrivals(horizon_s=7.5)] == [2.5, 7.5]
    assert arrivals(horizon_s=2.4) == []


def test_several_may_arrive_in_one_round():
    assert [one.arrival_s for one in arrivals(every_s=0.25, horizon_s=1.0)] == [
        0.125, 0.375, 0.625, 0.875,
    ]  # fmt: skip


def test_the_names_take_turns():
    assert [one.name for one in arrivals(("S1", "S3", "S4"))] == ["S1", "S3", "S4"] * 2
    assert [len(one.workflow.nodes) for one in arrivals()] == [19, 17] * 3


def test_an_arrival_has_a_name_of_its_own_and_the_scale_of_its_execution():
    assert [one.request for one in arrivals()][:2] == ["d1-00000", "d1-00001"]
    assert {one.execution_scale for one in arrivals()} == {0.01}


def test_a_workflow_depends_on_its_number_its_source_and_the_seed():
    graphs = [one.workflow for one in arrivals(("S3",))]
    assert [one.workflow for one in arrivals(("S3",), every_s=1.0)][:6] == graphs
    assert arrivals(("S3",), seed=4)[0].workflow != graphs[0]
    assert arrivals(("S3",), source="d2")[0].workflow != graphs[0]
    assert len({tuple(node.output_tokens for node in graph.nodes) for graph in graphs}) == 6


def test_random_workflows_differ_from_arrival_to_arrival():
    sizes = {len(one.workflow.nodes) for one in arrivals(("random",), every_s=0.5)}
    assert len(sizes) > 3


@pytest.mark.parametrize("name", PAPER_WORKFLOWS)
@given(noise=st.floats(0.0, 0.99), seed=st.integers(0, 1000))
@examples(25)
def test_lengths_stay_within_the_noise_and_transfers_go_with_their_source(name, noise, seed):
    graph = PAPER_WORKFLOWS[name]()
    varied = perturbed(graph, noise, np.random.default_rng(seed))
    factor = {}
    for before, after in zip(graph.nodes, varied.nodes, strict=True):
        assert abs(after.output_tokens - before.output_tokens) <= noise * before.output_tokens + 0.5
        assert after.output_tokens == round(after.output_tokens)
        assert (after.id, after.difficulty, after.input_tokens) == (
            before.id, before.difficulty, before.input_tokens,
        )  # fmt: skip
        factor[after.id] = after.output_tokens / before.output_tokens
    for before, after in zip(graph.edges, varied.edges, strict=True):
        assert (after.source, after.target) == (before.source, before.target)
        expected = before.transfer_tokens * factor[before.source]
        # both are rounded to whole tokens
        assert after.transfer_tokens == pytest.approx(expected, abs=1.01)


def test_lengths_fill_the_whole_range_of_the_noise():
    graph = Workflow(tuple(Node(f"n{k}", 1e6, difficulty=1) for k in range(400)))
    varied = perturbed(graph, 0.1, np.random.default_rng(1))
    lengths = [node.output_tokens for node in varied.nodes]
    assert 0.9e6 <= min(lengths) < 0.905e6
    assert 1.095e6 < max(lengths) <= 1.1e6
    assert np.mean(lengths) == pytest.approx(1e6, rel=0.01)


def test_without_noise_a_workflow_stays_as_it_is():
    graph = PAPER_WORKFLOWS["S3"]()
    assert perturbed(graph, 0.0, np.random.default_rng(1)) == graph


def test_a_loop_stays_a_loop():
    graph = Workflow(
        (Node("a", 1000.0, difficulty=1), Node("b", 1000.0, difficulty=1)),
        (Edge("a", "b", 1000.0), Edge("b", "a", 1000.0, iterations=3)),
    )
    varied = perturbed(graph, 0.5, np.random.default_rng(1))
    assert varied.edges[1].iterations == 3
    assert varied.edges[1].transfer_tokens == varied.nodes[1].output_tokens


def test_without_noise_of_their_own_lengths_are_realised_as_expected():
    for one in arrivals():
        assert one.length_tokens == {node.id: node.output_tokens for node in one.workflow.nodes}


def test_realised_lengths_have_draws_of_their_own():
    expected, noisy = arrivals(), arrivals(realized=0.3)
    assert [one.workflow for one in noisy] == [one.workflow for one in expected]
    assert noisy == arrivals(realized=0.3)
    assert noisy[0].length_tokens != expected[0].length_tokens
    other = arrivals(realized=0.3, seed=4)[0].length_tokens
    assert other != noisy[0].length_tokens


def test_a_buyer_may_declare_other_lengths_than_it_expects():
    for honest, lie in zip(arrivals(), arrivals(declared=0.5), strict=True):
        assert lie.length_tokens == honest.length_tokens
        for node, declared in zip(honest.workflow.nodes, lie.workflow.nodes, strict=True):
            assert declared.output_tokens == node.output_tokens / 2
            assert declared.input_tokens == node.input_tokens
        for edge, declared in zip(honest.workflow.edges, lie.workflow.edges, strict=True):
            assert declared.transfer_tokens == edge.transfer_tokens / 2


def test_realised_lengths_are_off_by_at_most_the_noise_and_by_nothing_on_average():
    graph = Workflow(tuple(Node(f"n{k}", 1e6, difficulty=1) for k in range(2000)))
    lengths = list(realized_lengths(graph, 0.3, 1, "w").values())
    assert 0.7e6 <= min(lengths) < 0.701e6
    assert 1.299e6 < max(lengths) <= 1.3e6
    assert np.mean(lengths) == pytest.approx(1e6, rel=0.01)
    assert all(length == round(length) for length in lengths)


def test_the_realised_tokens_of_a_node_are_those_of_all_its_runs():
    loop = Workflow(
        (Node("a", 1000.0, difficulty=1), Node("b", 1000.0, difficulty=1)),
        (Edge("a", "b", 1000.0), Edge("b", "a", 1000.0, iterations=3)),
    )
    (one,) = workflow_arrivals([("loop", lambda rng: loop)], 1.0, 1.0, 0.0, 1.0, 1, "d0", 0.5)
    assert one.length_tokens["a"] != 1000.0
    assert one.realized_tokens("a") == 3 * one.length_tokens["a"]


@pytest.mark.parametrize(("name", "noises"), [("length", (0.5, 0.0)), ("realised", (0.0, 0.5))])
def test_a_length_that_noise_moves_out_of_its_bounds_is_bad_input(name, noises):
    huge = Workflow(tuple(Node(f"n{k}", 8e15, difficulty=1) for k in range(9)))
    length_noise, realized_noise = noises
    tape = workflow_arrivals(
        [("huge", lambda rng: huge)], 1.0, 1.0, length_noise, 1.0, 1, "d0", realized_noise
    )
    with pytest.raises(BadInput, match=r"huge, its lengths varied by up to 0.5"):
        list(tape)


def test_the_highest_difficulty_of_every_named_graph_is_known():
    assert {name: highest_difficulty(name) for name in WORKFLOW_NAMES} == {
        "S1": 3, "S2": 3, "S3": 3, "S4": 3, "random": 3,
    }  # fmt: skip
    for one in arrivals(("random",), every_s=0.5):
        hardest = max(node.difficulty for node in one.workflow.nodes)
        assert hardest <= highest_difficulty("random")
