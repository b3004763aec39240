"""What must hold of every run, whatever the scenario: checked on its log alone."""

from __future__ import annotations

from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import numpy as np

from hubs.params import WorkflowHubParams
from market.matching.assignment import matched_weight, max_weight_matching
from market.money import MOST_NANO, TOKENS_PER_MTOK, nano_usd
from market.workflow import Edge, Node, Workflow
from orchestrator.log import read_table
from orchestrator.log.tables import TABLES
from orchestrator.run_directory import COMPARED, read_description
from orchestrator.scenario import Scenario

Rows = list[dict[str, Any]]


def check_run(run: Path) -> None:
    """Check a finished run and those it is compared with."""
    for arm in [run, *sorted((run / COMPARED).glob("*"))]:
        description = read_description(arm)
        assert description.status == "complete"
        assert not list((arm / ".pending").glob("*"))
        whole = {table: read_table(arm, table).to_pylist() for table in TABLES}
        for trial in range(description.scenario.trials):
            log = {
                table: [row for row in rows if row["trial"] == trial]
                for table, rows in whole.items()
            }
            _check_trial(log, description.scenario)


def _check_trial(log: dict[str, Rows], scenario: Scenario) -> None:
    each_request_ends_once(log)
    each_workflow_ends_once(log)
    money_adds_up(log, scenario)
    hubs_account_for_their_money(log)
    hubs_promise_nobody_a_loss(log, scenario)
    errors_of_predictions_add_up(log)
    slots_are_never_exceeded(log)
    who_is_absent_wins_nothing(log)
    quantities_add_up(log, scenario.hubs.workflow)
    workflows_are_settled_by_the_rule(log, scenario.hubs.workflow)
    nodes_run_as_long_as_they_turn_out_to_be(log, scenario)
    handoffs_follow_from_the_prompts(log, scenario)
    priors_hold_the_bids(log)
    completions_make_sense(log)
    providers_are_paid_at_least_their_bid(log, scenario.hubs.workflow)
    if scenario.hubs.mechanism == "auction":
        prices_clear_every_market(log, everyone=scenario.log.predictions == "full")
        clients_pay_at_most_what_they_report(log)


def each_request_ends_once(log: dict[str, Rows]) -> None:
    requests = {row["request"]: row for row in log["requests"]}
    assert len(requests) == len(log["requests"]) == sum(row["arrived"] for row in log["rounds"])
    awards = _count(log["awards"], "chat")
    completions = _by_request(log["completions"], "chat")
    settlements = _by_request(log["settlements"], "chat")
    for name, row in requests.items():
        expected = 0 if row["status"] == "refused" else 1
        assert awards[name] == len(completions[name]) == len(settlements[name]) == expected
        if expected:
            failed = row["status"] == "failed"
            assert (completions[name][0]["error"] is not None) == failed
            assert settlements[name][0]["void"] == failed
        else:
            assert row["status"] == "refused"
    assert set(awards) | set(completions) | set(settlements) <= set(requests)
    for status in ("served", "refused", "failed"):
        ended = sum(row["status"] == status for row in requests.values())
        assert ended == sum(row[status] for row in log["rounds"])
    for field in ("arrived", "awarded", "refused"):
        assert sum(r[field] for r in log["hubs"]) == sum(r[field] for r in log["rounds"])


def each_workflow_ends_once(log: dict[str, Rows]) -> None:
    awards = _by_request(log["awards"], "workflow")
    settlements = _by_request(log["settlements"], "workflow")
    nodes = _grouped(log["nodes"], "workflow")
    done = {row["request"]: row for row in log["completions"] if row["kind"] == "node"}
    assert len({row["workflow"] for row in log["workflows"]}) == len(log["workflows"])
    auctions = {row["workflow"]: row for row in log["auctions"]}
    bought = {row["workflow"] for row in log["workflows"] if row["status"] != "refused"}
    assert len(auctions) == len(log["auctions"])
    assert auctions.keys() == bought
    for row in log["workflows"]:
        name = row["workflow"]
        if row["status"] == "refused":
            assert not awards[name]
            assert not settlements[name]
            assert row["awarded_round"] is None
            continue
        auction = auctions[name]
        for key in ("name", "client"):
            assert row[key] == auction[key]
        assert row["awarded_round"] == auction["round"]
        winners = {node["provider"] for node in nodes[name]}
        assert winners == {award["provider"] for award in awards[name]} <= set(auction["bidders"])
        assert len(winners) == auction["winners"]
        assert sum(award["client_pays_nano"] for award in awards[name]) == auction["payment_nano"]
        assert {settled["provider"] for settled in settlements[name]} == winners
        assert all(s["void"] == (row["status"] == "failed") for s in settlements[name])
        if row["status"] == "served":
            assert all(done[f"{name}/{node['node']}"]["error"] is None for node in nodes[name])


def money_adds_up(log: dict[str, Rows], scenario: Scenario) -> None:
    awards = {(row["request"], row["provider"]): row for row in log["awards"]}
    assert len(awards) == len(log["awards"])
    for row in log["settlements"]:
        assert row["client_paid_nano"] == row["provider_received_nano"] + row["hub_kept_nano"]
        award = awards[row["request"], row["provider"]]
        assert row["kind"] == award["kind"]
        two_sided = scenario.hubs.mechanism == "auction_two_sided" and row["kind"] == "chat"
        assert row["hub_kept_nano"] >= 0 or two_sided or award["explored"]
        if row["kind"] == "chat":
            scale = 0 if row["void"] else 1
            assert row["client_paid_nano"] == scale * award["client_pays_nano"]
            assert row["provider_received_nano"] == scale * award["provider_receives_nano"]
    assert len(log["settlements"]) == len(log["awards"])


def hubs_account_for_their_money(log: dict[str, Rows]) -> None:
    """The sums of a hub's round are those of its settlements and awards."""
    settled, awarded = (
        _grouped([row for row in log[table] if row["kind"] == "chat"], "round", "hub")
        for table in ("settlements", "awards")
    )
    done = {row["request"]: row for row in log["completions"]}
    for row in log["hubs"]:
        paid, promised = (rows[row["round"], row["hub"]] for rows in (settled, awarded))
        assert row["paid_by_clients_nano"] == sum(one["client_paid_nano"] for one in paid)
        received = sum(one["provider_received_nano"] for one in paid)
        assert row["received_by_providers_nano"] == received
        assert row["promised_by_clients_nano"] == sum(one["client_pays_nano"] for one in promised)
        receives = sum(one["provider_receives_nano"] for one in promised)
        assert row["promised_to_providers_nano"] == receives
        served = [(one, done[one["request"]]) for one in paid if not one["void"]]
        assert row["realized_client_losses"] == sum(
            one["client_paid_nano"] > came["realized_value_nano"] for one, came in served
        )
        assert row["realized_provider_losses"] == sum(
            one["provider_received_nano"] < came["realized_cost_nano"] for one, came in served
        )
        assert row["awarded"] == len(promised)
        assert row["explored"] == sum(one["explored"] for one in promised)
        assert row["turned_away"] <= row["refused"]


def hubs_promise_nobody_a_loss(log: dict[str, Rows], scenario: Scenario) -> None:
    """By predictions, of matches that were not explored.

    In an auction no client pays more than it gains, and clients pay all that is received unless
    both sides are paid for what they add.
    """
    auction = scenario.hubs.mechanism in ("auction", "auction_two_sided")
    chats = [row for row in log["awards"] if row["kind"] == "chat"]
    awarded = _grouped(chats, "round", "hub")
    for row in log["hubs"]:
        here = awarded[row["round"], row["hub"]]
        losses = [one["client_pays_nano"] > one["value_nano"] for one in here]
        assert row["promised_client_losses"] == sum(losses)
        cleared = [one for one in here if not one["explored"]]
        if auction:
            assert all(one["client_pays_nano"] <= one["value_nano"] for one in cleared)
        less = sum(one["client_pays_nano"] - one["provider_receives_nano"] for one in cleared)
        assert less <= 0 if scenario.hubs.mechanism == "auction_two_sided" else less >= 0
        for low, high in zip(row["scarcity_prices_nano"], row["largest_prices_nano"], strict=True):
            assert low >= 0
            assert high is None or not auction or low <= high


def errors_of_predictions_add_up(log: dict[str, Rows]) -> None:
    """Over all providers and rounds, they are those of awards and what came of them."""
    awards = {row["request"]: row for row in log["awards"] if row["kind"] == "chat"}
    errors: Counter[str] = Counter()
    for done in log["completions"]:
        if done["kind"] != "chat" or done["error"] is not None:
            continue
        award = awards[done["request"]]
        errors["labels"] += 1
        errors["ttft_s"] += done["ttft_s"]
        errors["ttft_abs_error_s"] += abs(award["expected_ttft_s"] - done["ttft_s"])
        output = abs(award["expected_output_tokens"] - done["output_tokens"])
        errors["output_abs_error_tokens"] += output
        cached = abs(award["expected_cached_tokens"] - done["cached_tokens"])
        errors["cached_abs_error_tokens"] += cached
        squared = (award["expected_quality"] - done["quality"]) ** 2
        errors["quality_squared_error"] += squared
    for name, total in errors.items():
        assert np.isclose(sum(row[name] for row in log["prequential"]), total, rtol=1e-9), name


def slots_are_never_exceeded(log: dict[str, Rows]) -> None:
    """A slot is taken in the round of the award and given back in that of the settlement."""
    taken: dict[tuple[str, str], Counter[int]] = defaultdict(Counter)
    for rows, change in ((log["awards"], 1), (log["settlements"], -1)):
        for row in rows:
            taken[row["provider"], row["kind"]][row["round"]] += change
    for provider in log["providers"]:
        for kind in ("chat", "workflow"):
            changes = taken[provider["provider"], kind]
            held = np.cumsum([changes[round_] for round_ in sorted(changes)])
            assert (held <= provider[f"{kind}_slots"]).all()
            assert not len(held) or held[-1] == 0


def who_is_absent_wins_nothing(log: dict[str, Rows]) -> None:
    """Nor has it a slot in any clearing, nor is it among the bidders of an auction."""
    absent = _grouped([row for row in log["bids"] if not row["available"]], "round")
    absent = {round_: {row["provider"] for row in rows} for round_, rows in absent.items()}
    assert all(row["available"] == (row["absence"] is None) for row in log["bids"])
    for row in log["awards"]:
        assert row["provider"] not in absent.get(row["round"], ())
    for row in log["auctions"]:
        assert not absent.get(row["round"], set()) & set(row["bidders"])
    members = _grouped(log["providers"], "hub")
    for row in log["predictions"]:
        for member, free in zip(members[row["hub"]], row["capacities"], strict=True):
            assert not free or member["provider"] not in absent.get(row["round"], ())


def quantities_add_up(log: dict[str, Rows], hub: WorkflowHubParams) -> None:
    """Every q is what the nodes and the cut edges say, each as often as it runs."""
    bids = {(row["round"], row["provider"]): row for row in log["bids"]}
    edges = _grouped(log["edges"], "workflow")
    awards = _by_request(log["awards"], "workflow")
    for name, nodes in _grouped(log["nodes"], "workflow").items():
        where = {node["node"]: node["provider"] for node in nodes}
        ends = {edge["target"] for edge in edges[name]} | {edge["source"] for edge in edges[name]}
        assert where.keys() >= ends
        for edge in edges[name]:
            assert edge["switched"] == (where[edge["source"]] != where[edge["target"]])
        expected = {node["node"]: node["output_tokens"] for node in nodes}
        quantity = quantity_by_provider(log, name, expected, hub)
        for award in awards[name]:
            assert np.isclose(award["quantity_tokens"], quantity[award["provider"]], rtol=1e-12)
            bid = bids[award["round"], award["provider"]]
            cost = nano_usd(bid["workflow_bid"] * award["quantity_tokens"] / TOKENS_PER_MTOK)
            assert award["cost_nano"] == cost


def quantity_by_provider(
    log: dict[str, Rows], workflow: str, length: dict[str, float], hub: WorkflowHubParams
) -> Counter[str]:
    """The work of a workflow if its nodes have these lengths, to which transfers are scaled."""
    ratio = {row["provider"]: row["input_ratio"] for row in log["providers"]}
    hit_ratio = {row["provider"]: row["hit_ratio"] for row in log["providers"]}
    nodes = [row for row in log["nodes"] if row["workflow"] == workflow]
    edges = [row for row in log["edges"] if row["workflow"] == workflow]
    where = {node["node"]: node["provider"] for node in nodes}
    expected = {node["node"]: node["output_tokens"] for node in nodes}
    graph = workflow_of(nodes, edges)
    quantity: Counter[str] = Counter()
    for node, times in zip(nodes, graph.node_executions, strict=True):
        charged = hub.charge_entry_input and node["node"] in graph.entry_nodes
        own = length[node["node"]] + charged * ratio[node["provider"]] * node["input_tokens"]
        quantity[node["provider"]] += times * own
    for edge, times in zip(edges, graph.edge_executions, strict=True):
        source, target = edge["source"], where[edge["target"]]
        grown = length[source] / expected[source] if expected[source] else 1.0
        price = hit_ratio[target] * hub.charge_cached_input
        if edge["switched"]:
            price = ratio[target]
        quantity[target] += times * price * edge["transfer_tokens"] * grown
    return quantity


def workflows_are_settled_by_the_rule(log: dict[str, Rows], hub: WorkflowHubParams) -> None:
    """P_i where the prediction is paid, else P_i times realised over predicted work; void: none."""
    awards = {(row["request"], row["provider"]): row for row in log["awards"]}
    length = {row["request"]: row["length_tokens"] for row in log["completions"]}
    nodes = _grouped(log["nodes"], "workflow")
    settled: Counter[str] = Counter()
    for name, rows in _by_request(log["settlements"], "workflow").items():
        settled[name] = sum(row["client_paid_nano"] for row in rows)
        if rows[0]["void"]:
            assert settled[name] == 0
            assert all(row["realized_quantity_tokens"] is None for row in rows)
            assert all(row["realized_payment_nano"] is None for row in rows)
            continue
        realized = {node["node"]: length[f"{name}/{node['node']}"] for node in nodes[name]}
        quantity = quantity_by_provider(log, name, realized, hub)
        for row in rows:
            award = awards[name, row["provider"]]
            done, bought = row["realized_quantity_tokens"], award["quantity_tokens"]
            assert np.isclose(done, quantity[row["provider"]], rtol=1e-12)
            in_proportion = award["client_pays_nano"] * (done / bought if bought else 1.0)
            in_proportion = round(min(MOST_NANO, max(-MOST_NANO, in_proportion)))
            assert row["realized_payment_nano"] == in_proportion
            paid = in_proportion if hub.settle == "realized" else award["client_pays_nano"]
            assert row["client_paid_nano"] == row["provider_received_nano"] == paid
    for row in log["workflows"]:
        refused = row["status"] == "refused"
        assert row["settled_nano"] == (None if refused else settled[row["workflow"]])


def nodes_run_as_long_as_they_turn_out_to_be(log: dict[str, Rows], scenario: Scenario) -> None:
    """What is executed is the realised length, of all runs, at the scale of execution."""
    edges = _grouped(log["edges"], "workflow")
    done = {row["request"]: row for row in log["completions"] if row["kind"] == "node"}
    for name, nodes in _grouped(log["nodes"], "workflow").items():
        scale = scenario.demand[int(name.split("-")[0][1:])].execution_token_scale
        runs = workflow_of(nodes, edges[name]).node_executions
        for node, times in zip(nodes, runs, strict=True):
            row = done.get(f"{name}/{node['node']}")
            if row is not None and row["error"] is None:
                assert row["output_tokens"] == max(1, round(row["length_tokens"] * times * scale))
    for row in log["completions"]:
        if row["kind"] == "chat" or row["error"] is not None:
            assert row["length_tokens"] is None


def handoffs_follow_from_the_prompts(log: dict[str, Rows], scenario: Scenario) -> None:
    """Of every edge whose target is done: what was assumed, and how the prompt's cache falls to it.

    A prompt goes on from one session, if any parent is at its provider; what is cached of it is
    its beginning.
    """
    done = {
        row["request"]: row
        for row in log["completions"]
        if row["kind"] == "node" and row["error"] is None
    }
    edges = {(row["workflow"], row["source"], row["target"]): row for row in log["edges"]}
    rows = {(row["workflow"], row["source"], row["target"]): row for row in log["handoffs"]}
    assert len(rows) == len(log["handoffs"])
    assert set(rows) == {key for key in edges if f"{key[0]}/{key[2]}" in done}
    for (name, source, target), row in rows.items():
        edge, ran = edges[name, source, target], done[f"{name}/{target}"]
        assert row["round"] == ran["round"]
        assert row["target_provider"] == ran["provider"]
        assert row["switched"] == edge["switched"]
        assert row["switched"] == (row["source_provider"] != row["target_provider"])
        assert row["assumed_cached_tokens"] == (not row["switched"]) * row["transfer_tokens"]
        scale = scenario.demand[int(name.split("-")[0][1:])].execution_token_scale
        if edge["iterations"] is None and row["prompt_tokens"]:
            parent = done[f"{name}/{source}"]
            assert parent["provider"] == row["source_provider"]
            expected = next(
                node["output_tokens"]
                for node in log["nodes"]
                if (node["workflow"], node["node"]) == (name, source)
            )
            grown = parent["length_tokens"] / expected if expected else 1.0
            sent = max(1, round(edge["transfer_tokens"] * grown * scale))
            session = parent["prompt_tokens"] + parent["output_tokens"]
            assert row["transfer_tokens"] == sent
            assert row["prompt_tokens"] == (session if row["continued"] else sent)
    for (name, target), into in _grouped(log["handoffs"], "workflow", "target").items():
        ran = done[f"{name}/{target}"]
        here = [row for row in into if not row["switched"] and row["prompt_tokens"]]
        assert sum(row["continued"] for row in into) == bool(here)
        read = sum(row["prompt_tokens"] for row in into)
        assert read < ran["prompt_tokens"]
        if ran["cached_tokens"] is None:
            assert all(row["cached_tokens"] is None for row in into if row["prompt_tokens"])
            continue
        assert sum(row["cached_tokens"] for row in into) == min(ran["cached_tokens"], read)
        for row in into:
            assert row["recomputed_tokens"] == row["prompt_tokens"] - row["cached_tokens"] >= 0


def priors_hold_the_bids(log: dict[str, Rows]) -> None:
    """Who was admitted to an auction had bid within its public support or below it."""
    known = {row["prior"]: row for row in log["priors"]}
    assert len(known) == len(log["priors"])
    bids = {(row["round"], row["provider"]): row for row in log["bids"]}
    for row in log["bids"]:
        assert row["prior_low"] <= row["prior_high"]
        if row["prior"] is not None:
            prior, level = known[row["prior"]], row["price_level"]
            assert row["prior_low"] == prior["low"] * level
            assert row["prior_high"] == prior["high"] * level
    for row in log["auctions"]:
        for bidder in row["bidders"]:
            bid = bids[row["round"], bidder]
            assert bid["workflow_bid"] <= bid["prior_high"]


def workflow_of(nodes: Rows, edges: Rows) -> Workflow:
    """The graph that the rows describe."""
    return Workflow(
        tuple(
            Node(row["node"], row["output_tokens"], row["input_tokens"], row["difficulty"])
            for row in nodes
        ),
        tuple(
            Edge(row["source"], row["target"], row["transfer_tokens"], row["iterations"])
            for row in edges
        ),
    )


def completions_make_sense(log: dict[str, Rows]) -> None:
    assert len({(row["kind"], row["request"]) for row in log["completions"]}) == len(
        log["completions"]
    )
    for row in log["completions"]:
        assert row["submitted_s"] <= row["submitted_s"] + row["ttft_s"] <= row["finish_s"] + 1e-9
        assert row["realized_cost_nano"] >= 0
        if row["error"] is None:
            assert 0 <= row["cached_tokens"] < row["prompt_tokens"]
            assert row["output_tokens"] >= 1
        else:
            assert row["realized_cost_nano"] == 0


def providers_are_paid_at_least_their_bid(log: dict[str, Rows], hub: WorkflowHubParams) -> None:
    """Answers always are, workflows where the rule pays thresholds of the work that it prices.

    An explored answer is paid by the public support, whatever was bid.
    Work that is never lost is paid by the reserve alone, and a payment on the published workload is
    of something else than the quantity. A bisection knows a threshold but for its tolerance.
    """
    thresholds = hub.mechanism in ("star", "greedy")
    unpaid = thresholds and hub.reserve == "none"
    elsewhere = hub.mechanism == "star" and hub.workload == "published"
    near = 1e-6 if hub.mechanism == "star" and hub.payment_method == "bisection" else 0.0
    for award in log["awards"]:
        if award["explored"]:
            assert award["client_pays_nano"] == 0 <= award["provider_receives_nano"]
        elif award["kind"] == "chat":
            assert award["provider_receives_nano"] >= award["cost_nano"]
        elif not unpaid and not elsewhere:
            slack = 1 + near * award["cost_nano"]
            assert award["provider_receives_nano"] >= award["cost_nano"] - slack


def clients_pay_at_most_what_they_report(log: dict[str, Rows]) -> None:
    """IR by the reports: for each client and clearing, over its requests that were not explored."""
    gains: Counter[tuple[int, str, str]] = Counter()
    for award in log["awards"]:
        if award["kind"] == "chat" and not award["explored"]:
            key = award["round"], award["hub"], award["client"]
            gains[key] += award["value_nano"] - award["client_pays_nano"]
    assert all(gain >= 0 for gain in gains.values())


def prices_clear_every_market(log: dict[str, Rows], *, everyone: bool) -> None:
    """At the scarcity prices everyone gets what it likes best, and free slots cost nothing.

    Explored requests and their slots are not in the market.

    Only a log of ``everyone``, unmatched requests too, says which clients had but one request.
    """
    members: dict[str, list[str]] = defaultdict(list)
    for row in log["providers"]:
        members[row["hub"]].append(row["provider"])
    published = {(row["round"], row["hub"]): row for row in log["hubs"]}
    winner = {row["request"]: row for row in log["awards"] if row["kind"] == "chat"}
    sent = _grouped([row for row in log["awards"] if row["explored"]], "round", "hub")
    cleared = [row for row in log["predictions"] if not row["explored"]]
    for (round_, hub), rows in _grouped(cleared, "round", "hub").items():
        explored = Counter(row["provider"] for row in sent[round_, hub])
        taken = np.array([explored[member] for member in members[hub]])
        prices = np.array(published[round_, hub]["scarcity_prices_nano"])
        assert (prices >= 0).all()
        free = np.array(rows[0]["capacities"]) - taken
        if everyone:
            assert (prices == worth_of_one_more_slot(rows, free)).all()
        owners = Counter(row["client"] for row in rows)
        for row in rows:
            surplus = np.array(row["value_nano"]) - np.array(row["cost_nano"]) - prices
            award = winner.get(row["request"])
            if award is None or award["round"] != round_:
                assert surplus.max() <= 0
                continue
            column = members[hub].index(award["provider"])
            free[column] -= 1
            assert award["value_nano"] == row["value_nano"][column]
            assert award["cost_nano"] == row["cost_nano"][column]
            assert surplus[column] == max(surplus.max(), 0)
            if everyone and owners[row["client"]] == 1:
                assert award["client_pays_nano"] == award["cost_nano"] + prices[column]
            else:
                assert award["client_pays_nano"] <= award["cost_nano"] + prices[column]
        assert (free >= 0).all()
        assert (prices[free > 0] == 0).all()


def worth_of_one_more_slot(rows: Rows, capacities: np.ndarray) -> np.ndarray:
    """By how much the best matching gains when each provider in turn gets another slot."""
    values, costs = (np.array([row[key] for row in rows]) for key in ("value_nano", "cost_nano"))

    def welfare(slots: np.ndarray) -> int:
        return matched_weight(values - costs, max_weight_matching(values - costs, slots))

    more = np.eye(len(capacities), dtype=np.int64)
    return np.array([welfare(capacities + slot) for slot in more]) - welfare(capacities)


def _grouped(rows: Rows, *keys: str) -> dict[Any, Rows]:
    groups: dict[Any, Rows] = defaultdict(list)
    for row in rows:
        key = tuple(row[name] for name in keys)
        groups[key if len(key) > 1 else key[0]].append(row)
    return groups


def _by_request(rows: Rows, kind: str) -> dict[str, Rows]:
    return _grouped([row for row in rows if row["kind"] == kind], "request")


def _count(rows: Rows, kind: str) -> Counter[str]:
    return Counter(row["request"] for row in rows if row["kind"] == kind)
