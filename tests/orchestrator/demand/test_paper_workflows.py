import numpy as np
import pytest

from market.errors import BadInput
from market.workflow import Offer, StarOptions, Uniform, Workflow, star
from orchestrator.demand.paper_workflows import PAPER_WORKFLOWS, random_workflow, s1


def paper_market(rng: np.random.Generator) -> list[Offer]:
    """The nine providers of table 2, each at a random part of its base price."""
    bases = [0.1, 0.2, 0.3, 0.5, 1.0, 1.5, 2.5, 5.0, 7.5]
    return [
        Offer(f"p{i}", i // 3 + 1, 0.25, base * rng.uniform(0.1, 1.0), Uniform(0.1 * base, base))
        for i, base in enumerate(bases)
    ]


def tokens_into(workflow: Workflow, node: str) -> float:
    return sum(edge.transfer_tokens for edge in workflow.edges if edge.target == node)


@pytest.mark.parametrize(
    ("name", "nodes", "edges", "output_tokens"),
    [
        ("S1", 19, 32, 940_000),
        ("S2", 46, 74, 1_089_000),
        ("S3", 17, 16, 630_000),
        ("S4", 12, 17, 700_000),
    ],
)
def test_the_workflows_have_the_sizes_of_the_tables(name, nodes, edges, output_tokens):
    workflow = PAPER_WORKFLOWS[name]()
    assert (len(workflow.nodes), len(workflow.edges)) == (nodes, edges)
    assert sum(node.output_tokens for node in workflow.nodes) == output_tokens
    assert len(workflow.entry_nodes) == 1


@pytest.mark.parametrize(
    ("name", "node", "input_tokens"),
    [
        ("S1", "writer_8", 30e3),
        ("S1", "aggregator", 320e3),
        ("S1", "reviser_content_4", 300e3),
        ("S1", "final_editor", 35e3),
        ("S2", "module_utils_2", 350e3),
        ("S2", "file_main_10", 25e3),
        ("S2", "file_types_20", 25e3),
        ("S2", "merger", 30e3),
        ("S3", "lead_backend", 300e3),
        ("S3", "dev_interactive_3", 15e3 * 2),
        ("S4", "aggregator", 145e3),
        ("S4", "expert_synthesis", 60e3),
    ],
)
def test_what_a_node_receives_is_its_input_in_the_table(name, node, input_tokens):
    assert tokens_into(PAPER_WORKFLOWS[name](), node) == pytest.approx(input_tokens)


def test_every_module_of_s2_has_three_files():
    workflow = PAPER_WORKFLOWS["S2"]()
    sources = [edge.source for edge in workflow.edges if edge.target.startswith("file_")]
    assert {sources.count(source) for source in sources} == {3}
    assert len(set(sources)) == 10


def test_a_further_cycle_of_s1_aggregates_and_revises_again():
    workflow = s1(cycles=5)
    assert len(workflow.nodes) == 19 + 4 * 9
    assert len(workflow.parents["aggregator_c2"]) == 8
    assert all(
        parent.endswith(("_1", "_2", "_3", "_4")) for parent in workflow.parents["final_editor"]
    )


@pytest.mark.parametrize(
    ("name", "node", "tokens_in"),
    [
        ("S1", "aggregator", {"parent_output": 8 * 40e3, "parent_context": 8 * (30e3 + 40e3)}),
        ("S1", "final_editor", {"parent_output": 8 * 35e3, "parent_context": 8 * 335e3}),
        ("S2", "file_main_1", {"parent_output": 25e3, "parent_context": 350e3 + 25e3}),
        ("S2", "merger", {"parent_output": 30 * 15e3, "parent_context": 30 * 40e3}),
        ("S4", "case_retriever", {"parent_output": 5e3, "parent_context": 2e3 + 5e3}),
    ],
)
def test_another_rule_passes_what_the_parents_wrote_or_all_they_know(name, node, tokens_in):
    for transfer, tokens in tokens_in.items():
        workflow = PAPER_WORKFLOWS[name](transfer=transfer)
        assert tokens_into(workflow, node) == pytest.approx(tokens)
        assert workflow.nodes == PAPER_WORKFLOWS[name]().nodes


def test_a_rule_that_is_unknown_is_refused_with_the_known_ones():
    with pytest.raises(BadInput, match="transfer: expected one of input_share, parent_output"):
        s1(transfer="all")


@pytest.mark.parametrize("name", PAPER_WORKFLOWS)
def test_both_solvers_clear_the_paper_s_markets_alike(name: str):
    workflow = PAPER_WORKFLOWS[name]()
    for seed in range(5):
        offers = paper_market(np.random.default_rng(seed))
        one, other = (
            star(workflow, offers, StarOptions(solver=solver))
            for solver in ("elimination", "highs")
        )
        assert one.allocation == other.allocation
        assert one.virtual_cost_usd == other.virtual_cost_usd
        assert one.payments_usd == pytest.approx(other.payments_usd, rel=1e-12)


def test_random_workflows_are_cleared_alike_by_both_solvers():
    rng = np.random.default_rng(11)
    loops = 0
    for _ in range(60):
        workflow = random_workflow(rng)
        loops += any(edge.iterations for edge in workflow.edges)
        offers = paper_market(rng)
        one, other = (
            star(workflow, offers, StarOptions(solver=solver))
            for solver in ("elimination", "highs")
        )
        assert one.virtual_cost_usd == pytest.approx(other.virtual_cost_usd, rel=1e-12)
        assert one.payments_usd == pytest.approx(other.payments_usd, rel=1e-9)
    assert 0 < loops < 60


def test_a_random_workflow_depends_on_its_generator_alone():
    assert random_workflow(np.random.default_rng(3)) == random_workflow(np.random.default_rng(3))
