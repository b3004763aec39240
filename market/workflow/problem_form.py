"""Writing an auction in the JSON form that ``read_auction`` reads."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import asdict
from typing import Any

from market.workflow.auction import WorkflowAuction
from market.workflow.graph import Edge, Node
from market.workflow.offer import Offer


def written_auction(auction: WorkflowAuction) -> dict[str, Any]:
    """The problem of an auction, lists and plain numbers only."""
    names = {offer.provider for offer in auction.offers}
    return {
        "kind": "workflow",
        "nodes": [_node(node, names) for node in auction.workflow.nodes],
        "edges": [_edge(edge) for edge in auction.workflow.edges],
        "providers": [
            {
                "id": offer.provider,
                "tier": offer.tier,
                "input_ratio": offer.input_ratio,
                **({"hit_ratio": offer.hit_ratio} if offer.hit_ratio else {}),
                "bid": offer.bid,
                "prior": _prior(offer),
            }
            for offer in auction.offers
        ],
        "options": {"mechanism": auction.rule.name, **asdict(auction.options)},
    }


def _prior(offer: Offer) -> dict[str, Any]:
    described = asdict(offer.prior)  # type: ignore[call-overload]
    listed = {key: list(v) if isinstance(v, tuple) else v for key, v in described.items()}
    return {"kind": type(offer.prior).kind, **listed}  # type: ignore[attr-defined]


def _node(node: Node, providers: Set[str]) -> dict[str, Any]:
    sizes = {"output_tokens": node.output_tokens, "input_tokens": node.input_tokens}
    if node.capable is None:
        return {"id": node.id, **sizes, "difficulty": node.difficulty}
    return {"id": node.id, **sizes, "capable": sorted(node.capable & providers)}


def _edge(edge: Edge) -> dict[str, Any]:
    described = {"from": edge.source, "to": edge.target, "transfer_tokens": edge.transfer_tokens}
    return described if edge.iterations is None else {**described, "iterations": edge.iterations}
