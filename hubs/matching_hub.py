"""A matching hub: it owns a cluster of providers and clears their chat market (IEMAS, Alg. 1)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hubs.admission import Admission
from hubs.ledger import PrefixLedger
from hubs.mechanisms import Clearing, Offers, mechanism_of
from hubs.params import HubParams
from hubs.prediction import PREDICTORS, Forecast, Length, Load, Outcome
from hubs.prediction.award_order import AwardOrder
from hubs.prediction.prequential import Prequential, PrequentialErrors
from hubs.pricing import ForecastErrors, Pricing
from hubs.recovery import ChatRecovery
from hubs.waiting_room import WaitingRoom
from market import seeding
from market.matching import NO_PRICE
from market.messages import CHAT, Bid, ChatAward, ChatRequest, Completion, Settlement, Signal
from market.profiles import ProviderProfile
from market.prompt import Span

Nano = npt.NDArray[np.int64]


@dataclass(frozen=True)
class ChatRound:
    """What a matching hub gets in one round.

    ``bids`` are its members', in their order; ``requests`` come with the domain that the
    classifier guessed for each.
    """

    number: int
    completions: Sequence[Completion]
    requests: Sequence[tuple[ChatRequest, str]]
    bids: Sequence[Bid]


@dataclass(frozen=True)
class ClearedMarket:
    """Everything that one clearing used, for the log: pairs are (requests, providers).

    ``errors`` are None where values are not cautious.
    """

    requests: tuple[str, ...]
    clients: tuple[str, ...]
    capacities: npt.NDArray[np.int64]
    forecast: Forecast
    values_nano: Nano
    costs_nano: Nano
    errors: ForecastErrors | None
    clearing: Clearing


@dataclass(frozen=True)
class ChatReply:
    """A matching hub's answer to one round.

    ``refused`` begins with the ``turned_away``, whom admission control did not let in; ``errors``
    are those of predictions whose labels came in.
    """

    awards: tuple[ChatAward, ...]
    refused: tuple[str, ...]
    turned_away: int
    settlements: tuple[Settlement, ...]
    errors: tuple[PrequentialErrors, ...]
    market: ClearedMarket | None
    signal: Signal


@dataclass(frozen=True, slots=True)
class _Seen:
    """What a hub saw of a request when it predicted."""

    features: npt.NDArray[np.float64]
    matched_tokens: int


@dataclass(slots=True)
class _InFlight:
    """An award on its way, and what to learn from it: nothing if the hub has forgotten since."""

    award: ChatAward
    request: ChatRequest
    domain: str
    column: int
    seen: _Seen | None


class MatchingHub:
    """One proxy hub.

    Args:
        hub: its id.
        members: its providers; columns follow their order.
        domains: every domain that the classifier can name.
        params: how it clears and predicts.
        seed: of the hubs; a hub's draws are keyed by its id and the round.
    """

    def __init__(
        self,
        hub: str,
        members: Sequence[ProviderProfile],
        domains: Sequence[str],
        params: HubParams,
        seed: int,
    ):
        self.hub = hub
        self.members = tuple(members)
        self._seed = seed
        self._mechanism = mechanism_of(params.mechanism, members, params.exploration)
        self._pricing = Pricing(members, params.predictor.confidence)
        self._ledger = PrefixLedger(params.ledger_entries)
        self._predictor = PREDICTORS[params.predictor.kind](members, domains, params.predictor)
        self._column = {member.provider: column for column, member in enumerate(members)}
        self._slots = np.array([member.chat_slots for member in members])
        self._inflight = np.zeros(len(members), dtype=np.int64)
        self._rate = np.zeros(len(members), dtype=np.int64)
        self._free = self._slots  # of those who offer something this round
        self._admission = Admission(params.admission)
        self._prequential = Prequential(members)
        self._room: WaitingRoom[tuple[ChatRequest, str]] = WaitingRoom(params.patience_rounds)
        self._awarded: dict[str, _InFlight] = {}
        self._lengths: AwardOrder[Length] = AwardOrder(params.predictor.most_held)

    def recover(self, told: ChatRecovery) -> None:
        """Begin anew with the contracts that are under way and those who wait; before a round.

        What comes of requests that are being served is settled, but nothing is learned from it.
        """
        for award, request, domain in told.under_way:
            self._admission.recover(request.client, served=True)
            self._take_in(_InFlight(award, request, domain, self._column[award.provider], None))
        for request, domain, clearings in told.waiting:
            self._admission.recover(request.client, served=False)
            self._room.enter_again((request, domain), clearings)

    def clear(self, round_: ChatRound) -> ChatReply:
        """Settle what has finished, learn from it, then match whoever waits."""
        settlements = tuple(self._settle(completion) for completion in round_.completions)
        available = np.array([bid.available for bid in round_.bids], dtype=bool)
        self._free = np.where(available, self._slots - self._inflight, 0)
        arrivals = self._admission.admit(round_.requests)
        self._room.enter(arrivals.admitted)
        admitted = len(arrivals.admitted)
        market = self._clear_market(round_, admitted) if self._room.waiting else None
        self._rate[:] = 0
        awards = self._award(market) if market else ()
        matched = (market.clearing.match >= 0).tolist() if market else []
        impatient = [request for request, _ in self._room.after_clearing(matched)]
        for request in impatient:
            self._admission.refused(request.client)
        return ChatReply(
            awards=awards,
            refused=(*arrivals.turned_away, *(request.request for request in impatient)),
            turned_away=len(arrivals.turned_away),
            settlements=settlements,
            errors=self._prequential.of_round(),
            market=market,
            signal=self._signal(market),
        )

    def _settle(self, completion: Completion) -> Settlement:
        """Amounts were fixed at the award; a failure voids them."""
        done = self._awarded.pop(completion.request)
        award = done.award
        self._inflight[done.column] -= 1
        self._admission.ended(award.client)
        void = completion.error is not None
        if done.seen is not None:
            self._learn(done, done.seen, completion)
        if not void and completion.answer is not None:
            said = (*done.request.prompt, Span(completion.answer, completion.output_tokens))
            self._ledger.record(completion.provider, done.request.dialogue, said)
        return Settlement(
            request=award.request,
            kind=CHAT,
            client=award.client,
            provider=award.provider,
            hub=self.hub,
            client_paid_nano=0 if void else award.client_pays_nano,
            provider_received_nano=0 if void else award.provider_receives_nano,
            hub_kept_nano=0 if void else award.hub_keeps_nano,
            void=void,
        )

    def _learn(self, done: _InFlight, seen: _Seen, completion: Completion) -> None:
        """Compare what came with what was predicted."""
        void = completion.error is not None
        length = None if void else Length(seen.features, completion.output_tokens)
        self._predictor.learn_lengths(self._lengths.come(completion.request, length))
        if void:
            return
        self._ledger.observe(done.request, seen.matched_tokens, completion)
        outcome = Outcome(
            done.column,
            done.domain,
            seen.features,
            seen.matched_tokens,
            done.award.expected,
            completion,
        )
        self._prequential.observe(outcome)
        self._predictor.learn(outcome)

    def _clear_market(self, round_: ChatRound, admitted: int) -> ClearedMarket:
        requests = [request for request, _ in self._room.waiting]
        domains = [domain for _, domain in self._room.waiting]
        matches = self._ledger.matches(requests, self._column)
        load = Load(len(self._awarded), admitted, self._inflight, self._rate)
        forecast = self._predictor.predict(requests, domains, matches, load)
        priced = self._pricing.price(requests, round_.bids, forecast)
        clients = tuple(request.client for request in requests)
        capacities = self._free.copy()
        offers = Offers(
            values=priced.values,
            costs=priced.costs,
            capacities=capacities,
            clients=clients,
            domains=domains,
            cached_tokens=forecast.cached_tokens,
            top_costs=priced.top_costs,
            round=round_.number,
        )
        rng = seeding.stream(self._seed, "hub", self.hub, "round", round_.number)
        clearing = self._mechanism.clear(offers, rng)
        return ClearedMarket(
            requests=tuple(request.request for request in requests),
            clients=clients,
            capacities=capacities,
            forecast=forecast,
            values_nano=priced.values,
            costs_nano=priced.costs,
            errors=priced.errors,
            clearing=clearing,
        )

    def _award(self, market: ClearedMarket) -> tuple[ChatAward, ...]:
        """Fix the amounts, note what was promised, and take the slots."""
        awards = []
        for row in np.flatnonzero(market.clearing.match >= 0).tolist():
            column = int(market.clearing.match[row])
            request, domain = self._room.waiting[row]
            award = ChatAward(
                request=request.request,
                client=request.client,
                provider=self.members[column].provider,
                hub=self.hub,
                value_nano=int(market.values_nano[row, column]),
                cost_nano=int(market.costs_nano[row, column]),
                client_pays_nano=int(market.clearing.client_pays[row]),
                provider_receives_nano=int(market.clearing.provider_receives[row]),
                expected=market.forecast.at(row, column),
                explored=bool(market.clearing.explored[row]),
            )
            awards.append(award)
            seen = _Seen(
                market.forecast.features[row, column].copy(),
                int(market.forecast.matched_tokens[row, column]),
            )
            self._lengths.announce(request.request)
            self._admission.awarded(request.client)
            self._take_in(_InFlight(award, request, domain, column, seen))
            self._free[column] -= 1
            self._rate[column] += 1
        return tuple(awards)

    def _take_in(self, taken: _InFlight) -> None:
        """A request is being served from now on, and its prompt is in the provider's cache."""
        self._awarded[taken.request.request] = taken
        self._ledger.record(taken.award.provider, taken.request.dialogue, taken.request.prompt)
        self._inflight[taken.column] += 1

    def _signal(self, market: ClearedMarket | None) -> Signal:
        smallest, largest = self._prices(market)
        dialogues, tokens = self._ledger.summary()
        free = int(self._free.sum())
        return Signal(self.hub, smallest, largest, free, dialogues, tokens)

    def _prices(
        self, market: ClearedMarket | None
    ) -> tuple[tuple[int, ...], tuple[int | None, ...]]:
        """The smallest and the largest prices of a slot; where nobody asks, nothing is scarce."""
        if market is None:
            free = self._free.tolist()
            return (0,) * len(free), tuple(0 if one else None for one in free)
        smallest = tuple(market.clearing.scarcity_prices.tolist())
        largest = market.clearing.largest_prices.tolist()
        return smallest, tuple(None if price == NO_PRICE else price for price in largest)
