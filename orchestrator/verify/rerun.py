"""What a hub drew, a router chose or a plug-in did: decided once more with the same draws."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from hubs.mechanisms import MECHANISMS, Clearing, Mechanism, Offers, is_router, mechanism_of
from hubs.mechanisms.exploration import Exploring
from market import seeding
from market.matching import UNMATCHED
from orchestrator.assembly import Market
from orchestrator.verify.clearing import Clearing as LoggedClearing
from orchestrator.verify.coverage import Coverage
from orchestrator.verify.findings import Findings
from orchestrator.verify.predicted import Predicted
from orchestrator.verify.reclear import listed_prices
from orchestrator.verify.trial_log import TrialLog


class Nobody:
    """The mechanism that matches nobody: what is explored is drawn before one is asked."""

    def clear(self, offers: Offers, rng: np.random.Generator) -> Clearing:
        """No match."""
        requests, providers = offers.values.shape
        nothing = np.zeros(requests, dtype=np.int64)
        return Clearing(
            match=np.full(requests, UNMATCHED, dtype=np.intp),
            client_pays=nothing,
            provider_receives=nothing,
            scarcity_prices=np.zeros(providers, dtype=np.int64),
            largest_prices=np.zeros(providers, dtype=np.int64),
            explored=np.zeros(requests, dtype=bool),
        )


class HubAgain:
    """The hubs of a trial, whose draws and routes are made again, clearing by clearing.

    What a plug-in's mechanism decides and charges is made again, too.
    """

    def __init__(self, log: TrialLog, market: Market):
        self._log = log
        self._market = market
        self._hubs = log.scenario.hubs
        name = self._hubs.mechanism
        self._is_router, self._is_plugin = is_router(name), name not in MECHANISMS
        self._mechanisms: dict[str, tuple[int, Mechanism]] = {}

    def check(self, here: Predicted, published: Mapping[str, Any], found: Findings) -> Coverage:
        """Note what was decided otherwise, or ``published``; returns what was checked."""
        said, clearing = Coverage(), here.clearing
        if not self._decides and not self._hubs.exploration.explores:
            for place in np.flatnonzero(clearing.explored).tolist():
                row = clearing.row(place)
                found.add("predictions", row, "explored", True, "False, as nothing is explored")
            return said
        domains = self._domains(clearing)
        if self._may_read_domains and "" in domains:
            reason = "a request has not ended, so not all that is known of it is logged"
            said.leave_out(self._checked, reason)
            return said
        top_costs = here.top_costs()
        again = self._clear(clearing, domains, top_costs)
        for place in np.flatnonzero(again.explored != clearing.explored).tolist():
            drawn = bool(again.explored[place])
            row = clearing.row(place)
            found.add("predictions", row, "explored", not drawn, f"{drawn}, as it is drawn")
        self._same_matches(here, again, found)
        if self._is_plugin:
            _same_amounts(here, again, published, found)
        self._explored_pay(here, top_costs, found)
        said.note(self._checked)
        return said

    @property
    def _decides(self) -> bool:
        """Whether what was matched is decided again, beside what was drawn."""
        return self._is_router or self._is_plugin

    @property
    def _checked(self) -> str:
        """What is checked, in words."""
        if self._is_router:
            return "clearings by a router"
        return "clearings by a plug-in" if self._is_plugin else "draws of exploration"

    @property
    def _may_read_domains(self) -> bool:
        """Of what is built in one router does, and plug-ins look at what they like."""
        return self._hubs.mechanism == "matrix_factorization" or self._is_plugin

    def _domains(self, clearing: LoggedClearing) -> list[str]:
        known = {name: self._log.requests.get(name) for name in clearing.requests}
        return ["" if row is None else row["guessed_domain"] for row in known.values()]

    def _clear(
        self, clearing: LoggedClearing, domains: list[str], top_costs: npt.NDArray[np.int64]
    ) -> Clearing:
        offers = Offers(
            values=clearing.matrix("value_nano"),
            costs=clearing.matrix("cost_nano"),
            capacities=clearing.matrix("capacities")[0].copy(),
            clients=clearing.clients,
            domains=domains,
            cached_tokens=clearing.matrix("cached_tokens"),
            top_costs=top_costs,
            round=clearing.round,
        )
        key = ("hub", clearing.hub, "round", clearing.round)
        rng = seeding.stream(self._market.hub_seed, *key)
        return self._mechanism(clearing.hub, clearing.round).clear(offers, rng)

    def _mechanism(self, hub: str, round_: int) -> Mechanism:
        """A hub's, as it was before this round: anew where the hub has lost its memory."""
        known = self._mechanisms.get(hub)
        if known is None or self._log.forgot(hub, known[0], round_):
            if self._decides:
                members = self._market.matching_members[hub]
                made = mechanism_of(self._hubs.mechanism, members, self._hubs.exploration)
            else:
                made = Exploring(Nobody(), self._hubs.exploration)
            known = round_, made
        self._mechanisms[hub] = round_, known[1]
        return known[1]

    def _same_matches(self, here: Predicted, again: Clearing, found: Findings) -> None:
        def told(column: int, named: str) -> str:
            return "no award" if column == UNMATCHED else f"{named} {here.members[column]}"

        decided = again.explored | self._decides
        for place in np.flatnonzero(decided & (again.match != here.match)).tolist():
            has = told(int(here.match[place]), "one to")
            wanted = told(int(again.match[place]), "an award to")
            found.add("predictions", here.clearing.row(place), "", has, wanted)

    def _explored_pay(
        self, here: Predicted, top_costs: npt.NDArray[np.int64], found: Findings
    ) -> None:
        """Whoever is explored is paid the cost at the top of the public support."""
        for place, award in _placed(here):
            column = int(here.match[place])
            if award["explored"] and award["request"] in self._log.requests and column >= 0:
                cost = int(top_costs[place, column])
                found.expect("awards", award, "provider_receives_nano", cost)


def _same_amounts(
    here: Predicted, again: Clearing, published: Mapping[str, Any], found: Findings
) -> None:
    """What a plug-in's mechanism charges where it matches as it did, and the prices of slots."""
    for place, award in _placed(here):
        if again.match[place] == here.match[place]:
            for name in ("client_pays", "provider_receives"):
                amount = int(getattr(again, name)[place])
                found.expect("awards", award, f"{name}_nano", amount)
    smallest, largest = listed_prices(again)
    found.expect("hubs", published, "scarcity_prices_nano", smallest)
    found.expect("hubs", published, "largest_prices_nano", largest)


def _placed(here: Predicted) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """The awards of a clearing by the places of their requests in it."""
    for place, name in enumerate(here.clearing.requests):
        if name in here.award_of:
            yield place, here.award_of[name]
