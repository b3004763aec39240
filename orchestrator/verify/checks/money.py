"""Who pays whom: awards, settlements, and what hubs account for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from hubs.mechanisms import MECHANISMS, is_router
from hubs.settlement import in_proportion
from market.money import TOKENS_PER_MTOK, nano_usd
from market.workflow.mechanisms import MECHANISMS as RULES
from orchestrator.analysis.logged_run import Rows
from orchestrator.verify.checks.work import quantity_by_provider
from orchestrator.verify.findings import Findings
from orchestrator.verify.trial_log import TrialLog, grouped


def settlements_follow_from_awards(log: TrialLog, found: Findings) -> None:
    """An award is settled once, for what it promised or for nothing; money adds up."""
    settled = {(row["request"], row["provider"]) for row in log.tables["settlements"]}
    for key, award in log.awards.items():
        if log.over and key not in settled:
            found.add("awards", award, "", "the row", "one that is settled")
    bearing = _hubs_may_bear(log)
    for row in log.tables["settlements"]:
        key = row["request"], row["provider"]
        if key not in log.awards:
            found.add("settlements", row, "", "the row", "one that was awarded")
            continue
        award = log.awards[key]
        for column in ("kind", "client", "hub"):
            found.expect("settlements", row, column, award[column])
        kept = row["client_paid_nano"] - row["provider_received_nano"]
        found.expect("settlements", row, "hub_kept_nano", kept)
        bears = (bearing and row["kind"] == "chat") or award["explored"]
        found.require(kept >= 0 or bears, "settlements", row, "hub_kept_nano", "no less than 0")
        if row["kind"] == "chat":
            scale = 0 if row["void"] else 1
            paid = scale * award["client_pays_nano"]
            found.expect("settlements", row, "client_paid_nano", paid)
            received = scale * award["provider_receives_nano"]
            found.expect("settlements", row, "provider_received_nano", received)
            for column in ("realized_quantity_tokens", "realized_payment_nano"):
                found.expect("settlements", row, column, None)


def hubs_account_for_their_money(log: TrialLog, found: Findings) -> None:
    """The sums of a hub's round are those of its settlements and awards."""
    settled = grouped(log.of_kind("settlements", "chat"), "round", "hub")
    awarded = grouped(log.of_kind("awards", "chat"), "round", "hub")
    for row in log.tables["hubs"]:
        key = row["round"], row["hub"]
        paid, promised = settled[key], awarded[key]
        served = [(one, log.done[one["request"]]) for one in paid if not one["void"]]
        for column, expected in (
            ("awarded", len(promised)),
            ("explored", _sum(promised, "explored")),
            ("reported_welfare_nano", _sum(promised, "value_nano") - _sum(promised, "cost_nano")),
            ("paid_by_clients_nano", _sum(paid, "client_paid_nano")),
            ("received_by_providers_nano", _sum(paid, "provider_received_nano")),
            ("promised_by_clients_nano", _sum(promised, "client_pays_nano")),
            ("promised_to_providers_nano", _sum(promised, "provider_receives_nano")),
            (
                "promised_client_losses",
                sum(one["client_pays_nano"] > one["value_nano"] for one in promised),
            ),
            (
                "realized_client_losses",
                sum(one["client_paid_nano"] > came["realized_value_nano"] for one, came in served),
            ),
            (
                "realized_provider_losses",
                sum(
                    one["provider_received_nano"] < came["realized_cost_nano"]
                    for one, came in served
                ),
            ),
        ):
            found.expect("hubs", row, column, expected)


def hubs_promise_nobody_a_loss(log: TrialLog, found: Findings) -> None:
    """By predictions, of matches that were not explored.

    In an auction no client pays more than it gains, and clients pay all that is received unless
    both sides are paid for what they add, or a plug-in has it otherwise. The smallest prices are
    below the largest.
    """
    mechanism = log.scenario.hubs.mechanism
    auction = mechanism in ("auction", "auction_two_sided")
    awarded = grouped(log.of_kind("awards", "chat"), "round", "hub")
    for row in log.tables["hubs"]:
        here = [one for one in awarded[row["round"], row["hub"]] if not one["explored"]]
        for one in here:
            if auction and one["client_pays_nano"] > one["value_nano"]:
                told = f"at most its value of {one['value_nano']}"
                found.add("awards", one, "client_pays_nano", one["client_pays_nano"], told)
        less = _sum(here, "client_pays_nano") - _sum(here, "provider_receives_nano")
        right = less <= 0 if mechanism == "auction_two_sided" else less >= 0 or _hubs_may_bear(log)
        found.require(right, "hubs", row, "promised_by_clients_nano", "no deficit, or no surplus")
        smallest, largest = row["scarcity_prices_nano"], row["largest_prices_nano"]
        members = len(log.members.get(row["hub"], ()))
        for column, prices in (
            ("scarcity_prices_nano", smallest),
            ("largest_prices_nano", largest),
        ):
            found.require(len(prices) == members, "hubs", row, column, f"{members} prices")
        for low, high in zip(smallest, largest, strict=False):
            within = low >= 0 and (high is None or not auction or low <= high)
            found.require(within, "hubs", row, "scarcity_prices_nano", "0 up to the largest")


def providers_are_paid_at_least_their_bid(log: TrialLog, found: Findings) -> None:
    """Answers always are, workflows where the rule pays thresholds of the work that it prices.

    An explored answer is paid by the public support, whatever was bid.
    Work that is never lost is paid by the reserve alone, and a payment on the published workload is
    of something else than the quantity. A bisection knows a threshold but for its tolerance.
    """
    hub = log.scenario.hubs.workflow
    thresholds = hub.mechanism in ("star", "greedy")
    unpaid = thresholds and hub.reserve == "none"
    elsewhere = hub.mechanism == "star" and hub.workload == "published"
    elsewhere = elsewhere or hub.mechanism not in RULES  # a plug-in's pays what it likes
    near = 1e-6 if hub.mechanism == "star" and hub.payment_method == "bisection" else 0.0
    for award in log.tables["awards"]:
        received, cost = award["provider_receives_nano"], award["cost_nano"]
        if award["kind"] == "workflow":
            found.expect("awards", award, "client_pays_nano", received)
        if award["explored"]:
            found.expect("awards", award, "client_pays_nano", 0)
            found.require(received >= 0, "awards", award, "provider_receives_nano", "0 or more")
        elif award["kind"] == "chat" or not (unpaid or elsewhere):
            least = cost if award["kind"] == "chat" else cost - (1 + near * cost)
            told = f"at least the cost of {cost}"
            found.require(received >= least, "awards", award, "provider_receives_nano", told)


def _hubs_may_bear(log: TrialLog) -> bool:
    """Whether clients may pay less than providers receive, where nothing was explored."""
    mechanism = log.scenario.hubs.mechanism
    return mechanism == "auction_two_sided" or not (mechanism in MECHANISMS or is_router(mechanism))


def clients_pay_at_most_what_they_report(log: TrialLog, found: Findings) -> None:
    """IR by the reports: for each client and clearing, over its requests that were not explored."""
    if log.scenario.hubs.mechanism != "auction":
        return
    gains: Counter[tuple[int, str, str]] = Counter()
    one_of: dict[tuple[int, str, str], Mapping[str, Any]] = {}
    for award in log.of_kind("awards", "chat"):
        if not award["explored"]:
            key = award["round"], award["hub"], award["client"]
            gains[key] += award["value_nano"] - award["client_pays_nano"]
            one_of[key] = award
    for key, gain in gains.items():
        found.require(gain >= 0, "awards", one_of[key], "client_pays_nano", f"{-gain} less in all")


def workflows_are_settled_by_the_rule(log: TrialLog, found: Findings) -> None:
    """P_i where the prediction is paid, else P_i times realised over predicted work; void: none."""
    hub = log.scenario.hubs.workflow
    settled: Counter[str] = Counter()
    for name, rows in grouped(log.of_kind("settlements", "workflow"), "request").items():
        settled[name] = _sum(rows, "client_paid_nano")
        if rows[0]["void"]:
            for row in rows:
                found.expect("settlements", row, "client_paid_nano", 0)
                found.expect("settlements", row, "provider_received_nano", 0)
                found.expect("settlements", row, "realized_quantity_tokens", None)
                found.expect("settlements", row, "realized_payment_nano", None)
            continue
        lengths = {
            node["node"]: log.done[f"{name}/{node['node']}"]["length_tokens"]
            for node in log.nodes[name]
        }
        quantity = quantity_by_provider(log, name, lengths)
        for row in rows:
            award = log.awards[name, row["provider"]]
            done = quantity[row["provider"]]
            found.expect("settlements", row, "realized_quantity_tokens", done, near=1e-12)
            owed = in_proportion(
                award["client_pays_nano"], award["quantity_tokens"], row["realized_quantity_tokens"]
            )
            found.expect("settlements", row, "realized_payment_nano", owed)
            paid = owed if hub.settle == "realized" else award["client_pays_nano"]
            found.expect("settlements", row, "client_paid_nano", paid)
            found.expect("settlements", row, "provider_received_nano", paid)
    for row in log.tables["workflows"]:
        expected = None if row["status"] == "refused" else settled[row["workflow"]]
        found.expect("workflows", row, "settled_nano", expected)


def private_amounts_follow_from_private_truth(log: TrialLog, found: Findings) -> None:
    """True costs of awards from true costs of tokens; what answers cost and were worth likewise."""
    for award in log.tables["awards"]:
        bid = log.bids[award["round"], award["provider"]]
        if award["kind"] == "chat":
            cost = round(award["cost_nano"] * (bid["true_cost"] / bid["chat_bid"]))
        else:
            cost = nano_usd(bid["true_cost"] * (award["quantity_tokens"] / TOKENS_PER_MTOK))
        found.expect("awards", award, "true_cost_nano", cost)
    for row in log.tables["completions"]:
        if row["error"] is not None:
            if row["kind"] == "chat":
                found.expect("completions", row, "realized_value_nano", 0)
            continue
        _what_it_cost(log, row, found)
        if row["kind"] != "chat" or row["request"] not in log.requests:
            continue
        truth = log.requests[row["request"]]
        weight = truth["true_quality_weight"]
        quality = weight * truth["true_quality_usd"] * (row["quality"] or 0.0)
        latency = (1 - weight) * truth["true_latency_usd_per_s"] * row["ttft_s"]
        found.expect("completions", row, "realized_value_nano", nano_usd(quality - latency))


def _what_it_cost(log: TrialLog, row: dict[str, Any], found: Findings) -> None:
    """Work costs what it did when the bid was made that won it."""
    own = log.providers[row["provider"]]
    if row["kind"] == "chat":
        round_ = log.chat_awards[row["request"]]["round"]
    else:
        round_ = log.auctions[row["request"].partition("/")[0]]["round"]
    cached = row["cached_tokens"] or 0
    charged = (
        row["output_tokens"]
        + own["input_ratio"] * (row["prompt_tokens"] - cached)
        + own["hit_ratio"] * cached
    )
    cost = log.bids[round_, row["provider"]]["true_cost"]
    found.expect(
        "completions", row, "realized_cost_nano", nano_usd(cost * charged / TOKENS_PER_MTOK)
    )


def _sum(rows: Rows, column: str) -> int:
    return sum(row[column] for row in rows)
