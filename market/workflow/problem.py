"""The JSON form of a workflow auction: a record in, a record out."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from dataclasses import fields
from functools import partial
from typing import Any, TypeVar

from market.errors import BadInput
from market.fields import Fields, check_unique, shown
from market.workflow.auction import WorkflowAuction
from market.workflow.graph import Edge, Node, Workflow, check_size
from market.workflow.mechanisms import (
    NAMES,
    GreedyOutcome,
    MyopicOutcome,
    Outcome,
    Rule,
    rule_named,
)
from market.workflow.offer import Offer, check_hit_ratio
from market.workflow.priors import PRIORS, Prior
from market.workflow.star import StarOptions, StarOutcome

Built = TypeVar("Built")

#: What the fields of the typed objects are called in the JSON form, where it differs.
_KEYS = {"source": "from", "target": "to", "provider": "id"}


def solve_workflow(problem: Mapping[str, Any]) -> dict[str, Any]:
    """Clear one auction of kind "workflow" and answer in the JSON form.

    Bids and priors are USD per 1e6 output tokens, amounts in the answer USD, quantities tokens.
    Raises ``BadInput`` with the dotted key, and what ``star`` raises.
    """
    auction = read_auction(problem)
    return _answer(auction.rule, auction.buy())


def read_auction(problem: Mapping[str, Any]) -> WorkflowAuction:
    """The auction that a problem of kind "workflow" describes; ``BadInput`` with the dotted key."""
    record = Fields(problem, "")
    record.choice("kind", ("workflow",))
    offers = tuple(_offer(item) for item in record.records("providers"))
    check_unique("providers", [offer.provider for offer in offers])
    workflow = read_workflow(record, {offer.provider for offer in offers})
    rule, options = _options(record.record("options", {}))
    record.done()
    if options.charge_cached_input:
        for item, offer in zip(record.records("providers"), offers, strict=True):
            ratios = offer.provider, offer.input_ratio, offer.hit_ratio
            _retold(partial(check_hit_ratio, *ratios), item)
    return WorkflowAuction(workflow, offers, rule, options)


def _offer(record: Fields) -> Offer:
    prior = _prior(record.record("prior"))
    offer = _build(
        Offer,
        record,
        provider=record.text("id"),
        tier=record.integer("tier", low=1),
        input_ratio=record.number("input_ratio"),
        bid=record.number("bid"),
        prior=prior,
        hit_ratio=record.number("hit_ratio", default=0.0),
    )
    record.done()
    if offer.bid > prior.high:  # below the support a virtual cost is the bid itself
        problem = f"expected a bid of at most the top of the prior's support, {prior.high:g}"
        raise BadInput(record.place("bid"), f"{problem}; got {offer.bid:g}")
    return offer


def _prior(record: Fields) -> Prior:
    kind = record.choice("kind", tuple(PRIORS))
    prior = _build(PRIORS[kind].read, record, fields=record)
    record.done()
    return prior


def read_workflow(record: Fields, providers: Container[str] | None) -> Workflow:
    """The workflow in the ``nodes`` and ``edges`` of a record; other keys are left to the caller.

    ``capable`` may name the ``providers`` only, and any provider where they are None.
    Raises ``BadInput`` with the dotted key.
    """
    try:
        check_size(len(record.sequence("nodes")), len(record.sequence("edges")))
    except BadInput as error:
        raise BadInput(record.place(error.where), error.problem) from error
    nodes = tuple(_node(item, providers) for item in record.records("nodes"))
    output = {node.id: node.output_tokens for node in nodes}
    edges = tuple(_edge(item, output) for item in record.records("edges"))
    try:
        return Workflow(nodes, edges)
    except BadInput as error:
        place, _, key = error.where.rpartition(".")
        where = f"{place}.{_KEYS.get(key, key)}" if place else key
        raise BadInput(record.place(where), error.problem) from error


def _node(record: Fields, providers: Container[str] | None) -> Node:
    node = _build(
        Node,
        record,
        id=record.text("id"),
        output_tokens=record.number("output_tokens"),
        input_tokens=record.number("input_tokens", default=0.0),
        difficulty=_optional_integer(record, "difficulty"),
        capable=_capable(record, providers),
    )
    record.done()
    return node


def _capable(record: Fields, providers: Container[str] | None) -> frozenset[str] | None:
    if record.raw("capable", None) is None:
        return None
    names = record.sequence("capable")
    for index, name in enumerate(names):
        known = isinstance(name, str) and (bool(name) if providers is None else name in providers)
        if not known:
            where = f"{record.place('capable')}.{index}"
            raise BadInput(where, f"expected the id of a provider, got {shown(name)}")
    return frozenset(names)


def _edge(record: Fields, output_tokens: Mapping[str, float]) -> Edge:
    source = record.text("from")
    edge = _build(
        Edge,
        record,
        source=source,
        target=record.text("to"),
        transfer_tokens=record.number("transfer_tokens", default=output_tokens.get(source, 0.0)),
        iterations=_optional_integer(record, "iterations"),
    )
    record.done()
    return edge


def _optional_integer(record: Fields, key: str) -> int | None:
    return None if record.raw(key, None) is None else record.integer(key, low=1)


def _options(record: Fields) -> tuple[Rule, StarOptions]:
    rule = _rule(record)
    given = {field.name: record.raw(field.name, field.default) for field in fields(StarOptions)}
    record.done()
    return rule, _build(StarOptions, record, **given)


def _rule(record: Fields) -> Rule:
    """The rule that is named, built in or a plug-in's."""
    name = record.raw("mechanism", "star")
    if isinstance(name, str):
        try:
            NAMES.get(name)
            return rule_named(name)
        except BadInput as error:
            raise BadInput(record.place("mechanism"), error.problem) from error
    expected = f"expected one of {NAMES.choices}"
    raise BadInput(record.place("mechanism"), f"{expected}; got {shown(name)}")


def _build(kind: Callable[..., Built], record: Fields, **values: Any) -> Built:
    """A typed object; what it complains about is retold with its place in the input."""
    return _retold(partial(kind, **values), record)


def _retold(make: Callable[[], Built], record: Fields) -> Built:
    """What ``make`` makes of ``record``; its complaints get their place in the input."""
    try:
        return make()
    except BadInput as error:
        if error.where.startswith(f"{record.where}."):  # it tells its place already
            raise
        key = error.where.rpartition(".")[2]
        raise BadInput(record.place(_KEYS.get(key, key)), error.problem) from error


def _answer(rule: Rule, outcome: Outcome) -> dict[str, Any]:
    """Every mechanism's answer, and what only some can say."""
    answer: dict[str, Any] = {"status": "optimal" if rule.exact else "cleared"}
    if isinstance(outcome, StarOutcome):
        answer["virtual_cost"] = outcome.virtual_cost_usd
    answer["allocation"] = dict(outcome.allocation)
    answer["quantities"] = dict(outcome.quantities)
    answer["payments"] = dict(outcome.payments_usd)
    if isinstance(outcome, MyopicOutcome):
        answer["cold_quantities"] = dict(outcome.cold_quantities)
    if isinstance(outcome, StarOutcome | GreedyOutcome):
        answer["breakpoints"] = {
            provider: [list(point) for point in points]
            for provider, points in outcome.breakpoints.items()
        }
    if isinstance(outcome, StarOutcome):
        answer["solver"] = outcome.solver
    return answer
