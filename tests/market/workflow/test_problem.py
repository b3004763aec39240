import json
import math

import pytest
from hypothesis import given

from market.errors import BadInput, Infeasible
from market.workflow import solve_workflow, star
from tests import documents
from tests.documents import MISSING
from tests.strategies import Auction, auctions, examples

PROBLEM = {
    "kind": "workflow",
    "nodes": [
        {"id": "draft", "output_tokens": 1e6, "difficulty": 1},
        {"id": "edit", "output_tokens": 1e6, "capable": ["y", "z"]},
    ],
    "edges": [{"from": "draft", "to": "edit"}],
    "providers": [
        {
            "id": "x",
            "tier": 1,
            "input_ratio": 0.5,
            "bid": 0.5,
            "prior": {"kind": "uniform", "low": 0.0, "high": 2.0},
        },
        {
            "id": "y",
            "tier": 2,
            "input_ratio": 0.5,
            "bid": 2.0,
            "prior": {"kind": "uniform", "low": 1.0, "high": 4.0},
        },
        {
            "id": "z",
            "tier": 2,
            "input_ratio": 0.5,
            "bid": 2.5,
            "prior": {"kind": "uniform", "low": 1.0, "high": 4.0},
        },
    ],
}
ANSWER = {
    "status": "optimal",
    "virtual_cost": 5.5,
    "allocation": {"draft": "x", "edit": "y"},
    "quantities": {"x": 1e6, "y": 1.5e6},
    "payments": {"x": 0.75, "y": 3.75},
    "breakpoints": {"x": [[0.75, 1e6]], "y": [[2.5, 1.5e6]]},
    "solver": "elimination",
}


def changed(path: str, value: object) -> dict:
    """``PROBLEM`` with the value at a dotted path replaced, added or removed."""
    return documents.changed(PROBLEM, path, value)


COMMON = ["status", "allocation", "quantities", "payments"]


@pytest.mark.parametrize(
    ("mechanism", "status", "more"),
    [
        ("homogeneous", "cleared", []),
        ("myopic", "cleared", ["cold_quantities"]),
        ("myopic_as_printed", "cleared", []),
        ("pay_as_bid", "optimal", []),
        ("greedy", "cleared", ["breakpoints"]),
    ],
)
def test_other_mechanisms_answer_what_they_can_say(mechanism, status, more):
    answer = solve_workflow(changed("options", {"mechanism": mechanism}))
    assert list(answer) == COMMON + more
    assert answer["status"] == status
    assert set(answer["allocation"]) == {"draft", "edit"}
    assert set(answer["payments"]) == set(answer["allocation"].values())
    assert json.loads(json.dumps(answer)) == answer


PRIORS = {
    "truncated_normal": {"mean": 0.5, "deviation": 0.5, "low": 0.0, "high": 2.0},
    "truncated_lognormal": {"median": 0.5, "sigma": 0.5, "low": 0.1, "high": 2.0},
    "empirical": {"samples": [0.25, 0.5, 2.0, 2.0], "low": 0.0},
}


@pytest.mark.parametrize("kind", PRIORS)
def test_every_kind_of_prior_can_be_given(kind):
    answer = solve_workflow(changed("providers.0.prior", {"kind": kind} | PRIORS[kind]))
    assert answer["allocation"] == ANSWER["allocation"]
    assert 0.5 <= answer["payments"]["x"] <= 2.0


def test_the_answer_has_the_fixed_form():
    answer = solve_workflow(PROBLEM)
    assert answer == ANSWER
    assert list(answer) == list(ANSWER)
    assert json.loads(json.dumps(answer)) == answer


def test_a_bid_below_the_support_is_its_own_virtual_cost_and_is_paid_the_same_threshold():
    def one_node(bid: float):
        prior = {"kind": "uniform", "low": 1.0, "high": 4.0}
        usual = {"tier": 1, "input_ratio": 0.25, "prior": prior}
        return solve_workflow(
            {
                "kind": "workflow",
                "nodes": [{"id": "a", "output_tokens": 1_000_000, "difficulty": 1}],
                "edges": [],
                "providers": [usual | {"id": "p", "bid": bid}, usual | {"id": "q", "bid": 1.5}],
            }
        )

    below, inside = one_node(0.5), one_node(1.25)
    assert below["virtual_cost"] == 0.5
    assert inside["virtual_cost"] == 1.5  # 2 b - low
    assert below["payments"] == inside["payments"] == {"p": pytest.approx(1.5)}


def test_options_are_read():
    options = {"mechanism": "star", "solver": "highs", "reserve": "none"}
    answer = solve_workflow(changed("options", options))
    assert answer["solver"] == "highs"
    assert answer["payments"] == ANSWER["payments"]


def test_a_transfer_is_the_whole_output_of_its_source_unless_stated():
    stated = changed("edges.0.transfer_tokens", 1e6)
    assert solve_workflow(stated) == ANSWER
    assert solve_workflow(changed("edges.0.transfer_tokens", 0))["virtual_cost"] == 4.0


def test_a_feedback_edge_is_read():
    problem = changed("edges.1", {"from": "edit", "to": "draft", "iterations": 2})
    # Everything twice, and x reads the edit once: 2 * 5.5 + 0.5.
    assert solve_workflow(problem)["virtual_cost"] == 11.5


def test_an_impossible_difficulty_is_infeasible():
    with pytest.raises(Infeasible, match="node 'draft' needs a provider of tier >= 3"):
        solve_workflow(changed("nodes.0.difficulty", 3))


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("kind", "matching", "kind: expected one of workflow; got 'matching'"),
        ("node", [], "node: unknown key; known here: edges, kind, nodes, options, providers"),
        ("nodes", MISSING, "nodes: missing"),
        ("edges", MISSING, "edges: missing"),
        ("nodes", [], "nodes: expected at least one node"),
        ("nodes", {}, "nodes: expected a list, got {}"),
        ("nodes.1", 3, "nodes.1: expected an object with named keys, got 3"),
        (
            "nodes.0.difficult",
            1,
            "nodes.0.difficult: unknown key; known here: capable, difficulty, id, input_tokens,"
            " output_tokens",
        ),
        ("nodes.1.id", "draft", "nodes.1.id: duplicate id 'draft', first used at nodes.0"),
        ("nodes.0.id", "", "nodes.0.id: expected a text, got ''"),
        (
            "nodes.0.output_tokens",
            math.nan,
            "nodes.0.output_tokens: expected a finite number, got nan",
        ),
        (
            "nodes.0.output_tokens",
            -5,
            "nodes.0.output_tokens: expected a finite number >= 0 and <= 9.0072e+15, got -5.0",
        ),
        (
            "nodes.0.input_tokens",
            -1,
            "nodes.0.input_tokens: expected a finite number >= 0 and <= 9.0072e+15, got -1.0",
        ),
        (
            "nodes.0.output_tokens",
            True,
            "nodes.0.output_tokens: expected a finite number, got True",
        ),
        (
            "nodes.0.difficulty",
            0,
            "nodes.0.difficulty: expected a finite number >= 1 and <= 9.0072e+15, got 0",
        ),
        ("nodes.0.difficulty", 1.5, "nodes.0.difficulty: expected a whole number, got 1.5"),
        (
            "nodes.0.difficulty",
            MISSING,
            "nodes.0.difficulty: expected exactly one of difficulty and capable, got neither",
        ),
        (
            "nodes.0.capable",
            ["x"],
            "nodes.0.difficulty: expected exactly one of difficulty and capable, got both",
        ),
        ("nodes.1.capable", "y", "nodes.1.capable: expected a list, got 'y'"),
        (
            "nodes.1.capable.1",
            "w",
            "nodes.1.capable.1: expected the id of a provider, got 'w'",
        ),
        ("nodes.1.capable.1", [], "nodes.1.capable.1: expected the id of a provider, got []"),
        ("edges.0.to", "w", "edges.0.to: expected the id of a node, got 'w'"),
        ("edges.0.from", "w", "edges.0.from: expected the id of a node, got 'w'"),
        ("edges.0.to", "draft", "edges.0.to: expected another node than the source, got 'draft'"),
        (
            "edges.0.transfer_tokens",
            -1,
            "edges.0.transfer_tokens: expected a finite number >= 0 and <= 9.0072e+15, got -1.0",
        ),
        (
            "edges.0.iterations",
            0,
            "edges.0.iterations: expected a finite number >= 1 and <= 9.0072e+15, got 0",
        ),
        (
            "edges.0.iterations",
            2,
            "edges.0.iterations: expected a loop to close, but ordinary edges do not lead from"
            " 'edit' to 'draft'",
        ),
        (
            "edges.1",
            {"from": "draft", "to": "edit"},
            "edges.1.to: 'draft' -> 'edit' stands already at edges.0;"
            " add their tokens into one edge",
        ),
        (
            "edges.0.tokens",
            1,
            "edges.0.tokens: unknown key; known here: from, iterations, to, transfer_tokens",
        ),
        ("providers.1.id", "x", "providers.1.id: duplicate id 'x', first used at providers.0"),
        ("providers.0.tier", MISSING, "providers.0.tier: missing"),
        (
            "providers.0.input_ratio",
            -0.5,
            "providers.0.input_ratio: expected a finite number >= 0 and <= 1e+06, got -0.5",
        ),
        ("providers.0.bid", "1", "providers.0.bid: expected a finite number, got '1'"),
        (
            "providers.0.bid",
            2.5,
            "providers.0.bid: expected a bid of at most the top of the prior's support, 2; got 2.5",
        ),
        (
            "providers.0.prior.high",
            0.0,
            "providers.0.prior.high: expected a number above low = 0, got 0",
        ),
        (
            "providers.0.prior.low",
            math.inf,
            "providers.0.prior.low: expected a finite number, got inf",
        ),
        (
            "providers.0.prior.kind",
            "normal",
            "providers.0.prior.kind: expected one of uniform, truncated_normal,"
            " truncated_lognormal, empirical; got 'normal'",
        ),
        (
            "providers.0.prior.mean",
            1.0,
            "providers.0.prior.mean: unknown key; known here: high, kind, low",
        ),
        (
            "options",
            {"solver": "cplex"},
            "options.solver: expected one of auto, elimination, highs; got 'cplex'",
        ),
        (
            "options",
            {"charge_entry_input": "yes"},
            "options.charge_entry_input: expected true or false, got 'yes'",
        ),
        (
            "options",
            {"charge_cached_input": 1},
            "options.charge_cached_input: expected true or false, got 1",
        ),
        (
            "options",
            {"mechanism": "vickrey"},
            "options.mechanism: expected one of star, homogeneous, myopic, myopic_as_printed,"
            " pay_as_bid, greedy; got 'vickrey'",
        ),
        (
            "options",
            {"limit": 1},
            "options.limit: unknown key; known here: charge_cached_input, charge_entry_input,"
            " mechanism, payment_method, reserve, solver, workload",
        ),
    ],
)
def test_bad_input_is_refused_in_one_line_with_its_key(path, value, message):
    with pytest.raises(BadInput) as error:
        solve_workflow(changed(path, value))
    assert str(error.value) == message


@given(auction=auctions())
@examples(100)
def test_the_json_form_and_the_typed_objects_are_cleared_alike(auction: Auction):
    offers = [offer for offer in auction.offers if offer.bid >= offer.prior.low]
    if len(offers) < len(auction.offers):
        return
    outcome = star(auction.workflow, offers, auction.options())
    answer = solve_workflow(
        {
            "kind": "workflow",
            "nodes": [
                {
                    "id": node.id,
                    "output_tokens": node.output_tokens,
                    "input_tokens": node.input_tokens,
                    "difficulty": node.difficulty,
                    "capable": sorted(node.capable) if node.capable is not None else None,
                }
                for node in auction.workflow.nodes
            ],
            "edges": [
                {
                    "from": edge.source,
                    "to": edge.target,
                    "transfer_tokens": edge.transfer_tokens,
                    "iterations": edge.iterations,
                }
                for edge in auction.workflow.edges
            ],
            "providers": [
                {
                    "id": offer.provider,
                    "tier": offer.tier,
                    "input_ratio": offer.input_ratio,
                    "bid": offer.bid,
                    "prior": {"kind": "uniform", "low": offer.prior.low, "high": offer.prior.high},
                }
                for offer in offers
            ],
            "options": {"charge_entry_input": auction.charge_entry_input},
        }
    )
    assert answer["virtual_cost"] == outcome.virtual_cost_usd
    assert answer["allocation"] == outcome.allocation
    assert answer["payments"] == outcome.payments_usd
