"""One workflow: what it costs by the auction, what it cost on the engines, and why they differ.

Both are priced at the true costs of the round in which the workflow was bought, so that nothing but
the quantities differs. An edge whose source and target are at one provider is charged kappa' T by
the auction, where kappa' is kappa or, where cached input is free, 0. Its part of the target's
prompt is P tokens, of which C were cached and R = P - C were not, and costs rho R + kappa C. So the
difference is exactly

    (kappa - kappa') T  +  kappa (P - T)  +  (rho - kappa) R:

the price of cached tokens, a session that is longer than the context that the auction counts, and
what was computed again. An edge between two providers is charged rho T and costs rho T less
(rho - kappa) C: some other node had read the same there. The rest is rounding to whole tokens.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field

from hubs.handoff import Handoff
from hubs.workflow_award import WorkflowAward
from market.errors import BadInput
from market.messages import NODE, Completion
from market.money import TOKENS_PER_MTOK, usd
from market.profiles import ProviderProfile
from orchestrator.assembly import Market, assemble
from orchestrator.records import RoundRecord
from orchestrator.runtime import InProcess
from orchestrator.scenario.model import Scenario
from orchestrator.trial import Trial

SECOND_PARENT = "second parent"
BLOCK_ROUNDING = "block rounding"
EVICTED = "evicted"

#: Why tokens that the auction took as cached were computed again.
LOSSES = (SECOND_PARENT, BLOCK_ROUNDING, EVICTED)

CACHED_PRICE = "cached price"
LONGER_SESSION = "longer session"
FOUND_CACHED = "found cached"
ROUNDING = "whole tokens"

#: Why a workflow costs something else than the auction says.
CAUSES = (CACHED_PRICE, LONGER_SESSION, *LOSSES, FOUND_CACHED, ROUNDING)


@dataclass(frozen=True)
class WorkflowGap:
    """One workflow that was served. Tokens are before the scale of execution, amounts USD.

    Attributes:
        name: of its graph.
        assumed_tokens: what the auction took as cached.
        lost_tokens: what of them was computed again, by ``LOSSES``.
        sent_tokens: what the auction took as sent to another provider.
        found_tokens: what of them was cached there all the same.
        auctioned_usd: sum of c_i q_i.
        realised_usd: what the same work cost, caches as they were.
        causes_usd: the difference, by ``CAUSES``.
        underpaid: winners whose payment is below what their part cost.
        winners: all of them.
    """

    name: str
    assumed_tokens: float
    lost_tokens: Mapping[str, float]
    sent_tokens: float
    found_tokens: float
    auctioned_usd: float
    realised_usd: float
    causes_usd: Mapping[str, float]
    underpaid: int
    winners: int


@dataclass
class _Served:
    """What is gathered of a workflow under way."""

    award: WorkflowAward
    name: str
    costs: Mapping[str, float]
    completions: list[Completion] = field(default_factory=list)
    handoffs: list[Handoff] = field(default_factory=list)


def rounds_of(scenario: Scenario) -> Iterator[tuple[Market, RoundRecord]]:
    """Play the first trial of a scenario in this process, round by round."""
    market = assemble(scenario, 0)
    with closing(InProcess()) as runtime:
        runtime.seat(scenario, market)
        for record in Trial(scenario, market, runtime).rounds():
            yield market, record


def play(scenario: Scenario) -> list[WorkflowGap]:
    """The workflows that are served in the first trial of a scenario."""
    ledger = GapLedger(charged=scenario.hubs.workflow.charge_cached_input)
    return [gap for market, record in rounds_of(scenario) for gap in ledger.note(market, record)]


class GapLedger:
    """Gathers what comes of workflows, round by round.

    Args:
        charged: whether the auctions charge cached input.
    """

    def __init__(self, *, charged: bool):
        self._charged = charged
        self._open: dict[str, _Served] = {}

    def note(self, market: Market, record: RoundRecord) -> list[WorkflowGap]:
        """The workflows that ended in a round and were served."""
        for done in record.completions:
            if done.kind == NODE:
                self._open[done.request.partition("/")[0]].completions.append(done)
        for handoff in record.workflows.handoffs:
            self._open[handoff.workflow].handoffs.append(handoff)
        profiles = {profile.provider: profile for profile in market.providers}
        ended = [(self._open.pop(end.request), end.error) for end in record.workflows.ended]
        costs = {reply.bid.provider: reply.private.cost_usd_per_mtok for reply in record.replies}
        for award in record.workflows.awards:
            name = record.workflow_names[award.request.request]
            self._open[award.request.request] = _Served(award, name, costs)
        return [
            _gap(served, profiles, charged=self._charged)
            for served, error in ended
            if error is None
        ]


def _gap(served: _Served, profiles: Mapping[str, ProviderProfile], *, charged: bool) -> WorkflowGap:
    award, scale = served.award, served.award.request.execution_scale
    realised = _realised_usd(served, profiles)
    auctioned = {
        provider: served.costs[provider] * quantity / TOKENS_PER_MTOK
        for provider, quantity in award.outcome.quantities.items()
    }
    lost: defaultdict[str, float] = defaultdict(float)
    causes: defaultdict[str, float] = defaultdict(float)
    for handoff in served.handoffs:
        profile = profiles[handoff.target_provider]
        cost = served.costs[handoff.target_provider] / TOKENS_PER_MTOK / scale
        recomputed = recomputed_by_loss(handoff, profile.engine.block_size)
        for loss, tokens in _of_the_assumption(recomputed, handoff).items():
            lost[loss] += tokens
        for loss, tokens in recomputed.items():
            causes[loss] += cost * (profile.input_ratio - profile.hit_ratio) * tokens
        for cause, equivalents in _otherwise_charged(handoff, profile, charged=charged).items():
            causes[cause] += cost * equivalents
    sent = [handoff for handoff in served.handoffs if handoff.switched]
    total = sum(realised.values()) - sum(auctioned.values())
    causes[ROUNDING] = total - sum(causes.values())
    return WorkflowGap(
        name=served.name,
        assumed_tokens=sum(one.assumed_cached_tokens for one in served.handoffs) / scale,
        lost_tokens={loss: lost[loss] / scale for loss in LOSSES},
        sent_tokens=sum(one.transfer_tokens for one in sent) / scale,
        found_tokens=sum(known(one.cached_tokens) for one in sent) / scale,
        auctioned_usd=sum(auctioned.values()),
        realised_usd=sum(realised.values()),
        causes_usd={cause: causes[cause] for cause in CAUSES},
        underpaid=sum(
            usd(award.payments_nano[provider]) < cost for provider, cost in realised.items()
        ),
        winners=len(auctioned),
    )


def _realised_usd(served: _Served, profiles: Mapping[str, ProviderProfile]) -> Mapping[str, float]:
    """What each winner's nodes cost it, undoing the scale of execution."""
    scale = served.award.request.execution_scale
    spent: defaultdict[str, float] = defaultdict(float)
    for done in served.completions:
        tokens = profiles[done.provider].charged_tokens(
            done.prompt_tokens, known(done.cached_tokens), done.output_tokens
        )
        spent[done.provider] += served.costs[done.provider] * tokens / scale / TOKENS_PER_MTOK
    return spent


def recomputed_by_loss(handoff: Handoff, block_size: int) -> Mapping[str, int]:
    """The tokens of a reused edge that were computed again, by ``LOSSES``.

    Of a session of S tokens the last one that was generated was never computed, and only full
    blocks are kept: what lies behind them is lost to rounding, the rest to eviction.
    """
    if handoff.switched or not handoff.prompt_tokens:
        return {}
    recomputed = handoff.prompt_tokens - known(handoff.cached_tokens)
    if not handoff.continued:
        return {SECOND_PARENT: recomputed}
    tail = handoff.prompt_tokens - (handoff.prompt_tokens - 1) // block_size * block_size
    rounded = min(tail, recomputed)
    return {BLOCK_ROUNDING: rounded, EVICTED: recomputed - rounded}


def _of_the_assumption(recomputed: Mapping[str, int], handoff: Handoff) -> Mapping[str, int]:
    """Of the tokens that the auction took as cached, which stand last in a session."""
    left, lost = handoff.assumed_cached_tokens, {}
    for loss, tokens in recomputed.items():
        lost[loss] = min(tokens, left)
        left -= lost[loss]
    return lost


def _otherwise_charged(
    handoff: Handoff, profile: ProviderProfile, *, charged: bool
) -> Mapping[str, float]:
    """In output-token equivalents, as executed, what makes the other differences."""
    kappa, transfer = profile.hit_ratio, handoff.transfer_tokens
    if handoff.switched:
        found = known(handoff.cached_tokens)
        return {FOUND_CACHED: -(profile.input_ratio - kappa) * found}
    return {
        CACHED_PRICE: 0.0 if charged else kappa * transfer,
        LONGER_SESSION: kappa * (handoff.prompt_tokens - transfer),
    }


def known(cached_tokens: int | None) -> int:
    """A count of cached tokens that the engine has to report."""
    if cached_tokens is None:
        raise BadInput("engine", "expected one that reports cached tokens")
    return cached_tokens
