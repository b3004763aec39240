"""What workflows amount to: quantities, lengths, and what was handed from node to node."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from market.money import TOKENS_PER_MTOK, nano_usd
from orchestrator.analysis.logged_run import Rows
from orchestrator.analysis.replay import logged_workflow
from orchestrator.verify.findings import Findings
from orchestrator.verify.trial_log import TrialLog, grouped


def quantities_add_up(log: TrialLog, found: Findings) -> None:
    """Every q is what the nodes and the cut edges say, each as often as it runs."""
    for name, nodes in log.nodes.items():
        where = {node["node"]: node["provider"] for node in nodes}
        for edge in log.edges[name]:
            if not {edge["source"], edge["target"]} <= where.keys():
                found.add("edges", edge, "", "the row", "one between nodes of the workflow")
                return
            cut = where[edge["source"]] != where[edge["target"]]
            found.expect("edges", edge, "switched", cut)
        expected = {node["node"]: node["output_tokens"] for node in nodes}
        quantity = quantity_by_provider(log, name, expected)
        for award in log.workflow_awards.get(name, []):
            done = quantity[award["provider"]]
            found.expect("awards", award, "quantity_tokens", done, near=1e-12)
            bid = log.bids[award["round"], award["provider"]]
            cost = nano_usd(bid["workflow_bid"] * (award["quantity_tokens"] / TOKENS_PER_MTOK))
            found.expect("awards", award, "cost_nano", cost)


def quantity_by_provider(log: TrialLog, workflow: str, length: Mapping[str, float]) -> Counter[str]:
    """The work of a workflow if its nodes have these lengths, to which transfers are scaled."""
    hub = log.scenario.hubs.workflow
    nodes, edges = log.nodes[workflow], log.edges[workflow]
    where = {node["node"]: node["provider"] for node in nodes}
    expected = {node["node"]: node["output_tokens"] for node in nodes}
    graph = logged_workflow(nodes, edges)
    entries = set(graph.entry_nodes)
    quantity: Counter[str] = Counter()
    for node, times in zip(nodes, graph.node_executions, strict=True):
        charged = hub.charge_entry_input and node["node"] in entries
        ratio = log.providers[node["provider"]]["input_ratio"]
        own = length[node["node"]] + charged * ratio * node["input_tokens"]
        quantity[node["provider"]] += times * own
    for edge, times in zip(edges, graph.edge_executions, strict=True):
        source, target = edge["source"], log.providers[where[edge["target"]]]
        grown = length[source] / expected[source] if expected[source] else 1.0
        price = target["hit_ratio"] * hub.charge_cached_input
        if where[source] != where[edge["target"]]:
            price = target["input_ratio"]
        quantity[target["provider"]] += times * price * edge["transfer_tokens"] * grown
    return quantity


def nodes_run_as_long_as_they_turn_out_to_be(log: TrialLog, found: Findings) -> None:
    """What is executed is the realised length, of all runs, at the scale of execution."""
    for name, nodes in log.nodes.items():
        scale = _scale(log, name)
        runs = logged_workflow(nodes, log.edges[name]).node_executions
        for node, times in zip(nodes, runs, strict=True):
            row = log.done.get(f"{name}/{node['node']}")
            if row is not None and row["error"] is None:
                tokens = max(1, round(row["length_tokens"] * times * scale))
                found.expect("completions", row, "output_tokens", tokens)


def handoffs_follow_from_the_prompts(log: TrialLog, found: Findings) -> None:
    """Of every edge whose target is done: what was assumed, and how the prompt's cache falls to it.

    A prompt goes on from one session, if any parent is at its provider; what is cached of it is
    its beginning.
    """
    done = {
        row["request"]: row for row in log.of_kind("completions", "node") if row["error"] is None
    }
    edges = {(row["workflow"], row["source"], row["target"]): row for row in log.tables["edges"]}
    rows = {(row["workflow"], row["source"], row["target"]): row for row in log.tables["handoffs"]}
    for key, row in rows.items():
        if key not in edges or f"{key[0]}/{key[2]}" not in done:
            found.add("handoffs", row, "", "the row", "one of an edge whose target is done")
            return
    for key, edge in edges.items():
        if f"{key[0]}/{key[2]}" in done and key not in rows:
            found.add("edges", edge, "", "the row", "one with a row in handoffs")
            return
    tokens = {(row["workflow"], row["node"]): row["output_tokens"] for row in log.tables["nodes"]}
    for key, row in rows.items():
        _assumed(log, row, edges[key], done, tokens, found)
    for (name, target), into in grouped(log.tables["handoffs"], "workflow", "target").items():
        _prompt_is_shared_out(into, done[f"{name}/{target}"], found)


def _assumed(
    log: TrialLog,
    row: dict[str, Any],
    edge: Mapping[str, Any],
    done: Mapping[str, Mapping[str, Any]],
    tokens: Mapping[tuple[str, str], float],
    found: Findings,
) -> None:
    name, source = row["workflow"], row["source"]
    ran = done[f"{name}/{row['target']}"]
    found.expect("handoffs", row, "round", ran["round"])
    found.expect("handoffs", row, "target_provider", ran["provider"])
    found.expect("handoffs", row, "switched", edge["switched"])
    where = {node["node"]: node["provider"] for node in log.nodes[name]}
    found.expect("handoffs", row, "source_provider", where[source])
    assumed = 0 if row["switched"] else row["transfer_tokens"]
    found.expect("handoffs", row, "assumed_cached_tokens", assumed)
    cached = row["cached_tokens"]
    computed = None if cached is None else row["prompt_tokens"] - cached
    found.expect("handoffs", row, "recomputed_tokens", computed)
    if edge["iterations"] is None and row["prompt_tokens"]:
        parent = done[f"{name}/{source}"]
        expected = tokens[name, source]
        grown = parent["length_tokens"] / expected if expected else 1.0
        sent = max(1, round(edge["transfer_tokens"] * grown * _scale(log, name)))
        session = parent["prompt_tokens"] + parent["output_tokens"]
        found.expect("handoffs", row, "transfer_tokens", sent)
        found.expect("handoffs", row, "prompt_tokens", session if row["continued"] else sent)


def _prompt_is_shared_out(into: Rows, ran: Mapping[str, Any], found: Findings) -> None:
    """The first tokens of a prompt are cached, and fall to the parents in its order."""
    here = [row for row in into if not row["switched"] and row["prompt_tokens"]]
    if sum(row["continued"] for row in into) != bool(here):
        told = "one session that the prompt goes on from, if one is at its provider"
        found.add("handoffs", into[0], "continued", into[0]["continued"], told)
    read = sum(row["prompt_tokens"] for row in into)
    whole = ran["prompt_tokens"]
    found.require(read < whole, "handoffs", into[0], "prompt_tokens", f"less than {whole} in all")
    if ran["cached_tokens"] is None:
        for row in into:
            if row["prompt_tokens"]:
                found.expect("handoffs", row, "cached_tokens", None)
        return
    cached = sum(row["cached_tokens"] or 0 for row in into)
    if cached != min(ran["cached_tokens"], read):
        told = f"{min(ran['cached_tokens'], read)} with the other parents'"
        found.add("handoffs", into[0], "cached_tokens", into[0]["cached_tokens"], told)
    for row in into:
        left = row["prompt_tokens"] - (row["cached_tokens"] or 0)
        found.require(left >= 0, "handoffs", row, "cached_tokens", "at most its prompt_tokens")


def _scale(log: TrialLog, workflow: str) -> float:
    """The scale of execution of the source of demand that a workflow's id names."""
    scale: float = log.scenario.demand[int(workflow.split("-")[0][1:])].execution_token_scale  # type: ignore[union-attr]
    return scale
