"""Rebuilding the problems that were cleared, from the log alone."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow.compute as pc

from market.workflow import Edge, Node, Offer, Uniform, Workflow
from orchestrator.log import read_table


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
class WorkflowAuction:
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


def workflow_auction(run: Path, trial: int, workflow: str) -> WorkflowAuction:
    """The auction in which a workflow was bought."""
    (bought,) = _rows(run, "workflows", trial=trial, workflow=workflow)
    bids = _bids(run, trial, bought["awarded_round"])
    profiles = {row["provider"]: row for row in _rows(run, "providers", trial=trial)}
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
    offers = tuple(
        Offer(
            name,
            profiles[name]["tier"],
            profiles[name]["input_ratio"],
            bids[name]["workflow_bid"],
            Uniform(bids[name]["prior_low"], bids[name]["prior_high"]),
        )
        for name in bought["bidders"]
    )
    true_costs = {name: bids[name]["true_cost"] for name in bought["bidders"]}
    return WorkflowAuction(Workflow(nodes, edges), offers, true_costs)


def _bids(run: Path, trial: int, round_: int) -> dict[str, dict[str, Any]]:
    return {row["provider"]: row for row in _rows(run, "bids", trial=trial, round=round_)}


def _rows(run: Path, table: str, **equal: Any) -> list[dict[str, Any]]:
    """The rows of a table in which every named column has the given value."""
    condition = pc.scalar(True)
    for column, value in equal.items():
        condition = condition & (pc.field(column) == value)
    rows: list[dict[str, Any]] = read_table(run, table).filter(condition).to_pylist()
    return rows
