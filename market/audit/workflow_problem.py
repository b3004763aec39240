"""Workflow auctions between their JSON form and typed objects."""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from market.audit.report import Problem
from market.fields import Fields
from market.workflow import PRIORS, Edge, Node, Offer, StarOptions, Workflow, solve_workflow
from market.workflow.mechanisms import MECHANISMS, Outcome, Rule
from market.workflow.problem import read_workflow


@dataclass(frozen=True)
class WorkflowAuction:
    """A workflow, the offers for it in canonical order, and the rule that buys it."""

    workflow: Workflow
    offers: tuple[Offer, ...]
    rule: Rule = MECHANISMS["star"]
    options: StarOptions = field(default_factory=StarOptions)

    @classmethod
    def read(cls, problem: Problem) -> WorkflowAuction:
        """The auction of a problem of kind ``workflow``; raises what solving it raises."""
        solve_workflow(problem)  # says best what is wrong with it
        fields = Fields(problem, "")
        offers = [_offer(item) for item in fields.records("providers")]
        options = dict(problem.get("options", {}))
        rule = MECHANISMS[options.pop("mechanism", "star")]
        workflow = read_workflow(fields, {offer.provider for offer in offers})
        return cls(workflow, tuple(offers), rule, StarOptions(**options))

    @property
    def described(self) -> str:
        """The rule and the options that are not the default."""
        defaults = vars(StarOptions())
        told = [f"{key}={v}" for key, v in vars(self.options).items() if v != defaults[key]]
        return " ".join([self.rule.name, *told])

    def buy(self) -> Outcome:
        """Hold the auction."""
        return self.rule.buy(self.workflow, self.offers, self.options)

    def with_bid(self, provider: str, bid: float) -> WorkflowAuction:
        """The same auction with another bid of one provider."""
        offers = tuple(
            replace(offer, bid=bid) if offer.provider == provider else offer
            for offer in self.offers
        )
        return replace(self, offers=offers)

    def as_problem(self) -> dict[str, Any]:
        """The JSON form, lists and plain numbers only."""
        return {
            "kind": "workflow",
            "nodes": [
                _node(node, {offer.provider for offer in self.offers})
                for node in self.workflow.nodes
            ],
            "edges": [_edge(edge) for edge in self.workflow.edges],
            "providers": [
                {
                    "id": offer.provider,
                    "tier": offer.tier,
                    "input_ratio": offer.input_ratio,
                    "bid": offer.bid,
                    "prior": _prior(offer),
                }
                for offer in self.offers
            ],
            "options": {"mechanism": self.rule.name, **asdict(self.options)},
        }


def scaled(
    workflow: Workflow, node_factors: Sequence[float], edge_factors: Sequence[float]
) -> Workflow:
    """The workflow with the output of each node and the context of each edge times a factor."""
    return Workflow(
        tuple(
            replace(node, output_tokens=node.output_tokens * factor)
            for node, factor in zip(workflow.nodes, node_factors, strict=True)
        ),
        tuple(
            replace(edge, transfer_tokens=edge.transfer_tokens * factor)
            for edge, factor in zip(workflow.edges, edge_factors, strict=True)
        ),
    )


def _offer(record: Fields) -> Offer:
    prior = record.record("prior")
    return Offer(
        provider=record.text("id"),
        tier=record.integer("tier", low=1),
        input_ratio=record.number("input_ratio"),
        bid=record.number("bid"),
        prior=PRIORS[prior.choice("kind", tuple(PRIORS))].read(prior),
    )


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
