"""Every clearing of the matching hubs: what it had to work with, what it decided, what it paid."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from hubs.mechanisms import is_router
from market.errors import BadInput
from market.matching import UNMATCHED
from market.messages import CHAT
from orchestrator.assembly import Market
from orchestrator.audit.clearings import AUCTIONS
from orchestrator.verify.checks.slots import HeldSlots
from orchestrator.verify.clearing import Clearing
from orchestrator.verify.coverage import Coverage
from orchestrator.verify.findings import Findings
from orchestrator.verify.predicted import Predicted
from orchestrator.verify.reclear import LoggedMarket, listed_prices, solved_again
from orchestrator.verify.rerun import HubAgain
from orchestrator.verify.trial_log import TrialLog, grouped


class ChatCheck:
    """Checks the clearings of one trial, which come in the order of rounds.

    Args:
        log: everything but the clearings.
        market: the trial's participants, drawn again; None where they cannot be.
        payments: one of ``PAYMENT_CHECKS``.
        found: takes what does not hold.
        coverage: takes what was checked.
    """

    def __init__(
        self,
        log: TrialLog,
        market: Market | None,
        payments: str,
        found: Findings,
        coverage: Coverage,
    ):
        self._log = log
        self._payments = payments
        self._found = found
        self._coverage = coverage
        self._held = HeldSlots(log, CHAT)
        self._awards = grouped(log.of_kind("awards", CHAT), "round", "hub")
        self._hubs = {(row["round"], row["hub"]): row for row in log.tables["hubs"]}
        self._everyone = log.scenario.log.predictions == "full"
        self._again = None if market is None else HubAgain(log, market)
        self._waiting = _expected_waiting(log) if self._everyone else {}
        self._refused_at_once = _refused_at_once(log) if self._everyone else {}
        self._cleared: set[tuple[int, str]] = set()

    def check(self, clearing: Clearing) -> None:
        """Check one clearing; the others of its round may come before or after it."""
        key = clearing.round, clearing.hub
        here = Predicted(self._log, clearing, self._awards[key], self._found)
        self._found.begin("predictions are of whoever took part")
        self._cleared.add(key)
        if not here.is_whole() or key not in self._hubs:
            return
        self._coverage.note("clearings of matching hubs")
        self._who_waits(clearing, here)
        self._found.begin("values and costs follow from forecasts, reports and bids")
        unknown = here.amounts_follow(self._found)
        self._coverage.note("predictions", len(clearing.requests) - unknown)
        reason = "the request has not ended, so its report is not logged"
        self._coverage.leave_out("predictions", reason, unknown)
        self._found.begin("awards are of what was predicted")
        here.awards_follow(self._found)
        if not self._everyone:
            self._coverage.leave_out("clearings held again", "log.predictions is awarded")
            return
        self._found.begin("free slots are those that are not held")
        free = self._free_slots(clearing)
        here.capacities_are(free, self._found)
        awarded = len(here.awards)
        self._found.expect("hubs", self._hubs[key], "free_slots", int(free.sum()) - awarded)
        self._decisions(clearing, here)

    def end(self) -> None:
        """All clearings were checked: is one missing?"""
        self._found.begin("predictions are of whoever took part")
        kept = self._log.scenario.log.predictions
        clearings_logged = bool(self._cleared)
        for (round_, hub), names in self._waiting.items():
            at = {"round": round_, "hub": hub, "request": min(names)}
            self._found.add("predictions", at, "", "no row", "one of who waits, or is matched")
        for key in list(self._refused_at_once):
            self._turned_away(key, self._refused_at_once.pop(key))
        for key, awards in self._awards.items():
            if kept != "none" and awards and key not in self._cleared:
                self._found.add("awards", awards[0], "", "the row", "one with predictions")
        self._found.begin("a hub where nobody waits publishes no prices")
        for key, row in self._hubs.items():
            if key in self._cleared or not self._everyone:
                continue
            free = self._idle_slots(*key)
            self._found.expect("hubs", row, "scarcity_prices_nano", [0] * len(free))
            largest = [0 if one else None for one in free]
            self._found.expect("hubs", row, "largest_prices_nano", largest)
            self._found.expect("hubs", row, "free_slots", sum(free))
        if not clearings_logged and kept == "none":
            count = sum(len(awards) for awards in self._awards.values())
            self._coverage.leave_out("chat awards", "log.predictions is none", count)

    @cached_property
    def _slots_of(self) -> dict[str, npt.NDArray[np.int64]]:
        slots = self._log.providers
        return {
            hub: np.array([slots[name]["chat_slots"] for name in names])
            for hub, names in self._log.members.items()
        }

    def _free_slots(self, clearing: Clearing) -> npt.NDArray[np.int64]:
        """(providers,), those that a clearing could award."""
        return self._free(clearing.round, clearing.hub, self._held)

    def _free(self, round_: int, hub: str, held: HeldSlots) -> npt.NDArray[np.int64]:
        names = self._log.members[hub]
        taken = held.before_awards_of(round_)
        there = [self._log.bids[round_, name]["available"] for name in names]
        free = self._slots_of[hub] - np.array([taken[name] for name in names])
        return np.where(there, free, 0)

    @cached_property
    def _held_again(self) -> HeldSlots:
        return HeldSlots(self._log, CHAT)

    def _idle_slots(self, round_: int, hub: str) -> list[int]:
        free: list[int] = self._free(round_, hub, self._held_again).tolist()
        return free

    def _who_waits(self, clearing: Clearing, here: Predicted) -> None:
        """Whoever is known to have waited is there, and nobody who had not come, or was gone."""
        if not self._everyone:
            return
        key = clearing.round, clearing.hub
        wanted = self._waiting.pop(key, {})
        at_once = self._refused_at_once.pop(key, set())
        missing = wanted.keys() - set(clearing.requests)
        for name in sorted(missing):
            at = {"round": clearing.round, "hub": clearing.hub, "request": name}
            self._found.add("predictions", at, "", "no row", "one, as it waited")
        for place, name in enumerate(clearing.requests):
            ended = name in self._log.requests
            if ended and name not in wanted and name not in at_once:
                row = clearing.row(place)
                self._found.add("predictions", row, "request", name, "one that waited there")
        self._turned_away(key, at_once.difference(clearing.requests))

    def _turned_away(self, key: tuple[int, str], never_waited: set[str]) -> None:
        """At a patience of one clearing, only that tells who was turned away from who waited."""
        if self._log.scenario.hubs.patience_rounds == 1 and key in self._hubs:
            self._found.expect("hubs", self._hubs[key], "turned_away", len(never_waited))

    def _decisions(self, clearing: Clearing, here: Predicted) -> None:
        """Feasible, and what the mechanism would have decided, or as good."""
        mechanism = self._log.scenario.hubs.mechanism
        free = here.free
        served = here.match[here.match != UNMATCHED]
        counts = np.bincount(served, minlength=len(free))
        self._found.begin("no slot is awarded twice")
        for column in np.flatnonzero(counts > free).tolist():
            told = f"at least the {counts[column]} awarded at {here.members[column]}"
            self._found.add("predictions", clearing.row(0), "capacities", int(free[column]), told)
        if self._again is not None:
            self._found.begin("draws and routes are those of the seed")
            published = self._hubs[clearing.round, clearing.hub]
            said = self._again.check(here, published, self._found)
            self._coverage.add(said)
        elif mechanism not in AUCTIONS:
            reason = "a file that the scenario names is gone, so that it cannot be set up again"
            kind = "a router" if is_router(mechanism) else "a plug-in"
            self._coverage.leave_out(f"clearings by {kind}", reason)
        if (counts > free).any():
            return
        if mechanism in AUCTIONS:
            rule = AUCTIONS[mechanism]
            self._auction(clearing, here, rule.payments, together=rule.together)
        elif is_router(mechanism):
            self._routed(clearing, here)
        else:
            reason = f"{mechanism} is a plug-in's: only that it decides so again is checked"
            self._coverage.leave_out("optima of chat clearings", reason)

    def _routed(self, clearing: Clearing, here: Predicted) -> None:
        """Both sides are paid the cost, and no price is published."""
        self._found.begin("a router pays the cost at the bid")
        for award in here.awards:
            if not award["explored"]:
                cost = award["cost_nano"]
                self._found.expect("awards", award, "client_pays_nano", cost)
                self._found.expect("awards", award, "provider_receives_nano", cost)
        row = self._hubs[clearing.round, clearing.hub]
        self._found.expect("hubs", row, "scarcity_prices_nano", [0] * len(here.members))
        self._found.expect("hubs", row, "largest_prices_nano", [0] * len(here.members))

    def _auction(self, clearing: Clearing, here: Predicted, rule: str, *, together: bool) -> None:
        rest = np.flatnonzero(~clearing.explored)
        explored = np.bincount(
            here.match[clearing.explored & (here.match != UNMATCHED)], minlength=len(here.members)
        )
        costs = clearing.matrix("cost_nano")[rest]
        market = LoggedMarket(
            weights=clearing.matrix("value_nano")[rest] - costs,
            costs=costs,
            capacities=here.free - explored,
            match=here.match[rest],
            clients=[clearing.clients[row] for row in rest.tolist()] if together else None,
            rule=rule,
        )
        row = self._hubs[clearing.round, clearing.hub]
        self._found.begin("the allocation reaches the optimum")
        if not self._reaches_optimum(market, here, rest, row):
            return
        self._found.begin("payments and prices follow from the allocation")
        smallest, largest = listed_prices(market.optimum)
        self._found.expect("hubs", row, "scarcity_prices_nano", smallest)
        self._found.expect("hubs", row, "largest_prices_nano", largest)
        paid, received = market.expected_payments, market.expected_receipts
        for place in market.served.tolist():
            award = here.award_of[clearing.requests[rest[place]]]
            self._found.expect("awards", award, "client_pays_nano", int(paid[place]))
            self._found.expect("awards", award, "provider_receives_nano", int(received[place]))
        self._coverage.note("payments of chat by paths", len(market.served))
        if self._payments != "none":
            self._solve_again(clearing, market, row)

    def _reaches_optimum(
        self,
        market: LoggedMarket,
        here: Predicted,
        rest: npt.NDArray[np.intp],
        row: Mapping[str, Any],
    ) -> bool:
        for place in market.served.tolist():
            if market.weights[place, market.match[place]] <= 0:
                award = here.award_of[here.clearing.requests[rest[place]]]
                self._found.add("awards", award, "", "the row", "no match that adds nothing")
                return False
        try:
            best = market.best()
        except BadInput as error:
            self._coverage.leave_out("optima of chat clearings", str(error))
            return False
        self._coverage.note(f"optima of chat clearings by {market.solver}")
        if best != market.welfare:
            told = f"{best - market.welfare} more, by the {market.solver} solver"
            self._found.add("hubs", row, "reported_welfare_nano", market.welfare, told)
        return best == market.welfare

    def _solve_again(
        self, clearing: Clearing, market: LoggedMarket, row: Mapping[str, Any]
    ) -> None:
        try:
            found = solved_again(
                market, self._payments, self._log.trial, clearing.round, clearing.hub
            )
        except BadInput as error:
            self._coverage.leave_out("figures of chat clearings by solving again", str(error))
            return
        for one in found:
            self._coverage.note(f"{one.what} figures of chat by solving again")
            if one.solved != one.followed:
                self._found.add("hubs", row, "", f"{one.what} {one.followed}", str(one.solved))


def _expected_waiting(log: TrialLog) -> dict[tuple[int, str], dict[str, None]]:
    """By round and hub, who is known to have been in the clearing; turned away is who never was."""
    waiting: dict[tuple[int, str], dict[str, None]] = defaultdict(dict)
    for name, row, last in _last_clearings(log):
        for round_ in range(row["arrival_round"], last + 1):
            waiting[round_, row["hub"]][name] = None
    return waiting


def _last_clearings(log: TrialLog) -> Iterator[tuple[str, dict[str, Any], int]]:
    """The last clearing of every request that has ended and was in one for sure."""
    for name, row in log.requests.items():
        if row["status"] != "refused":
            if name in log.chat_awards:  # else that is found elsewhere
                yield name, row, log.chat_awards[name]["round"]
        elif row["round"] > row["arrival_round"]:
            yield name, row, row["round"]


def _refused_at_once(log: TrialLog) -> dict[tuple[int, str], set[str]]:
    """By round and hub, who was refused on arrival and may have been in a clearing all the same."""
    at_once: dict[tuple[int, str], set[str]] = defaultdict(set)
    if log.scenario.hubs.patience_rounds == 1:
        for name, row in log.requests.items():
            if row["status"] == "refused" and row["round"] == row["arrival_round"]:
                at_once[row["round"], row["hub"]].add(name)
    return at_once
