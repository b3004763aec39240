"""Rebuilding the problems that were cleared, from the log alone.

The priors of a workflow auction are those that the bids carried, or were learned from the bids of
earlier rounds, all of which are logged: learning from them again gives the very same priors.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow.compute as pc

from hubs.prior_learning import PriorLearning
from market.messages import Bid
from market.workflow import Edge, Node, Offer, Prior, Workflow
from orchestrator.log import read_table
from orchestrator.log.prior_rows import logged_prior
from orchestrator.run_directory import read_description


@dataclass(frozen=True)
class ChatClearing:
    """One clearing of a matching hub; pairs are (requests, providers), nano-USD.

    ``true_over_bid`` is each provider's private cost over its bid.
    """

    providers: tuple[str, ...]
    clients: tuple[str, ...]
    values: npt.NDArray[np.int64]
    costs: npt.NDArray[np.int64]
    capacities: npt.NDArray[np.int64]
    true_over_bid: npt.NDArray[np.float64]


@dataclass(frozen=True)
class LoggedAuction:
    """One workflow auction: what was bought, from whose offers; private costs by provider."""

    workflow: Workflow
    offers: tuple[Offer, ...]
    true_costs: dict[str, float]


def chat_clearing(run: Path, trial: int, round_: int, hub: str) -> ChatClearing | None:
    """A hub's clearing in one round; None where nothing was cleared or nothing was logged."""
    rows = _rows(run, "predictions", trial=trial, round=round_, hub=hub)
    if not rows:
        return None
    providers = tuple(row["provider"] for row in _rows(run, "providers", trial=trial, hub=hub))
    bids = _bids(run, trial, round_)
    return ChatClearing(
        providers=providers,
        clients=tuple(row["client"] for row in rows),
        values=np.array([row["value_nano"] for row in rows]),
        costs=np.array([row["cost_nano"] for row in rows]),
        capacities=np.array(rows[0]["capacities"]),
        true_over_bid=np.array(
            [bids[name]["true_cost"] / bids[name]["chat_bid"] for name in providers]
        ),
    )


def workflow_auction(run: Path, trial: int, workflow: str) -> LoggedAuction:
    """The auction in which a workflow was bought."""
    (bought,) = _rows(run, "workflows", trial=trial, workflow=workflow)
    nodes = tuple(
        Node(
            row["node"],
            row["output_tokens"],
            row["input_tokens"],
            row["difficulty"],
            None if row["capable"] is None else frozenset(row["capable"]),
        )
        for row in _rows(run, "nodes", trial=trial, workflow=workflow)
    )
    edges = tuple(
        Edge(row["source"], row["target"], row["transfer_tokens"], row["iterations"])
        for row in _rows(run, "edges", trial=trial, workflow=workflow)
    )
    bids = _bids(run, trial, bought["awarded_round"])
    priors = workflow_priors(run, trial, bought["awarded_round"])
    profiles = {row["provider"]: row for row in _rows(run, "providers", trial=trial)}
    offers = tuple(
        Offer(
            name,
            profiles[name]["tier"],
            profiles[name]["input_ratio"],
            bids[name]["workflow_bid"],
            priors[name],
        )
        for name in bought["bidders"]
    )
    true_costs = {name: bids[name]["true_cost"] for name in bought["bidders"]}
    return LoggedAuction(Workflow(nodes, edges), offers, true_costs)


def workflow_priors(run: Path, trial: int, round_: int) -> Mapping[str, Prior]:
    """The prior of every provider with workflow slots in the auctions of one round."""
    members = [
        _Member(row["provider"], row["tier"])
        for row in _rows(run, "providers", trial=trial)
        if row["workflow_slots"]
    ]
    params = read_description(run).scenario.hubs.workflow.prior
    learning = PriorLearning(members, params)
    # whoever can be learned from bids in every round, so the window holds no more rounds than bids
    first = round_ if params.source == "fixed" else round_ - params.window
    *past, present = _bids_by_round(run, trial, (first, round_), members)
    for bids in past:
        learning.observe(bids)
    priors = learning.round_priors(present)
    return {member.provider: priors[position] for position, member in enumerate(members)}


class _Member(NamedTuple):
    """What learning must know of a provider."""

    provider: str
    tier: int


def _bids_by_round(
    run: Path, trial: int, rounds: tuple[int, int], members: Sequence[_Member]
) -> list[list[Bid]]:
    """What the members bid in every round from the first to the last of ``rounds``."""
    stated = {row["prior"]: logged_prior(row) for row in _rows(run, "priors", trial=trial)}
    within = (pc.field("round") >= rounds[0]) & (pc.field("round") <= rounds[1])
    rows = read_table(run, "bids").filter(within & (pc.field("trial") == trial)).to_pylist()
    by_round = []
    for _, one_round in groupby(rows, key=itemgetter("round")):
        row_of = {row["provider"]: row for row in one_round}
        bidding = (row_of[member.provider] for member in members)
        by_round.append(
            [
                Bid(
                    row["provider"],
                    row["chat_bid"],
                    row["workflow_bid"],
                    row["prior_low"],
                    row["prior_high"],
                    stated.get(row["prior"]),
                    row["price_level"],
                )
                for row in bidding
            ]
        )
    return by_round


def _bids(run: Path, trial: int, round_: int) -> dict[str, dict[str, Any]]:
    return {row["provider"]: row for row in _rows(run, "bids", trial=trial, round=round_)}


def _rows(run: Path, table: str, **equal: Any) -> list[dict[str, Any]]:
    """The rows of a table in which every named column has the given value."""
    condition = pc.scalar(True)
    for column, value in equal.items():
        condition = condition & (pc.field(column) == value)
    rows: list[dict[str, Any]] = read_table(run, table).filter(condition).to_pylist()
    return rows
