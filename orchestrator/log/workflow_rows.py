"""The rows of a workflow: when it was bought, and when it ended."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from hubs.handoff import Handoff
from hubs.workflow_award import WorkflowAward
from hubs.workflow_hub import WORKFLOW_HUB
from market.messages import WORKFLOW, Bid, Settlement
from market.money import TOKENS_PER_MTOK, nano_usd
from market.workflow import StarOutcome
from orchestrator.log.tables import AwardRow
from orchestrator.log.workflow_tables import AuctionRow, EdgeRow, HandoffRow, NodeRow, WorkflowRow
from orchestrator.records import OpenWorkflow


def bought_rows(
    at: tuple[int, int],
    name: str,
    award: WorkflowAward,
    bids: Mapping[str, Bid],
    true_costs: Mapping[str, float],
) -> Iterator[AuctionRow | AwardRow | NodeRow | EdgeRow]:
    """A workflow that was bought: its auction, each winner's part, its nodes and its edges.

    Args:
        at: trial and round.
        name: of its graph.
        award: what was bought, from whom.
        bids: by provider.
        true_costs: by provider, USD per 1e6 output tokens.
    """
    request, allocation = award.request, award.outcome.allocation
    yield _auction_row(at, name, award)
    for provider, quantity in award.outcome.quantities.items():
        mtok = quantity / TOKENS_PER_MTOK
        yield AwardRow(
            *at,
            kind=WORKFLOW,
            request=request.request,
            client=request.client,
            provider=provider,
            hub=WORKFLOW_HUB,
            value_nano=None,
            cost_nano=nano_usd(bids[provider].workflow * mtok),
            client_pays_nano=award.payments_nano[provider],
            provider_receives_nano=award.payments_nano[provider],
            quantity_tokens=quantity,
            true_cost_nano=nano_usd(true_costs[provider] * mtok),
            expected_output_tokens=None,
            expected_cached_tokens=None,
            expected_ttft_s=None,
            expected_quality=None,
            explored=False,
        )
    for node in request.workflow.nodes:
        yield NodeRow(
            *at,
            workflow=request.request,
            node=node.id,
            provider=allocation[node.id],
            output_tokens=node.output_tokens,
            input_tokens=node.input_tokens,
            difficulty=node.difficulty,
            capable=None if node.capable is None else sorted(node.capable),
        )
    for edge in request.workflow.edges:
        yield EdgeRow(
            *at,
            workflow=request.request,
            source=edge.source,
            target=edge.target,
            transfer_tokens=edge.transfer_tokens,
            iterations=edge.iterations,
            switched=allocation[edge.source] != allocation[edge.target],
        )


def _auction_row(at: tuple[int, int], name: str, award: WorkflowAward) -> AuctionRow:
    outcome = award.outcome if isinstance(award.outcome, StarOutcome) else None
    return AuctionRow(
        *at,
        workflow=award.request.request,
        name=name,
        client=award.request.client,
        virtual_cost_usd=outcome.virtual_cost_usd if outcome else None,
        solver=outcome.solver if outcome else None,
        payment_nano=sum(award.payments_nano.values()),
        winners=len(award.payments_nano),
        bidders=list(award.bidders),
    )


def handoff_row(at: tuple[int, int], handoff: Handoff) -> HandoffRow:
    """An edge whose target was done in a round."""
    return HandoffRow(
        *at,
        workflow=handoff.workflow,
        source=handoff.source,
        target=handoff.target,
        source_provider=handoff.source_provider,
        target_provider=handoff.target_provider,
        switched=handoff.switched,
        continued=handoff.continued,
        transfer_tokens=handoff.transfer_tokens,
        assumed_cached_tokens=handoff.assumed_cached_tokens,
        prompt_tokens=handoff.prompt_tokens,
        cached_tokens=handoff.cached_tokens,
        recomputed_tokens=handoff.recomputed_tokens,
    )


def workflow_row(
    at: tuple[int, int], ended: OpenWorkflow, status: str, settlements: Iterable[Settlement]
) -> WorkflowRow:
    """A workflow that ended; its settlements are among those of the round."""
    settled = sum(
        settlement.client_paid_nano
        for settlement in settlements
        if settlement.request == ended.request.request
    )
    return WorkflowRow(
        *at,
        workflow=ended.request.request,
        name=ended.arrival.name,
        client=ended.request.client,
        arrival_s=ended.request.arrival_s,
        awarded_round=ended.awarded_round,
        status=status,
        retry_of=ended.retry_of,
        settled_nano=None if ended.awarded_round is None else settled,
    )
