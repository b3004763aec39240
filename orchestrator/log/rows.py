"""Turning what happened in a round into rows of the log."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict

import numpy as np

from agents.client import ClientPopulation
from hubs.matching_hub import ChatReply, ClearedMarket
from hubs.pricing import ForecastErrors
from market.messages import CHAT, ChatAward
from orchestrator.assembly import Market
from orchestrator.log.fault_rows import fault_row
from orchestrator.log.prior_rows import PriorNumbers
from orchestrator.log.tables import (
    AwardRow,
    BidRow,
    CompletionRow,
    HubRow,
    PredictionRow,
    PrequentialRow,
    PriorRow,
    ProviderRow,
    RequestRow,
    RoundRow,
    Row,
    SettlementRow,
    TimingRow,
)
from orchestrator.log.workflow_rows import bought_rows, handoff_row, workflow_row
from orchestrator.records import ChatEnd, RoundRecord
from orchestrator.scenario.model import Scenario


def provider_rows(trial: int, market: Market) -> Iterator[ProviderRow]:
    """The providers of a trial."""
    hub_of = {
        member.provider: hub
        for hub, members in market.matching_members.items()
        for member in members
    }
    for profile in market.providers:
        yield ProviderRow(
            trial=trial,
            round=0,
            provider=profile.provider,
            hub=hub_of.get(profile.provider),
            model=profile.model,
            tier=profile.tier,
            domains=list(profile.domains),
            input_ratio=profile.input_ratio,
            hit_ratio=profile.hit_ratio,
            chat_slots=profile.chat_slots,
            workflow_slots=profile.workflow_slots,
            scores=[profile.scores[domain] for domain in sorted(profile.scores)],
            engine_profile=profile.engine.name,
            kv_blocks=profile.engine.kv_blocks,
            step_s=profile.engine.step_s,
            prefill_s_per_token=profile.engine.prefill_s_per_token,
            decode_s_per_seq=profile.engine.decode_s_per_seq,
        )


class RoundRows:
    """The rows of one round.

    Args:
        scenario: what is run.
        market: who takes part.
        trial: its number.
        record: what happened.
    """

    def __init__(self, scenario: Scenario, market: Market, trial: int, record: RoundRecord):
        self._scenario = scenario
        self._clients: ClientPopulation = market.clients
        self._record = record
        self._at = (trial, record.number)
        self._true_cost = {
            reply.bid.provider: reply.private.cost_usd_per_mtok for reply in record.replies
        }
        self._bid = {reply.bid.provider: reply.bid for reply in record.replies}
        self._cost: dict[str, int] = {}
        for reply in record.replies:
            self._cost.update(reply.private.realized_cost_nano)
        self._value = {
            end.completion.request: self._clients[end.open.request.client].realized_value_nano(
                end.completion
            )
            for end in record.chat_ends
            if end.completion is not None
        }

    def rows(self) -> Iterator[Row]:
        """All of them, but the timing."""
        record = self._record
        yield self._round_row()
        yield from self._bid_rows()
        for hub, reply in record.chat.items():
            yield self._hub_row(hub, reply)
            yield from self._prediction_rows(hub, reply)
            yield from map(self._chat_award_row, reply.awards)
            yield from (
                PrequentialRow(*self._at, hub=hub, **asdict(errors)) for errors in reply.errors
            )
        for bought in record.workflows.awards:
            name = record.workflow_names[bought.request.request]
            yield from bought_rows(self._at, name, bought, self._bid, self._true_cost)
        yield from self._completion_rows()
        yield from self._settlement_rows()
        yield from (handoff_row(self._at, one) for one in record.workflows.handoffs)
        yield from map(self._request_row, record.chat_ends)
        for ended, status in record.workflow_ends:
            yield workflow_row(self._at, ended, status, record.workflows.settlements)
        yield from (fault_row(self._at, one) for one in record.faults)

    def timing(self, log_s: float) -> TimingRow:
        """How long the round took."""
        seconds = self._record.seconds
        return TimingRow(
            *self._at,
            engines_s=seconds["engines_s"],
            routing_s=seconds["routing_s"],
            hubs_s=seconds["hubs_s"],
            log_s=log_s,
        )

    def _round_row(self) -> RoundRow:
        record = self._record
        statuses = [end.status for end in record.chat_ends]
        graded = [
            end.open.guessed_domain == end.completion.domain
            for end in record.chat_ends
            if end.completion is not None and end.completion.domain is not None
        ]
        return RoundRow(
            *self._at,
            time_s=record.time_s,
            electricity_factor=self._scenario.electricity.factor(record.time_s),
            arrived=len(record.arrived),
            awarded=sum(len(reply.awards) for reply in record.chat.values()),
            served=statuses.count("served"),
            refused=statuses.count("refused"),
            failed=statuses.count("failed"),
            reauctioned=statuses.count("reauctioned"),
            inflight=record.inflight,
            reported_welfare_nano=sum(map(_reported_welfare, record.chat.values())),
            classified=len(graded),
            classified_right=sum(graded),
        )

    def _hub_row(self, hub: str, reply: ChatReply) -> HubRow:
        awards, settled = reply.awards, reply.settlements
        return HubRow(
            *self._at,
            hub=hub,
            arrived=sum(chat.hub == hub for chat in self._record.arrived),
            awarded=len(awards),
            refused=len(reply.refused),
            turned_away=reply.turned_away,
            explored=sum(award.explored for award in awards),
            free_slots=reply.signal.free_slots,
            reported_welfare_nano=_reported_welfare(reply),
            scarcity_prices_nano=list(reply.signal.scarcity_prices_nano),
            largest_prices_nano=list(reply.signal.largest_prices_nano),
            promised_client_losses=sum(a.client_pays_nano > a.value_nano for a in awards),
            promised_by_clients_nano=sum(award.client_pays_nano for award in awards),
            promised_to_providers_nano=sum(award.provider_receives_nano for award in awards),
            paid_by_clients_nano=sum(one.client_paid_nano for one in settled),
            received_by_providers_nano=sum(one.provider_received_nano for one in settled),
            realized_client_losses=sum(
                one.client_paid_nano > self._value[one.request] for one in settled if not one.void
            ),
            realized_provider_losses=sum(
                one.provider_received_nano < self._cost[one.request]
                for one in settled
                if not one.void
            ),
            cached_dialogues=reply.signal.cached_dialogues,
            cached_tokens=reply.signal.cached_tokens,
        )

    def _bid_rows(self) -> Iterator[BidRow | PriorRow]:
        priors = PriorNumbers([reply.bid for reply in self._record.replies])
        if self._record.number == 1:
            yield from priors.rows(self._at)
        for reply in self._record.replies:
            bid = reply.bid
            yield BidRow(
                *self._at,
                provider=bid.provider,
                chat_bid=bid.chat,
                workflow_bid=bid.workflow,
                prior_low=bid.low,
                prior_high=bid.high,
                prior=priors.of(bid),
                price_level=bid.price_level,
                true_cost=reply.private.cost_usd_per_mtok,
                available=bid.available,
                absence=reply.private.presence.absence,
                load=reply.private.load,
                fixed_cost_nano=reply.private.presence.fixed_cost_nano,
            )

    def _prediction_rows(self, hub: str, reply: ChatReply) -> Iterator[PredictionRow]:
        kept = self._scenario.log.predictions
        cleared = reply.market
        if cleared is None or kept == "none":
            return
        rows = np.arange(len(cleared.requests))
        for row in rows if kept == "full" else rows[cleared.clearing.match >= 0]:
            yield self._prediction_row(hub, cleared, int(row))

    def _prediction_row(self, hub: str, cleared: ClearedMarket, row: int) -> PredictionRow:
        forecast = cleared.forecast
        return PredictionRow(
            *self._at,
            hub=hub,
            request=cleared.requests[row],
            client=cleared.clients[row],
            explored=bool(cleared.clearing.explored[row]),
            capacities=cleared.capacities.tolist(),
            output_tokens=float(forecast.output_tokens[row]),
            matched_tokens=forecast.matched_tokens[row].tolist(),
            cached_tokens=forecast.cached_tokens[row].tolist(),
            ttft_s=forecast.ttft_s[row].tolist(),
            quality=forecast.quality[row].tolist(),
            ttft_error=_listed(cleared.errors, "ttft_s", row),
            quality_error=_listed(cleared.errors, "quality", row),
            charged_error=_listed(cleared.errors, "charged_tokens", row),
            value_nano=cleared.values_nano[row].tolist(),
            cost_nano=cleared.costs_nano[row].tolist(),
        )

    def _chat_award_row(self, award: ChatAward) -> AwardRow:
        truth_over_bid = self._true_cost[award.provider] / self._bid[award.provider].chat
        return AwardRow(
            *self._at,
            kind=CHAT,
            request=award.request,
            client=award.client,
            provider=award.provider,
            hub=award.hub,
            value_nano=award.value_nano,
            cost_nano=award.cost_nano,
            client_pays_nano=award.client_pays_nano,
            provider_receives_nano=award.provider_receives_nano,
            quantity_tokens=None,
            true_cost_nano=round(award.cost_nano * truth_over_bid),
            expected_output_tokens=award.expected.output_tokens,
            expected_cached_tokens=award.expected.cached_tokens,
            expected_ttft_s=award.expected.ttft_s,
            expected_quality=award.expected.quality,
            explored=award.explored,
        )

    def _completion_rows(self) -> Iterator[CompletionRow]:
        for done in self._record.completions:
            yield CompletionRow(
                *self._at,
                kind=done.kind,
                request=done.request,
                provider=done.provider,
                submitted_s=done.submitted_s,
                finish_s=done.finish_s,
                ttft_s=done.ttft_s,
                tpot_s=done.tpot_s,
                prompt_tokens=done.prompt_tokens,
                cached_tokens=done.cached_tokens,
                output_tokens=done.output_tokens,
                length_tokens=done.length_tokens,
                quality=done.quality,
                error=done.error,
                realized_cost_nano=self._cost.get(done.request, 0),
                realized_value_nano=self._value.get(done.request),
                text=done.text,
            )

    def _settlement_rows(self) -> Iterator[SettlementRow]:
        of_chat = [s for reply in self._record.chat.values() for s in reply.settlements]
        for settlement in [*of_chat, *self._record.workflows.settlements]:
            yield SettlementRow(
                *self._at,
                kind=settlement.kind,
                request=settlement.request,
                client=settlement.client,
                provider=settlement.provider,
                hub=settlement.hub,
                client_paid_nano=settlement.client_paid_nano,
                provider_received_nano=settlement.provider_received_nano,
                hub_kept_nano=settlement.hub_kept_nano,
                void=settlement.void,
                realized_quantity_tokens=settlement.realized_quantity_tokens,
                realized_payment_nano=settlement.realized_payment_nano,
            )

    def _request_row(self, end: ChatEnd) -> RequestRow:
        request, turn = end.open.request, end.open.turn
        truth = self._clients[request.client].valuation
        return RequestRow(
            *self._at,
            request=request.request,
            client=request.client,
            dialogue=request.dialogue,
            turn=request.turn,
            hub=end.open.hub,
            domain=turn.task.domain,
            guessed_domain=end.open.guessed_domain,
            difficulty=turn.task.difficulty,
            arrival_round=end.open.arrival_round,
            arrival_s=request.arrival_s,
            prompt_tokens=request.prompt_tokens,
            reported_quality_weight=request.reported.quality_weight,
            reported_quality_usd=request.reported.quality_usd,
            reported_latency_usd_per_s=request.reported.latency_usd_per_s,
            true_quality_weight=truth.quality_weight,
            true_quality_usd=truth.quality_usd,
            true_latency_usd_per_s=truth.latency_usd_per_s,
            status=end.status,
            retry_of=end.open.retry_of,
        )


def _listed(errors: ForecastErrors | None, which: str, row: int) -> list[float]:
    return [] if errors is None else getattr(errors, which)[row].tolist()


def _reported_welfare(reply: ChatReply) -> int:
    return sum(award.value_nano - award.cost_nano for award in reply.awards)
