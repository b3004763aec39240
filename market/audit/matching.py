"""The audit of a matching market: its clients, its providers, and its matching."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import csr_array

from market.audit.matching_clients import ClientSide
from market.audit.matching_providers import audit_matching_providers
from market.audit.report import (
    CLIENT,
    HOLDS,
    NOT_CHECKED,
    PROVIDER,
    TOLERANCE,
    VIOLATED,
    Check,
    Finding,
    Report,
    check_of,
)
from market.errors import BadInput
from market.matching import UNMATCHED, MatchingOutcome, max_weight_matching
from market.matching.assignment import AUTO, matched_weight
from market.matching.market import Floats, MatchingMarket

#: A matching of more pairs than this is not solved a second time, as a linear program.
MOST_PAIRS = 40_000


def audit_matching(
    market: MatchingMarket,
    *,
    owners: Sequence[str] | None = None,
    true_values: Floats | None = None,
    true_factors: Floats | None = None,
    provider_names: Sequence[str] | None = None,
    sides: Iterable[str] = (CLIENT, PROVIDER),
    participants: Iterable[str] | None = None,
    progress: Callable[[str], None] = lambda participant: None,
) -> Report:
    """The best report of every client and the best factor on its costs of every provider.

    Args:
        market: everybody's reports.
        owners: (requests,), to whom each request really belongs; None where it is who pays.
        true_values: (requests, providers), None where they are as reported.
        true_factors: (providers,), what makes the stated costs true; None where they are.
        provider_names: (providers,), ``provider 0`` and so on where None.
        sides: which to audit, ``client``, ``provider`` or both.
        participants: whom to audit on those sides; None for everyone.
        progress: told of everyone before their turn.

    Raises ``BadInput``.
    """
    rows_of = market.rows_of_owners(owners)
    names = provider_names or [f"provider {i}" for i in range(len(market.capacities))]
    sides, wanted = tuple(sides), None if participants is None else set(participants)
    for unknown in sorted((wanted or set()) - {*rows_of, *names}):
        raise BadInput("participants", f"expected some of this market, got {unknown!r}")
    market = replace(market, backend=AUTO)  # misreports need not be whole numbers
    outcome = market.clear()
    findings: list[Finding] = []
    checks: list[Check] = [_optimality(market, outcome.welfare)]
    if CLIENT in sides:
        truth = market.values if true_values is None else true_values
        clients = ClientSide(market, outcome, truth, rows_of, names)
        chosen = [owner for owner in rows_of if wanted is None or owner in wanted]
        found, checked = clients.audit(chosen, progress)
        findings, checks = findings + found, checks + checked + [_identity(market, outcome)]
    if PROVIDER in sides:
        positions = [i for i, name in enumerate(names) if wanted is None or name in wanted]
        factors = np.ones(len(names)) if true_factors is None else true_factors
        found, checked = audit_matching_providers(market, names, positions, factors, progress)
        findings, checks = findings + found, checks + checked
        if market.payments == "two_sided":
            checks.append(_provider_identity(market, outcome, names))
    notes = []
    if owners is not None:
        notes.append("who owns a request is stated apart from who pays for it together")
    if PROVIDER in sides:
        notes.append(_PAID[market.payments].format(deficit=outcome.deficit))
    return Report(market.payments, tuple(findings), tuple(checks), tuple(notes))


_PAID = {
    "client_clarke": "providers are paid what they ask",
    "two_sided": "providers are paid what they ask and what they add to welfare; together they"
    " receive {deficit:.6g} more than the clients pay",
}


def _optimality(market: MatchingMarket, welfare: float) -> Check:
    """Whether a linear program, whose corners are matchings, finds one of more welfare."""
    name = "optimal"
    gains = np.where(market.allowed, market.values - market.costs, 0.0)
    rows, columns = np.nonzero(gains > 0)
    if len(rows) > MOST_PAIRS:
        return Check(name, NOT_CHECKED, f"{len(rows)} pairs, more than {MOST_PAIRS}")
    found = 0.0
    if len(rows):
        requests, providers = gains.shape
        pairs = np.arange(len(rows))
        taken = csr_array(
            (
                np.ones(2 * len(rows)),
                (np.concatenate([rows, requests + columns]), np.concatenate([pairs, pairs])),
            ),
            shape=(requests + providers, len(rows)),
        )
        limits = np.concatenate([np.ones(requests), market.capacities])
        worth = gains[rows, columns]
        program = linprog(
            -worth / worth.max(), A_ub=taken, b_ub=limits, bounds=(0, 1), method="highs"
        )
        if program.status != 0:
            return Check(name, NOT_CHECKED, f"the linear program ended with: {program.message}")
        chosen = program.x > 0.5
        if (taken @ chosen > limits).any():
            return Check(name, NOT_CHECKED, "the linear program ended between two matchings")
        found = float(worth[chosen].sum())
    detail = f"welfare {welfare:.9g}, {found:.9g} as a linear program"
    slack = TOLERANCE * max(abs(found), abs(welfare))
    if found > welfare + slack:
        return Check(name, VIOLATED, detail)
    # amounts far below the largest are beyond the program's tolerance
    return Check(name, HOLDS if found >= welfare - slack else NOT_CHECKED, detail)


def _identity(market: MatchingMarket, outcome: MatchingOutcome) -> Check:
    """Whether everyone pays the cost of what it gets, and what the others would have more without.

    By a matching of its own for everyone who pays together, not from scarcity prices.
    """
    weights = market.weights
    faults = []
    for payer, rows in market.rows_of_owners(market.clients).items():
        got = [row for row in rows if outcome.match[row] != UNMATCHED]
        others = np.ones(len(weights), dtype=bool)
        others[rows] = False
        alone = max_weight_matching(weights[others], market.capacities)
        more = matched_weight(weights[others], alone) - matched_weight(
            weights[others], outcome.match[others]
        )
        due = float(market.costs[got, outcome.match[got]].sum()) + more
        paid = float(outcome.payments[rows].sum())
        scale = float(np.abs(weights).max(axis=1, initial=0.0).sum()) + due
        if abs(paid - due) > TOLERANCE * scale:
            faults.append(f"{payer} pays {paid:.9g} instead of {due:.9g}")
    return check_of("payment identity (clients)", faults)


def _provider_identity(
    market: MatchingMarket, outcome: MatchingOutcome, names: Sequence[str]
) -> Check:
    """Whether every provider receives what it asks, and what welfare would lose without it.

    By a matching of its own without each of them.
    """
    weights = market.weights
    faults = []
    for i, name in enumerate(names):
        rows = outcome.match == i
        others = np.where(np.arange(len(names)) == i, 0, market.capacities)
        alone = max_weight_matching(weights, others)
        lost = matched_weight(weights, outcome.match) - matched_weight(weights, alone)
        due = float(market.costs[rows, i].sum()) + lost
        received = float(outcome.provider_receives[rows].sum())
        scale = float(np.abs(weights).max(axis=1, initial=0.0).sum()) + due
        if abs(received - due) > TOLERANCE * scale:
            faults.append(f"{name} receives {received:.9g} instead of {due:.9g}")
    return check_of("payment identity (providers)", faults)
