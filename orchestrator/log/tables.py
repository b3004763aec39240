"""The tables of the log: one class each, one field a column, its meaning beside its type.

Every row has the trial and the round in which it was written. Money is integer nano-USD, times
are seconds of trial time. Lists over providers are in the order of the ``providers`` rows with
that hub. Columns named ``true_`` or ``realized_`` are private: the log has them for analysis, no
hub ever does, except what a workflow turned out to take, which is no secret once it is done.
"""

from __future__ import annotations

from typing import Annotated, NamedTuple

from orchestrator.log.key import Round, Trial
from orchestrator.log.workflow_tables import (
    AuctionRow,
    EdgeRow,
    HandoffRow,
    NodeRow,
    WorkflowRow,
)


class ProviderRow(NamedTuple):
    """A provider as it declared itself, once a trial."""

    trial: Trial
    round: Round
    provider: Annotated[str, "id"]
    hub: Annotated[str | None, "the matching hub that owns it; null without chat slots"]
    model: Annotated[str | None, "the model it serves; null where the scenario names none"]
    tier: Annotated[int, "capability tier"]
    domains: Annotated[list[str], "what it specialises in"]
    input_ratio: Annotated[float, "cost of an uncached input token over that of an output token"]
    hit_ratio: Annotated[float, "cost of a cached input token over that of an output token"]
    chat_slots: Annotated[int, "chat requests it serves at a time"]
    workflow_slots: Annotated[int, "workflows it takes part in at a time"]
    scores: Annotated[list[float], "published benchmark scores, domains in order of name"]
    engine_profile: Annotated[str, "its engine's profile"]
    kv_blocks: Annotated[int, "blocks in its KV cache"]
    step_s: Annotated[float, "engine: time of a step that computes nothing"]
    prefill_s_per_token: Annotated[float, "engine: time for an uncached prompt token"]
    decode_s_per_seq: Annotated[float, "engine: time of a step for each running request"]


class HubRow(NamedTuple):
    """A matching hub's round, and what it published."""

    trial: Trial
    round: Round
    hub: Annotated[str, "id"]
    arrived: Annotated[int, "requests routed to it"]
    awarded: Annotated[int, "requests it matched"]
    refused: Annotated[int, "requests it turned away, or gave up after waiting"]
    turned_away: Annotated[int, "of those, by its admission control"]
    explored: Annotated[int, "requests it matched to learn, not by its mechanism"]
    free_slots: Annotated[int, "chat slots left free after the clearing"]
    reported_welfare_nano: Annotated[int, "predicted value less cost of its matches"]
    scarcity_prices_nano: Annotated[list[int], "what one more slot at each provider would add"]
    largest_prices_nano: Annotated[
        list[int | None], "what one slot less would take away; null where none was to be had"
    ]
    promised_client_losses: Annotated[int, "matches whose client pays more than predicted value"]
    promised_by_clients_nano: Annotated[int, "what clients pay if all matches are served"]
    promised_to_providers_nano: Annotated[int, "what providers receive then"]
    paid_by_clients_nano: Annotated[int, "what clients paid in settlements of this round"]
    received_by_providers_nano: Annotated[int, "what providers received in them"]
    realized_client_losses: Annotated[int, "answers worth less to their client than it paid"]
    realized_provider_losses: Annotated[int, "answers that cost more than their provider received"]
    cached_dialogues: Annotated[int, "entries in its prefix ledger"]
    cached_tokens: Annotated[int, "tokens in its prefix ledger"]


class RoundRow(NamedTuple):
    """One round of the whole market."""

    trial: Trial
    round: Round
    time_s: Annotated[float, "end of the round"]
    electricity_factor: Annotated[float, "common factor on all costs"]
    arrived: Annotated[int, "chat requests that arrived"]
    awarded: Annotated[int, "chat requests that were matched"]
    served: Annotated[int, "chat requests whose answer came"]
    refused: Annotated[int, "chat requests given up"]
    failed: Annotated[int, "chat requests that failed"]
    reauctioned: Annotated[int, "chat requests that failed and are auctioned once more"]
    inflight: Annotated[int, "chat requests being served at its end"]
    reported_welfare_nano: Annotated[int, "predicted value less cost of the matches"]
    classified: Annotated[int, "graded requests whose domain the classifier had guessed"]
    classified_right: Annotated[int, "of those, guessed right"]


class RequestRow(NamedTuple):
    """A chat request, written once, when it ended."""

    trial: Trial
    round: Round
    request: Annotated[str, "id: dialogue.turn"]
    client: Annotated[str, "its owner"]
    dialogue: Annotated[str, "its dialogue"]
    turn: Annotated[int, "turn of the dialogue, from 1"]
    hub: Annotated[str, "the hub it was routed to"]
    domain: Annotated[str, "what it is about"]
    guessed_domain: Annotated[str, "what the classifier took it to be about"]
    difficulty: Annotated[float, "in [0, 1]"]
    arrival_round: Annotated[int, "the round that it arrived in"]
    arrival_s: Annotated[float, "when it arrived"]
    prompt_tokens: Annotated[int, "length of its prompt"]
    reported_quality_weight: Annotated[float, "reported weight of quality against latency"]
    reported_quality_usd: Annotated[float, "reported worth of a perfect answer, USD"]
    reported_latency_usd_per_s: Annotated[float, "reported cost of a second to the first token"]
    true_quality_weight: Annotated[float, "true weight of quality against latency"]
    true_quality_usd: Annotated[float, "true worth of a perfect answer, USD"]
    true_latency_usd_per_s: Annotated[float, "true cost of a second to the first token"]
    status: Annotated[str, "served, refused, failed, or reauctioned: failed, and auctioned again"]
    retry_of: Annotated[str | None, "the reauctioned request that this is the second auction of"]


class BidRow(NamedTuple):
    """A provider's bid in one round, USD per 1e6 output tokens."""

    trial: Trial
    round: Round
    provider: Annotated[str, "id"]
    chat_bid: Annotated[float, "for chat requests"]
    workflow_bid: Annotated[float, "for workflows"]
    prior_low: Annotated[float, "lowest cost that the market expects"]
    prior_high: Annotated[float, "highest cost that the market expects"]
    prior: Annotated[int | None, "its row in priors; null: uniform between the two"]
    price_level: Annotated[float, "factor on the prices of that row in this round"]
    true_cost: Annotated[float, "private cost"]
    available: Annotated[bool, "whether it offers its slots; else the prices bought nothing"]
    absence: Annotated[
        str | None, "private: why it does not, outage, left, hung or lost; null where it does"
    ]
    load: Annotated[float, "private: jobs in flight over slots, 1 at most"]
    fixed_cost_nano: Annotated[int, "private: what being in the market cost since the last round"]


class PriorRow(NamedTuple):
    """A public prior that is not uniform, once a trial however many providers it is of.

    Prices are USD per 1e6 output tokens. The priors that a hub learned are not here: they follow
    from the table ``bids`` and the scenario, see ``orchestrator.analysis.replay``.
    """

    trial: Trial
    round: Round
    prior: Annotated[int, "its number, from 0"]
    kind: Annotated[str, "truncated_normal, truncated_lognormal or empirical"]
    low: Annotated[float, "lowest cost of the support"]
    high: Annotated[float, "highest cost of the support"]
    mean: Annotated[float | None, "truncated_normal: mean before the cut"]
    deviation: Annotated[float | None, "truncated_normal: standard deviation before the cut"]
    median: Annotated[float | None, "truncated_lognormal: median before the cut"]
    sigma: Annotated[float | None, "truncated_lognormal: deviation of the logarithm before the cut"]
    samples: Annotated[list[float] | None, "empirical: costs that were seen"]


class PredictionRow(NamedTuple):
    """A request in one clearing: what was predicted, and the integers that were cleared."""

    trial: Trial
    round: Round
    hub: Annotated[str, "where it was cleared"]
    request: Annotated[str, "id"]
    client: Annotated[str, "its owner"]
    explored: Annotated[bool, "left out of the mechanism, to learn from a random match"]
    capacities: Annotated[list[int], "free slots of each provider"]
    output_tokens: Annotated[float, "predicted length of the answer"]
    matched_tokens: Annotated[list[int], "prompt tokens that the ledger expected cached"]
    cached_tokens: Annotated[list[float], "predicted cached tokens"]
    ttft_s: Annotated[list[float], "predicted time to the first token"]
    quality: Annotated[list[float], "predicted chance of a right answer"]
    ttft_error: Annotated[list[float], "its standard error; empty where bids are not cautious"]
    quality_error: Annotated[list[float], "likewise of the chance of a right answer"]
    charged_error: Annotated[list[float], "likewise of the tokens charged, output equivalents"]
    value_nano: Annotated[list[int], "predicted worth by the client's report"]
    cost_nano: Annotated[list[int], "predicted cost at the provider's bid"]


class AwardRow(NamedTuple):
    """A chat request matched to a provider, or a provider's part in a bought workflow."""

    trial: Trial
    round: Round
    kind: Annotated[str, "chat or workflow"]
    request: Annotated[str, "id of the request or workflow"]
    client: Annotated[str, "who pays"]
    provider: Annotated[str, "who serves"]
    hub: Annotated[str, "who cleared"]
    value_nano: Annotated[int | None, "predicted worth by the client's report; null for workflows"]
    cost_nano: Annotated[int, "cost at the bid: predicted (chat) or by the quantity (workflow)"]
    client_pays_nano: Annotated[int, "fixed here, void on failure"]
    provider_receives_nano: Annotated[int, "fixed here, void on failure"]
    quantity_tokens: Annotated[float | None, "workflow: the quantity won, output-token equivalents"]
    true_cost_nano: Annotated[int, "the same cost at the provider's private cost"]
    expected_output_tokens: Annotated[float | None, "chat: predicted length of the answer"]
    expected_cached_tokens: Annotated[float | None, "chat: predicted cached tokens"]
    expected_ttft_s: Annotated[float | None, "chat: predicted time to the first token"]
    expected_quality: Annotated[float | None, "chat: predicted chance of a right answer"]
    explored: Annotated[bool, "matched to learn, not by the mechanism; the hub pays"]


class PrequentialRow(NamedTuple):
    """How far predictions were off, of the awards of a provider whose labels came in a round.

    Sums, so that they add up over rounds and providers: a normalised mean absolute error (NMAE) is
    a sum of absolute errors over the sum of what was observed. Charged tokens are those of Eq. (6)
    in output-token equivalents: a cost, whatever the bid.
    """

    trial: Trial
    round: Round
    hub: Annotated[str, "who predicted"]
    provider: Annotated[str, "who served"]
    labels: Annotated[int, "requests that were served"]
    ttft_abs_error_s: Annotated[float, "absolute errors of the time to the first token"]
    ttft_s: Annotated[float, "the times themselves"]
    output_abs_error_tokens: Annotated[float, "absolute errors of the length of answers"]
    output_tokens: Annotated[float, "tokens of answers"]
    reported: Annotated[int, "answers whose cached tokens were reported; so the next four"]
    cached_abs_error_tokens: Annotated[float, "absolute errors of cached tokens"]
    cached_tokens: Annotated[float, "cached tokens"]
    cost_abs_error_tokens: Annotated[float, "absolute errors of charged tokens"]
    cost_tokens: Annotated[float, "charged tokens"]
    graded: Annotated[int, "answers that were graded"]
    quality_abs_error: Annotated[float, "absolute errors of grades"]
    quality_squared_error: Annotated[float, "squared errors of grades; over graded: Brier score"]
    quality: Annotated[float, "grades"]


class CompletionRow(NamedTuple):
    """What came of a chat request, or of a workflow node (request = workflow/node)."""

    trial: Trial
    round: Round
    kind: Annotated[str, "chat or node"]
    request: Annotated[str, "id"]
    provider: Annotated[str, "who served"]
    submitted_s: Annotated[float, "when it reached the provider"]
    finish_s: Annotated[float, "when its last token came"]
    ttft_s: Annotated[float, "from submission to the first token"]
    tpot_s: Annotated[float, "mean time per output token after the first"]
    prompt_tokens: Annotated[int, "length of the prompt"]
    cached_tokens: Annotated[int | None, "of those, found cached; null where not reported"]
    output_tokens: Annotated[int, "length of the answer"]
    length_tokens: Annotated[float | None, "node: realised output of one run, not scaled down"]
    quality: Annotated[float | None, "grade in [0, 1]; null for nodes and failures"]
    error: Annotated[str | None, "why it failed; null where served"]
    realized_cost_nano: Annotated[int, "what serving it truly cost the provider"]
    realized_value_nano: Annotated[int | None, "what it was truly worth; null for nodes"]
    text: Annotated[str | None, "the answer of a real engine that was asked in text"]


class SettlementRow(NamedTuple):
    """Money that moved when a chat request or a workflow ended."""

    trial: Trial
    round: Round
    kind: Annotated[str, "chat or workflow"]
    request: Annotated[str, "id of the request or workflow"]
    client: Annotated[str, "who paid"]
    provider: Annotated[str, "who received"]
    hub: Annotated[str, "who kept the rest"]
    client_paid_nano: Annotated[int, "by the client"]
    provider_received_nano: Annotated[int, "by the provider"]
    hub_kept_nano: Annotated[int, "the difference"]
    void: Annotated[bool, "the work failed, nothing moved"]
    realized_quantity_tokens: Annotated[
        float | None, "workflow: what was run in the end, output-token equivalents; null if void"
    ]
    realized_payment_nano: Annotated[
        int | None, "workflow: the award's payment in proportion to that; null if void"
    ]


class FaultRow(NamedTuple):
    """Something that befell a participant: a row for each event."""

    trial: Trial
    round: Round
    participant: Annotated[str, "provider, hub or orchestrator"]
    name: Annotated[str, "id"]
    event: Annotated[
        str, "crash, hang, given_up (it hung too long), unreachable (work came while lost) or back"
    ]
    cause: Annotated[str, "drawn, listed, resumed, or what was seen of a process that was lost"]
    lost: Annotated[int, "chat requests and nodes in flight that failed by it"]
    reauctioned: Annotated[int, "of those, chat requests that are auctioned once more"]


class DigestRow(NamedTuple):
    """What was written into a table in a round, by its digest; no row where nothing was.

    Digests are chained: each depends on all rows before it in the trial but timings, on the trial
    before and on what the run says of itself. A trial begins with the row of ``run.json``.
    """

    trial: Trial
    round: Round
    table: Annotated[str, "which"]
    rows: Annotated[int, "rows that were written"]
    digest: Annotated[str, "SHA-256 of them and of the digest before, in hexadecimal"]
    row_digests: Annotated[list[int], "32 bits of each row, in order, by which a bad one is found"]


class TimingRow(NamedTuple):
    """Wall-clock seconds that a round took; the only table that differs between equal runs."""

    trial: Trial
    round: Round
    engines_s: Annotated[float, "advancing the providers"]
    routing_s: Annotated[float, "arrivals and routing"]
    hubs_s: Annotated[float, "the matching hubs and the workflow hub"]
    log_s: Annotated[float, "making the rows of the log"]


Row = (
    ProviderRow
    | HubRow
    | RoundRow
    | RequestRow
    | BidRow
    | PriorRow
    | PredictionRow
    | AwardRow
    | PrequentialRow
    | CompletionRow
    | SettlementRow
    | AuctionRow
    | WorkflowRow
    | NodeRow
    | EdgeRow
    | HandoffRow
    | FaultRow
    | DigestRow
    | TimingRow
)

#: Every table by name.
TABLES: dict[str, type[Row]] = {
    "providers": ProviderRow,
    "hubs": HubRow,
    "rounds": RoundRow,
    "requests": RequestRow,
    "bids": BidRow,
    "priors": PriorRow,
    "predictions": PredictionRow,
    "awards": AwardRow,
    "prequential": PrequentialRow,
    "completions": CompletionRow,
    "settlements": SettlementRow,
    "auctions": AuctionRow,
    "workflows": WorkflowRow,
    "nodes": NodeRow,
    "edges": EdgeRow,
    "handoffs": HandoffRow,
    "faults": FaultRow,
    "digests": DigestRow,
    "timings": TimingRow,
}

TABLE_OF: dict[type[Row], str] = {row: name for name, row in TABLES.items()}
