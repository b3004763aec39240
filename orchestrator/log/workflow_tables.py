"""The tables of workflows: what was bought, of whom, and what came of it."""

from __future__ import annotations

from typing import Annotated, NamedTuple

from orchestrator.log.key import Round, Trial


class AuctionRow(NamedTuple):
    """The auction of a workflow, written when the workflow was bought."""

    trial: Trial
    round: Round
    workflow: Annotated[str, "id"]
    name: Annotated[str, "which graph: S1 ... S4, random"]
    client: Annotated[str, "who pays"]
    virtual_cost_usd: Annotated[float | None, "what STAR minimised; null under other rules"]
    solver: Annotated[str | None, "the exact solver that STAR used"]
    payment_nano: Annotated[int, "sum of the payments that were fixed, void on failure"]
    winners: Annotated[int, "providers that won a node"]
    bidders: Annotated[list[str], "providers that took part, in tie order"]


class WorkflowRow(NamedTuple):
    """A workflow, written once, when it ended."""

    trial: Trial
    round: Round
    workflow: Annotated[str, "id"]
    name: Annotated[str, "which graph: S1 ... S4, random"]
    client: Annotated[str, "who pays"]
    arrival_s: Annotated[float, "when it arrived"]
    awarded_round: Annotated[int | None, "when it was bought; null where refused"]
    status: Annotated[str, "served, refused, failed, or reauctioned: failed, and auctioned again"]
    retry_of: Annotated[str | None, "the reauctioned workflow that this is the second auction of"]
    settled_nano: Annotated[int | None, "what the client paid in the end; null where refused"]


class NodeRow(NamedTuple):
    """A node of a workflow, written when the workflow was bought."""

    trial: Trial
    round: Round
    workflow: Annotated[str, "id"]
    node: Annotated[str, "id within the workflow"]
    provider: Annotated[str, "who won it"]
    output_tokens: Annotated[float, "auctioned length of one run"]
    input_tokens: Annotated[float, "external input, charged at entry nodes"]
    difficulty: Annotated[int | None, "lowest tier that can do it"]
    capable: Annotated[list[str] | None, "or the providers that can"]


class EdgeRow(NamedTuple):
    """An edge of a workflow, written when the workflow was bought."""

    trial: Trial
    round: Round
    workflow: Annotated[str, "id"]
    source: Annotated[str, "node"]
    target: Annotated[str, "node"]
    transfer_tokens: Annotated[float, "context that the target needs"]
    iterations: Annotated[int | None, "runs of the loop that this feedback edge closes"]
    switched: Annotated[bool, "its ends are at different providers, so the transfer is paid"]


class HandoffRow(NamedTuple):
    """An edge of a workflow, written when its target was done: what was assumed, what was cached.

    Tokens are as they were executed, at the scale of execution.
    """

    trial: Trial
    round: Round
    workflow: Annotated[str, "id"]
    source: Annotated[str, "node"]
    target: Annotated[str, "node"]
    source_provider: Annotated[str, "who ran the source"]
    target_provider: Annotated[str, "who ran the target"]
    switched: Annotated[bool, "the auction assumed that the context is sent again; else reused"]
    continued: Annotated[bool, "the target's prompt went on from the source's session"]
    transfer_tokens: Annotated[int, "the context that the auction counts, of one run"]
    assumed_cached_tokens: Annotated[int, "of those, the tokens that it took as cached"]
    prompt_tokens: Annotated[
        int, "the target's prompt that stands for the source; 0 where the edge closes a loop"
    ]
    cached_tokens: Annotated[int | None, "of those, found cached; null where not reported"]
    recomputed_tokens: Annotated[int | None, "the rest of them; null where not reported"]
