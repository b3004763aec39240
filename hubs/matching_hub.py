"""A matching hub: it owns a cluster of providers and clears their chat market (IEMAS, Alg. 1)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hubs.award_order import AwardOrder
from hubs.ledger import PrefixLedger
from hubs.mechanisms import MECHANISMS, Clearing, Offers
from hubs.params import HubParams
from hubs.predictor import Forecast, HubPredictor, Length, Load
from hubs.waiting_room import WaitingRoom
from market import seeding
from market.messages import CHAT, Bid, ChatAward, ChatRequest, Completion, Settlement, Signal
from market.money import TOKENS_PER_MTOK, nano_usd_array
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
    """Everything that one clearing used, for the log: pairs are (requests, providers)."""

    requests: tuple[str, ...]
    clients: tuple[str, ...]
    capacities: npt.NDArray[np.int64]
    forecast: Forecast
    values_nano: Nano
    costs_nano: Nano
    clearing: Clearing


@dataclass(frozen=True)
class ChatReply:
    """A matching hub's answer to one round."""

    awards: tuple[ChatAward, ...]
    refused: tuple[str, ...]
    settlements: tuple[Settlement, ...]
    market: ClearedMarket | None
    signal: Signal


@dataclass(slots=True)
class _InFlight:
    """An award on its way, with what the predictor will learn from."""

    award: ChatAward
    request: ChatRequest
    domain: str
    column: int
    features: npt.NDArray[np.float64]
    matched_tokens: int


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
        self._mechanism = MECHANISMS[params.mechanism]()
        self._ledger = PrefixLedger(params.ledger_entries)
        self._predictor = HubPredictor(members, domains, params.predictor)
        self._column = {member.provider: column for column, member in enumerate(members)}
        self._slots = np.array([member.chat_slots for member in members])
        self._input_ratio = np.array([member.input_ratio for member in members])
        self._hit_ratio = np.array([member.hit_ratio for member in members])
        self._inflight = np.zeros(len(members), dtype=np.int64)
        self._rate = np.zeros(len(members), dtype=np.int64)
        self._room: WaitingRoom[tuple[ChatRequest, str]] = WaitingRoom(params.patience_rounds)
        self._awarded: dict[str, _InFlight] = {}
        self._lengths: AwardOrder[Length] = AwardOrder(params.predictor.most_held)

    def clear(self, round_: ChatRound) -> ChatReply:
        """Settle what has finished, learn from it, then match whoever waits."""
        settlements = tuple(self._settle(completion) for completion in round_.completions)
        self._room.enter(round_.requests)
        market = self._clear_market(round_) if self._room.waiting else None
        self._rate[:] = 0
        awards = self._award(market) if market else ()
        matched = (market.clearing.match >= 0).tolist() if market else []
        refused = tuple(one.request for one, _ in self._room.after_clearing(matched))
        return ChatReply(awards, refused, settlements, market, self._signal(market))

    def _settle(self, completion: Completion) -> Settlement:
        """Amounts were fixed at the award; a failure voids them."""
        done = self._awarded.pop(completion.request)
        award = done.award
        self._inflight[done.column] -= 1
        void = completion.error is not None
        length = None if void else Length(done.features, completion.output_tokens)
        self._predictor.learn_lengths(self._lengths.come(completion.request, length))
        if not void:
            self._ledger.observe(done.request, done.matched_tokens, completion)
            if completion.answer is not None:
                said = (*done.request.prompt, Span(completion.answer, completion.output_tokens))
                self._ledger.record(completion.provider, done.request.dialogue, said)
            self._predictor.learn(
                done.column,
                done.domain,
                done.features,
                done.matched_tokens,
                award.expected,
                completion,
            )
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

    def _clear_market(self, round_: ChatRound) -> ClearedMarket:
        requests = [request for request, _ in self._room.waiting]
        domains = [domain for _, domain in self._room.waiting]
        matches = self._ledger.matches(requests, self._column)
        load = Load(len(self._awarded), len(round_.requests), self._inflight, self._rate)
        forecast = self._predictor.predict(requests, domains, matches, load)
        values = nano_usd_array(predicted_values_usd(requests, forecast))
        costs = nano_usd_array(self._predicted_costs_usd(requests, round_.bids, forecast))
        clients = tuple(request.client for request in requests)
        capacities = self._slots - self._inflight
        offers = Offers(values, costs, capacities, clients, forecast.cached_tokens)
        rng = seeding.stream(self._seed, "hub", self.hub, "round", round_.number)
        clearing = self._mechanism.clear(offers, rng)
        ids = tuple(request.request for request in requests)
        return ClearedMarket(ids, clients, capacities, forecast, values, costs, clearing)

    def _predicted_costs_usd(
        self, requests: Sequence[ChatRequest], bids: Sequence[Bid], forecast: Forecast
    ) -> npt.NDArray[np.float64]:
        """(requests, providers), the cost at the bids: Eq. (6) with prices b * (rho, eta, 1)."""
        bid = np.array([bid.chat for bid in bids])
        prompt = np.array([request.prompt_tokens for request in requests])[:, None]
        charged = (
            forecast.output_tokens[:, None]
            + self._input_ratio * (prompt - forecast.cached_tokens)
            + self._hit_ratio * forecast.cached_tokens
        )
        costs: npt.NDArray[np.float64] = bid * charged / TOKENS_PER_MTOK
        return costs

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
            )
            awards.append(award)
            features = market.forecast.features[row, column].copy()
            matched_tokens = int(market.forecast.matched_tokens[row, column])
            self._awarded[request.request] = _InFlight(
                award, request, domain, column, features, matched_tokens
            )
            self._lengths.announce(request.request)
            self._ledger.record(award.provider, request.dialogue, request.prompt)
            self._inflight[column] += 1
            self._rate[column] += 1
        return tuple(awards)

    def _signal(self, market: ClearedMarket | None) -> Signal:
        prices = market.clearing.scarcity_prices.tolist() if market else [0] * len(self.members)
        dialogues, tokens = self._ledger.summary()
        free = int((self._slots - self._inflight).sum())
        return Signal(self.hub, tuple(prices), free, dialogues, tokens)


def predicted_values_usd(
    requests: Sequence[ChatRequest], forecast: Forecast
) -> npt.NDArray[np.float64]:
    """(requests, providers), what an answer is predicted to be worth by the reports: Eq. (1)."""
    weight = np.array([request.reported.quality_weight for request in requests])[:, None]
    quality = np.array([request.reported.quality_usd for request in requests])[:, None]
    latency = np.array([request.reported.latency_usd_per_s for request in requests])[:, None]
    values: npt.NDArray[np.float64] = (
        weight * quality * forecast.quality - (1 - weight) * latency * forecast.ttft_s
    )
    return values
