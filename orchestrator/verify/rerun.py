"""What a hub drew and what a router chose: decided once more with the same draws."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from hubs.mechanisms import MECHANISMS, Clearing, Mechanism, Offers, is_router, mechanism_of
from hubs.mechanisms.exploration import Exploring
from market import seeding
from market.matching import UNMATCHED
from market.money import TOKENS_PER_MTOK, nano_usd_array
from orchestrator.analysis.logged_run import Rows
from orchestrator.assembly import Market
from orchestrator.verify.clearing import Clearing as LoggedClearing
from orchestrator.verify.coverage import Coverage
from orchestrator.verify.findings import Findings
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
    """The hubs of a trial, whose draws and routes are made again, clearing by clearing."""

    def __init__(self, log: TrialLog, market: Market):
        self._log = log
        self._market = market
        self._hubs = log.scenario.hubs
        self._routes = is_router(self._hubs.mechanism)
        self._mechanisms: dict[str, tuple[int, Mechanism]] = {}

    def check(
        self,
        clearing: LoggedClearing,
        match: npt.NDArray[np.intp],
        awards: Rows,
        found: Findings,
    ) -> Coverage:
        """Note what was matched otherwise; returns what was checked."""
        said = Coverage()
        if not self._routes and not self._hubs.exploration.explores:
            for place in np.flatnonzero(clearing.explored).tolist():
                row = clearing.row(place)
                found.add("predictions", row, "explored", True, "False, as nothing is explored")
            return said
        domains = self._domains(clearing)
        if self._may_read_domains and "" in domains:
            reason = "the request has not ended, so its guessed domain is not logged"
            said.leave_out("clearings by a router", reason)
            return said
        again = self._clear(clearing, domains)
        for place in np.flatnonzero(again.explored != clearing.explored).tolist():
            drawn = bool(again.explored[place])
            row = clearing.row(place)
            found.add("predictions", row, "explored", not drawn, f"{drawn}, as it is drawn")
        decided = again.explored | self._routes
        for place in np.flatnonzero(decided & (again.match != match)).tolist():
            column = int(again.match[place])
            members = self._log.members[clearing.hub]
            told = "no award" if column == UNMATCHED else f"an award to {members[column]}"
            is_at = int(match[place])
            row = clearing.row(place)
            has = "no award" if is_at == UNMATCHED else f"one to {members[is_at]}"
            found.add("predictions", row, "", has, told)
        self._explored_pay(clearing, awards, found)
        said.note("clearings by a router" if self._routes else "draws of exploration")
        return said

    @property
    def _may_read_domains(self) -> bool:
        """Of the routers, one does, and those of plug-ins look at what they like."""
        name = self._hubs.mechanism
        return name == "matrix_factorization" or (self._routes and name not in MECHANISMS)

    def _domains(self, clearing: LoggedClearing) -> list[str]:
        known = {name: self._log.requests.get(name) for name in clearing.requests}
        return ["" if row is None else row["guessed_domain"] for row in known.values()]

    def _clear(self, clearing: LoggedClearing, domains: list[str]) -> Clearing:
        values = clearing.matrix("value_nano")
        offers = Offers(
            values=values,
            costs=clearing.matrix("cost_nano"),
            capacities=clearing.matrix("capacities")[0].copy(),
            clients=clearing.clients,
            domains=domains,
            cached_tokens=clearing.matrix("cached_tokens"),
            top_costs=np.zeros(values.shape, dtype=np.int64),
            round=clearing.round,
        )
        key = ("hub", clearing.hub, "round", clearing.round)
        rng = seeding.stream(self._market.hub_seed, *key)
        return self._mechanism(clearing.hub, clearing.round).clear(offers, rng)

    def _mechanism(self, hub: str, round_: int) -> Mechanism:
        """A hub's, as it was before this round: anew where the hub has lost its memory."""
        known = self._mechanisms.get(hub)
        if known is None or self._log.forgot(hub, known[0], round_):
            if self._routes:
                members = self._market.matching_members[hub]
                made = mechanism_of(self._hubs.mechanism, members, self._hubs.exploration)
            else:
                made = Exploring(Nobody(), self._hubs.exploration)
            known = round_, made
        self._mechanisms[hub] = round_, known[1]
        return known[1]

    def _explored_pay(self, clearing: LoggedClearing, awards: Rows, found: Findings) -> None:
        """Whoever is explored is paid the cost at the top of the public support."""
        place_of = {name: place for place, name in enumerate(clearing.requests)}
        members = self._log.members[clearing.hub]
        for award in awards:
            name = award["request"]
            if not award["explored"] or name not in self._log.requests or name not in place_of:
                continue
            own = self._log.providers[award["provider"]]
            place, column = place_of[name], members.index(award["provider"])
            cached = clearing.matrix("cached_tokens")[place, column]
            missed = self._log.requests[name]["prompt_tokens"] - cached
            charged = clearing.output_tokens[place] + own["input_ratio"] * missed
            charged = charged + own["hit_ratio"] * cached
            if self._hubs.predictor.confidence:
                error = clearing.matrix("charged_error")[place, column]
                charged = charged + self._hubs.predictor.confidence * error
            top = self._log.bids[clearing.round, award["provider"]]["prior_high"]
            cost = nano_usd_array(np.array([top * charged / TOKENS_PER_MTOK]))
            found.expect("awards", award, "provider_receives_nano", int(cost[0]))
