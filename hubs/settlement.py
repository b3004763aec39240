"""Settling a workflow on the work that it turned out to be.

An auction buys expected lengths: winner i is to be paid P_i for q_i output-token equivalents. Once
its nodes are done their lengths are known, and ``settle: realized`` pays

    P_i * q_i(realised) / q_i(predicted),

the price per token that the auction found, times the tokens that were served. Transfers and their
part in q grow and shrink with the output of their source; external input is known beforehand. q_i
is linear in the lengths, so if each length has its prediction as its mean, whatever was bid and
whoever serves, then E[q_i(realised)] = q_i(predicted): expected payment, expected cost and with
them truthfulness in expectation, for providers who do not mind risk, are those of the auction.
Predictions that are biased, or answers that a provider can stretch, break it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from market.money import whole_nano
from market.workflow import Workflow


def realized_workflow(workflow: Workflow, length_tokens: Mapping[str, float]) -> Workflow:
    """The workflow with the lengths that its nodes turned out to have, and transfers with them."""
    grown = {
        node.id: length_tokens[node.id] / node.output_tokens if node.output_tokens else 1.0
        for node in workflow.nodes
    }
    nodes = tuple(replace(node, output_tokens=length_tokens[node.id]) for node in workflow.nodes)
    edges = tuple(
        replace(edge, transfer_tokens=edge.transfer_tokens * grown[edge.source])
        for edge in workflow.edges
    )
    return Workflow(nodes, edges)


def in_proportion(payment_nano: int, predicted_tokens: float, realized_tokens: float) -> int:
    """A payment for ``predicted_tokens``, for ``realized_tokens`` instead; of no work, itself.

    It saturates where all money does.
    """
    if predicted_tokens == 0 or payment_nano == 0:
        return payment_nano
    return whole_nano(payment_nano * (realized_tokens / predicted_tokens))
