"""Rebuilding the problems that were cleared, from the log alone.

The priors of a workflow auction are those that the bids carried, or were learned from the bids of
earlier rounds, all of which are logged: learning from them again gives the very same priors. A
workflow hub that lost its memory learns from the bids of that round on.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow.compute as pc

from hubs.prior_learning import PriorLearning
from hubs.workflow_hub import WORKFLOW_HUB
from market.errors import BadInput
from market.fields import shown
from market.messages import WORKFLOW, Bid
from market.workflow import Edge, Node, Offer, Prior, Workflow
from orchestrator.analysis.logged_run import Keyed, LoggedRun, Rows
from orchestrator.faults.events import CRASH, HUB
from orchestrator.log.prior_rows import logged_prior


@dataclass(frozen=True)
class ChatClearing:
    """One clearing of a matching hub; pairs are (requests, providers), nano-USD.

    Requests that were explored and the slots that they took are not in it: the mechanism did not
    have them. ``true_over_bid`` is each provider's private cost over its bid.
    """

    requests: tuple[str, ...]
    providers: tuple[str, ...]
    clients: tuple[str, ...]
    values: npt.NDArray[np.int64]
    costs: npt.NDArray[np.int64]
    capacities: npt.NDArray[np.int64]
    true_over_bid: npt.NDArray[np.float64]


@dataclass(frozen=True)
class LoggedAuction:
    """One workflow auction: what was bought, from whose offers; private costs by provider.

    ``payments_nano`` are those that were fixed, by winner, and ``virtual_cost_usd`` is what STAR
    said that it had minimised; None under other rules.
    """

    workflow: Workflow
    offers: tuple[Offer, ...]
    true_costs: dict[str, float]
    payments_nano: dict[str, int]
    virtual_cost_usd: float | None


def chat_clearing(run: LoggedRun, trial: int, round_: int, hub: str) -> ChatClearing | None:
    """A hub's clearing in one round; None where nothing was cleared or nothing was logged.

    Raises ``BadInput`` if the log lacks what some provider bid.
    """
    rows = run.rows("predictions", trial=trial, round=round_, hub=hub, explored=False)
    if not rows:
        return None
    providers = tuple(row["provider"] for row in run.rows("providers", trial=trial, hub=hub))
    bids = _bids(run, trial, round_)
    explored = run.rows("awards", trial=trial, round=round_, hub=hub, explored=True)
    taken = [sum(row["provider"] == name for row in explored) for name in providers]
    with run.whole_for(f"trial {trial}, round {round_}, {hub}"):
        for row in rows:
            for column in ("value_nano", "cost_nano", "capacities"):
                if row[column] is None or len(row[column]) != len(providers):
                    got = shown(row[column])
                    problem = f"expected one for each of {len(providers)} providers, got {got}"
                    raise BadInput(f"predictions.{column}", problem)
        return ChatClearing(
            requests=tuple(row["request"] for row in rows),
            providers=providers,
            clients=tuple(row["client"] for row in rows),
            values=np.array([row["value_nano"] for row in rows]),
            costs=np.array([row["cost_nano"] for row in rows]),
            capacities=np.array(rows[0]["capacities"]) - np.array(taken),
            true_over_bid=np.array(
                [bids[name]["true_cost"] / bids[name]["chat_bid"] for name in providers]
            ),
        )


def workflow_auction(run: LoggedRun, trial: int, workflow: str) -> LoggedAuction:
    """The auction in which a workflow was bought, whether or not it has ended.

    Raises ``BadInput`` if the log was seen to lack some of it.
    """
    what = f"workflow {workflow}, trial {trial}"
    of_it = {"trial": trial, "workflow": workflow}
    auctions = Keyed("auctions", [(workflow, row) for row in run.rows("auctions", **of_it)])
    nodes, edges = run.rows("nodes", **of_it), run.rows("edges", **of_it)
    won = run.rows("awards", trial=trial, request=workflow, kind=WORKFLOW)
    with run.whole_for(what):
        held = auctions[workflow]
        bids = _bids(run, trial, held["round"])
        return LoggedAuction(
            workflow=logged_workflow(nodes, edges),
            offers=_offers(run, trial, held, bids),
            true_costs={name: bids[name]["true_cost"] for name in held["bidders"]},
            payments_nano={row["provider"]: row["client_pays_nano"] for row in won},
            virtual_cost_usd=held["virtual_cost_usd"],
        )


def logged_workflow(nodes: Rows, edges: Rows) -> Workflow:
    """The graph that rows of nodes and of edges describe."""
    return Workflow(
        tuple(
            Node(
                row["node"],
                row["output_tokens"],
                row["input_tokens"],
                row["difficulty"],
                None if row["capable"] is None else frozenset(row["capable"]),
            )
            for row in nodes
        ),
        tuple(
            Edge(row["source"], row["target"], row["transfer_tokens"], row["iterations"])
            for row in edges
        ),
    )


def _offers(
    run: LoggedRun, trial: int, held: Mapping[str, Any], bids: Mapping[str, Any]
) -> tuple[Offer, ...]:
    """The offers of the bidders of an auction that was ``held``."""
    profiles = _by_provider("providers", run.rows("providers", trial=trial))
    priors = Keyed("providers", _priors(run, trial, held["round"]).items())
    return tuple(
        Offer(
            name,
            profiles[name]["tier"],
            profiles[name]["input_ratio"],
            bids[name]["workflow_bid"],
            priors[name],
            profiles[name]["hit_ratio"],
        )
        for name in held["bidders"]
    )


def workflow_priors(run: LoggedRun, trial: int, round_: int) -> Mapping[str, Prior]:
    """The prior of every provider with workflow slots in the auctions of one round.

    Raises ``BadInput`` if the log lacks a bid that they follow from.
    """
    with run.whole_for(f"trial {trial}, round {round_}"):
        return _priors(run, trial, round_)


def _priors(run: LoggedRun, trial: int, round_: int) -> dict[str, Prior]:
    members = [
        _Member(row["provider"], row["tier"])
        for row in run.rows("providers", trial=trial)
        if row["workflow_slots"]
    ]
    params = run.description.scenario.hubs.workflow.prior
    learning = PriorLearning(members, params)
    # whoever can be learned from bids in every round, so the window holds no more rounds than bids
    first = round_
    if params.source != "fixed":
        first = max(_opened_anew(run, trial, round_), round_ - params.window)
    *past, present = _bids_by_round(run, trial, range(first, round_ + 1), members)
    for bids in past:
        learning.observe(bids)
    priors = learning.round_priors(present)
    return {member.provider: priors[position] for position, member in enumerate(members)}


def _opened_anew(run: LoggedRun, trial: int, round_: int) -> int:
    """The round in which the workflow hub last began with nothing learned, ``round_`` at most."""
    crashes = run.rows("faults", trial=trial, participant=HUB, name=WORKFLOW_HUB, event=CRASH)
    return max((row["round"] for row in crashes if row["round"] <= round_), default=1)


class _Member(NamedTuple):
    """What learning must know of a provider."""

    provider: str
    tier: int


def _bids_by_round(
    run: LoggedRun, trial: int, rounds: range, members: Sequence[_Member]
) -> list[list[Bid]]:
    """What the members bid in each of the ``rounds``."""
    stated = Keyed("priors", [(None, None)])
    stated |= {row["prior"]: logged_prior(row) for row in run.rows("priors", trial=trial)}
    within = (pc.field("round") >= rounds.start) & (pc.field("round") < rounds.stop)
    rows = run.table("bids").filter(within & (pc.field("trial") == trial)).to_pylist()
    found: dict[int, Rows] = defaultdict(list)
    for row in rows:
        found[row["round"]].append(row)
    by_round = []
    for number in rounds:
        row_of = _by_provider("bids", found[number])
        by_round.append([_bid(row_of[member.provider], stated) for member in members])
    return by_round


def _bid(row: Mapping[str, Any], stated: Mapping[int | None, Prior | None]) -> Bid:
    return Bid(
        row["provider"],
        row["chat_bid"],
        row["workflow_bid"],
        row["prior_low"],
        row["prior_high"],
        stated[row["prior"]],
        row["price_level"],
        row["available"],
    )


def _bids(run: LoggedRun, trial: int, round_: int) -> Mapping[str, dict[str, Any]]:
    return _by_provider("bids", run.rows("bids", trial=trial, round=round_))


def _by_provider(table: str, rows: Rows) -> Mapping[str, dict[str, Any]]:
    return Keyed(table, [(row["provider"], row) for row in rows])
