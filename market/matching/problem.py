"""The JSON form of a matching problem and of its answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from market.errors import BadInput
from market.fields import Fields, check_number, shown
from market.matching.assignment import AUTO, BACKENDS
from market.matching.market import MatchingMarket
from market.matching.pairs import NO_PRICE, UNMATCHED, Amounts
from market.matching.payments import PAYMENTS
from market.matching.vcg import MatchingOutcome


def solve_matching(problem: Mapping[str, Any]) -> dict[str, Any]:
    """Clear a problem of kind ``matching``; amounts are floats as given.

    ``values[j][i]`` and ``costs[j][i]`` are request j at provider i, null where not allowed;
    ``capacities[i]`` are free slots; ``clients[j]`` (optional) names the owner of request j.
    ``options.payments`` is ``client_clarke`` (default), where a provider receives what it asks, or
    ``two_sided``, where it also receives what it adds to welfare, and the answer tells the
    ``deficit``. ``options.backend`` is ``auto`` (default: dense), ``dense``, an assignment of
    requests to slots, or ``sparse``, a network simplex, which takes whole amounts only. A largest
    price is null where there is no slot.

    Raises:
        BadInput: a malformed problem.
    """
    market = read_market(problem)
    return _answer(market.clear(), market.payments)


def read_market(problem: Mapping[str, Any]) -> MatchingMarket:
    """The market of a problem of kind ``matching``; raises ``BadInput``."""
    fields = Fields(problem, "")
    fields.choice("kind", ("matching",))
    capacities = _capacities(fields)
    values = _matrix(fields, "values", -np.inf, len(capacities))
    costs = _matrix(fields, "costs", 0.0, len(capacities))
    clients = _clients(fields, len(values))
    options = fields.record("options", {})
    payments = options.choice("payments", tuple(PAYMENTS), default="client_clarke")
    backend = options.choice("backend", (AUTO, *BACKENDS), default=AUTO)
    options.done()
    fields.done()
    _check_same_pairs(values, costs)
    if backend == "sparse":
        for key, matrix in (("values", values), ("costs", costs)):
            _check_whole(key, matrix)
    return MatchingMarket(
        values=np.nan_to_num(values),
        costs=np.nan_to_num(costs),
        allowed=~np.isnan(values),
        capacities=capacities,
        clients=clients,
        payments=payments,
        backend=backend,
    )


def written_market(market: MatchingMarket) -> dict[str, Any]:
    """The problem of a market, lists and plain numbers only."""
    problem: dict[str, Any] = {"kind": "matching"}
    for key, matrix in (("values", market.values), ("costs", market.costs)):
        problem[key] = [
            [amount if may else None for amount, may in zip(row, allowed, strict=True)]
            for row, allowed in zip(matrix.tolist(), market.allowed.tolist(), strict=True)
        ]
    problem["capacities"] = market.capacities.tolist()
    if market.clients is not None:
        problem["clients"] = list(market.clients)
    options = {"payments": market.payments}
    if market.backend != AUTO:
        options["backend"] = market.backend
    return {**problem, "options": options}


def _matrix(fields: Fields, key: str, low: float, providers: int) -> npt.NDArray[np.float64]:
    """A (requests, providers) matrix; NaN stands for null."""
    rows = _listed(fields, key)
    rows = [row.tolist() if isinstance(row, np.ndarray) else row for row in rows]
    for j, row in enumerate(rows):
        place = f"{fields.place(key)}.{j}"
        if not isinstance(row, list | tuple):
            raise BadInput(place, f"expected a list of numbers or nulls, got {shown(row)}")
        if len(row) != providers:
            raise BadInput(place, f"expected {providers} entries as in capacities, got {len(row)}")
        for i, entry in enumerate(row):
            if entry is not None:
                check_number(f"{place}.{i}", entry, low=low, high=1e15)
    matrix = [[np.nan if entry is None else float(entry) for entry in row] for row in rows]
    return np.array(matrix, dtype=np.float64).reshape(len(rows), providers)


def _listed(fields: Fields, key: str) -> Sequence[Any]:
    """A list, or an array as one."""
    value = fields.raw(key)
    if isinstance(value, np.ndarray) and value.ndim:
        return list(value.tolist())
    return fields.sequence(key)


def _capacities(fields: Fields) -> npt.NDArray[np.int64]:
    listed = _listed(fields, "capacities")
    for i, capacity in enumerate(listed):
        place = f"{fields.place('capacities')}.{i}"
        check_number(place, capacity, low=0, high=2**31)
        if capacity != int(capacity):
            raise BadInput(place, f"expected a whole number of slots, got {shown(capacity)}")
    return np.array(listed, dtype=np.int64)


def _clients(fields: Fields, requests: int) -> tuple[str, ...] | None:
    if fields.raw("clients", None) is None:
        return None
    clients = _listed(fields, "clients")
    for j, client in enumerate(clients):
        if not isinstance(client, str) or not client:
            raise BadInput(
                f"{fields.place('clients')}.{j}", f"expected a name, got {shown(client)}"
            )
    if len(clients) != requests:
        raise BadInput(
            fields.place("clients"),
            f"expected one for each of {requests} requests, got {len(clients)}",
        )
    return tuple(clients)


def _check_same_pairs(values: npt.NDArray[np.float64], costs: npt.NDArray[np.float64]) -> None:
    if len(values) != len(costs):
        raise BadInput("costs", f"expected {len(values)} rows as in values, got {len(costs)}")
    for j, i in np.argwhere(np.isnan(values) != np.isnan(costs)).tolist():
        raise BadInput(f"costs.{j}.{i}", f"expected null exactly where values.{j}.{i} is null")


def _check_whole(key: str, matrix: npt.NDArray[np.float64]) -> None:
    for j, i in np.argwhere(np.nan_to_num(matrix) % 1 != 0).tolist():
        problem = "expected a whole number, as the backend is sparse"
        raise BadInput(f"{key}.{j}.{i}", f"{problem}, got {shown(matrix[j, i].item())}")


def _answer(outcome: MatchingOutcome, payments: str) -> dict[str, Any]:
    matched = outcome.match != UNMATCHED
    largest = outcome.largest_prices
    answer = {
        "status": "optimal",
        "welfare": outcome.welfare,
        "match": _nulls(outcome.match, ~matched),
        "payments": _nulls(outcome.payments, ~matched),
        "scarcity_prices": outcome.scarcity_prices.tolist(),
        "largest_prices": _nulls(largest, largest == NO_PRICE),
        "provider_receives": _nulls(outcome.provider_receives, ~matched),
    }
    return answer | {"deficit": outcome.deficit} if payments == "two_sided" else answer


def _nulls(amounts: Amounts, where: npt.NDArray[np.bool_]) -> list[Any]:
    listed = zip(amounts.tolist(), where.tolist(), strict=True)
    return [None if null else amount for amount, null in listed]
