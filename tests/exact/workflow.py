"""A workflow auction: its tokens, and what every allocation gives everybody to do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import product
from typing import Any, NamedTuple

from tests.exact.priors import Prior, read_prior

#: Of every node, the position of its provider; None where it has none yet.
Allocation = tuple[int | None, ...]
Amounts = tuple[Fraction, ...]

DEFAULTS = {
    "mechanism": "star",
    "solver": "auto",
    "workload": "cost_bearing",
    "payment_method": "exact",
    "reserve": "support_top",
    "charge_entry_input": True,
    "charge_cached_input": False,
}
MILLION = 10**6


@dataclass(frozen=True)
class Provider:
    """A provider with its bid, USD per 1e6 output tokens; ``hit_ratio`` is 0 where it is free."""

    id: str
    tier: int
    input_ratio: Fraction
    hit_ratio: Fraction
    bid: Fraction
    prior: Prior

    @property
    def virtual_cost(self) -> Fraction:
        return self.prior.virtual_cost(self.bid)


class Transfer(NamedTuple):
    """Tokens from one node to another over all executions; ends are positions."""

    source: int
    target: int
    tokens: Fraction


@dataclass(frozen=True)
class Tokens:
    """The tokens of a workflow over all executions; ``ordinary`` edges are pairs of positions."""

    output: Amounts
    entry_input: Amounts
    transfers: tuple[Transfer, ...]
    ordinary: tuple[tuple[int, int], ...]


class Division(NamedTuple):
    """An allocation with what every provider runs, and its cold work, in tokens."""

    allocation: tuple[int, ...]
    run: Amounts
    cold: Amounts


@dataclass(frozen=True)
class Auction:
    """A workflow auction with all of its allocations."""

    nodes: tuple[str, ...]
    domains: tuple[tuple[int, ...], ...]
    tokens: Tokens
    providers: tuple[Provider, ...]
    options: Mapping[str, Any]
    divisions: tuple[Division, ...]

    @classmethod
    def read(cls, problem: Mapping[str, Any]) -> Auction:
        """The auction of a problem whose numbers are fractions or integers."""
        options = DEFAULTS | problem.get("options", {})
        providers = tuple(
            Provider(
                record["id"],
                record["tier"],
                Fraction(record["input_ratio"]),
                Fraction(record.get("hit_ratio", 0) if options["charge_cached_input"] else 0),
                Fraction(record["bid"]),
                read_prior(record["prior"]),
            )
            for record in problem["providers"]
        )
        tokens = _tokens(problem["nodes"], problem["edges"], options["charge_entry_input"])
        domains = tuple(_domain(node, providers) for node in problem["nodes"])
        return cls(
            nodes=tuple(node["id"] for node in problem["nodes"]),
            domains=domains,
            tokens=tokens,
            providers=providers,
            options=options,
            divisions=tuple(
                Division(
                    allocation,
                    run_work(tokens, providers, allocation),
                    cold_work(tokens, providers, allocation),
                )
                for allocation in product(*domains)
            ),
        )

    @property
    def bids(self) -> Amounts:
        return tuple(provider.bid for provider in self.providers)

    @property
    def virtual_costs(self) -> Amounts:
        return tuple(provider.virtual_cost for provider in self.providers)

    def with_bid(self, provider: int, bid: Fraction) -> Auction:
        """The same auction with another bid of the provider at a position."""
        changed = list(self.providers)
        changed[provider] = replace(changed[provider], bid=bid)
        return replace(self, providers=tuple(changed))

    def division(self, allocation: tuple[int, ...]) -> Division:
        """What an allocation gives everybody to do."""
        return next(one for one in self.divisions if one.allocation == allocation)

    def work_at(self, node: int, provider: int, others: Allocation = ()) -> Fraction:
        """What a node takes a provider: cold, or where ``others`` says who runs its parents."""
        into = [transfer for transfer in self.tokens.transfers if transfer.target == node]
        read = self.tokens.entry_input[node] + sum(transfer.tokens for transfer in into)
        cached = sum(
            transfer.tokens for transfer in into if others and others[transfer.source] == provider
        )
        own = self.providers[provider]
        return self.tokens.output[node] + own.input_ratio * (read - cached) + own.hit_ratio * cached

    def run(self, allocation: Allocation) -> Amounts:
        """What everybody runs under an allocation, which may lack nodes."""
        return run_work(self.tokens, self.providers, allocation)


def run_work(tokens: Tokens, providers: Sequence[Provider], allocation: Allocation) -> Amounts:
    """q_i: output, at the input ratio what comes from others and from outside, and at the hit
    ratio what comes from its own nodes.

    Edges from or to nodes without a provider do not count.
    """
    return _work(tokens, providers, allocation, warm=True)


def cold_work(tokens: Tokens, providers: Sequence[Provider], allocation: Allocation) -> Amounts:
    """The same, but nothing that a node reads is cached."""
    return _work(tokens, providers, allocation, warm=False)


def _work(
    tokens: Tokens, providers: Sequence[Provider], allocation: Allocation, *, warm: bool
) -> Amounts:
    work = [Fraction(0)] * len(providers)
    for node, i in enumerate(allocation):
        if i is not None:
            work[i] += tokens.output[node] + providers[i].input_ratio * tokens.entry_input[node]
    for source, target, amount in tokens.transfers:
        sender, reader = allocation[source], allocation[target]
        if sender is not None and reader is not None:
            cached = warm and sender == reader
            ratio = providers[reader].hit_ratio if cached else providers[reader].input_ratio
            work[reader] += ratio * amount
    return tuple(work)


def _domain(node: Mapping[str, Any], providers: Sequence[Provider]) -> tuple[int, ...]:
    if node.get("capable") is not None:
        return tuple(i for i, one in enumerate(providers) if one.id in node["capable"])
    return tuple(i for i, one in enumerate(providers) if one.tier >= node["difficulty"])


def _tokens(
    nodes: Sequence[Mapping[str, Any]], edges: Sequence[Mapping[str, Any]], charge_input: bool
) -> Tokens:
    position = {node["id"]: place for place, node in enumerate(nodes)}
    ends = [(position[edge["from"]], position[edge["to"]]) for edge in edges]
    ordinary = [
        pair for pair, edge in zip(ends, edges, strict=True) if edge.get("iterations") is None
    ]
    node_runs, edge_runs = [1] * len(nodes), [1] * len(edges)
    for own, edge in enumerate(edges):
        times = edge.get("iterations")
        if times is None:
            continue
        source, target = ends[own]
        loop = _within_reach(target, ordinary) & _within_reach(
            source, [(v, u) for u, v in ordinary]
        )
        for node in loop:
            node_runs[node] *= times
        for other, (u, v) in enumerate(ends):
            if u in loop and v in loop:
                edge_runs[other] *= times - 1 if other == own else times
    fed = {v for _, v in ordinary}
    return Tokens(
        output=tuple(
            Fraction(node["output_tokens"]) * runs
            for node, runs in zip(nodes, node_runs, strict=True)
        ),
        entry_input=tuple(
            Fraction(node.get("input_tokens", 0) if charge_input and place not in fed else 0) * runs
            for place, (node, runs) in enumerate(zip(nodes, node_runs, strict=True))
        ),
        transfers=tuple(
            Transfer(u, v, Fraction(edge.get("transfer_tokens", nodes[u]["output_tokens"])) * runs)
            for (u, v), edge, runs in zip(ends, edges, edge_runs, strict=True)
        ),
        ordinary=tuple(ordinary),
    )


def _within_reach(start: int, edges: Iterable[tuple[int, int]]) -> set[int]:
    """The nodes that the edges lead to from ``start``, itself included."""
    pairs, reached = list(edges), {start}
    while more := {v for u, v in pairs if u in reached} - reached:
        reached |= more
    return reached
