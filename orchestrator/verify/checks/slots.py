"""Slots: nobody has more work than it offers, and whoever is absent offers nothing."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import NamedTuple

from hubs.prior_learning import PriorLearning
from market.messages import CHAT, WORKFLOW
from orchestrator.verify.findings import Findings
from orchestrator.verify.trial_log import TrialLog, grouped


class Bidder(NamedTuple):
    """Who may take part in auctions of workflows."""

    provider: str
    tier: int


class HeldSlots:
    """How many slots each provider has taken by one kind of work, round by round.

    A slot is given back in the round of the settlement, before anything is awarded in it.
    """

    def __init__(self, log: TrialLog, kind: str):
        self._taken: dict[int, Counter[str]] = defaultdict(Counter)
        self._given: dict[int, Counter[str]] = defaultdict(Counter)
        for table, changes in (("awards", self._taken), ("settlements", self._given)):
            for row in log.of_kind(table, kind):
                changes[row["round"]][row["provider"]] += 1
        self._held: Counter[str] = Counter()
        self._round = 0

    def before_awards_of(self, round_: int) -> Counter[str]:
        """Those held when the round is cleared; rounds are asked for in order."""
        while self._round < round_:
            self._held.update(self._taken[self._round])
            self._round += 1
            self._held.subtract(self._given[self._round])
        return self._held


def slots_are_never_exceeded(log: TrialLog, found: Findings) -> None:
    """A slot is taken in the round of the award and given back in that of the settlement."""
    for kind in (CHAT, WORKFLOW):
        awards = grouped(log.of_kind("awards", kind), "round")
        held = HeldSlots(log, kind)
        for round_ in range(1, log.last_round + 1):
            taken = Counter(held.before_awards_of(round_))
            for award in awards[round_]:
                taken[award["provider"]] += 1
                slots = log.providers[award["provider"]][f"{kind}_slots"]
                if taken[award["provider"]] > slots:
                    found.add("awards", award, "", "the row", f"one within {slots} {kind} slots")


def who_is_absent_wins_nothing(log: TrialLog, found: Findings) -> None:
    """Nor is it among the bidders of an auction."""
    for row in log.tables["bids"]:
        found.expect("bids", row, "available", row["absence"] is None)
        known = row["absence"] in (None, "outage", "left", "lost", "hung")
        found.require(known, "bids", row, "absence", "outage, left or lost")
        found.require(0 <= row["load"] <= 1, "bids", row, "load", "0 to 1")
    for award in log.tables["awards"]:
        there = log.bids[award["round"], award["provider"]]["available"]
        found.require(there, "awards", award, "provider", "one that was available")


def bidders_are_those_with_a_free_slot(log: TrialLog, found: Findings) -> None:
    """Of a workflow's auction: who is available, within its prior, of the pool, and free."""
    members = [
        Bidder(row["provider"], row["tier"])
        for row in log.tables["providers"]
        if row["workflow_slots"]
    ]
    learning = PriorLearning(members, log.scenario.hubs.workflow.prior)
    held = HeldSlots(log, WORKFLOW)
    auctions = grouped(log.tables["auctions"], "round")
    for round_ in sorted(auctions):
        taken = Counter(held.before_awards_of(round_))
        for auction in auctions[round_]:
            pool = learning.pool(auction["workflow"])
            bidders = [
                member.provider
                for place, member in enumerate(members)
                if _may_bid(log, round_, member.provider, taken)
                and learning.takes_part(place, pool)
            ]
            found.expect("auctions", auction, "bidders", bidders)
            for award in log.workflow_awards.get(auction["workflow"], ()):
                taken[award["provider"]] += 1


def _may_bid(log: TrialLog, round_: int, provider: str, taken: Counter[str]) -> bool:
    bid = log.bids[round_, provider]
    free = log.providers[provider]["workflow_slots"] > taken[provider]
    return bool(bid["available"] and free and bid["workflow_bid"] <= bid["prior_high"])


def priors_hold_the_bids(log: TrialLog, found: Findings) -> None:
    """The support of a public prior is that of its row at the price level of the round."""
    known = {row["prior"]: row for row in log.tables["priors"]}
    for row in log.tables["bids"]:
        low, high = row["prior_low"], row["prior_high"]
        found.require(low <= high, "bids", row, "prior_low", f"at most {high}")
        found.require(row["true_cost"] >= 0, "bids", row, "true_cost", "no less than 0")
        if row["prior"] is None:
            continue
        if row["prior"] not in known:
            found.add("bids", row, "prior", row["prior"], "one in priors")
            continue
        prior, level = known[row["prior"]], row["price_level"]
        found.expect("bids", row, "prior_low", prior["low"] * level)
        found.expect("bids", row, "prior_high", prior["high"] * level)
    used = {row["prior"] for row in log.tables["bids"]}
    for number, row in enumerate(log.tables["priors"]):
        found.expect("priors", row, "prior", number)
        found.require(row["prior"] in used, "priors", row, "prior", "one that bids name")
