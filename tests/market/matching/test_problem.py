import json
import math

import numpy as np
import pytest
from hypothesis import given

from market.errors import BadInput
from market.matching import NO_PRICE, UNMATCHED, clear, solve_matching
from tests import documents
from tests.documents import MISSING
from tests.strategies import MatchingMarket, examples, matching_markets

# Values less costs are 8 7 / 6 6 / 3 -. Best is the first at A, the second at B: 14.
# One more slot at A takes the last request: 3. One more at B takes the first from A, -1, whose
# slot the last takes, +3: 2.
PROBLEM = {
    "kind": "matching",
    "values": [[10.0, 8.5], [8.0, 7.5], [5.0, None]],
    "costs": [[2.0, 1.5], [2.0, 1.5], [2.0, None]],
    "capacities": [1, 1],
    "options": {"payments": "client_clarke"},
}
ANSWER = {
    "status": "optimal",
    "welfare": 14.0,
    "match": [0, 1, None],
    "payments": [5.0, 3.5, None],
    "scarcity_prices": [3.0, 2.0],
    "largest_prices": [7.0, 6.0],
    "provider_receives": [2.0, 1.5, None],
}


def changed(path: str, value: object) -> dict:
    """``PROBLEM`` with the value at a dotted path replaced, added or removed."""
    return documents.changed(PROBLEM, path, value)


def test_a_small_market_is_cleared_at_the_hand_computed_prices():
    answer = solve_matching(PROBLEM)
    assert answer == ANSWER
    assert list(answer) == list(ANSWER)
    assert json.loads(json.dumps(answer)) == answer


def test_options_may_be_left_out():
    assert solve_matching(changed("options", MISSING)) == ANSWER
    assert solve_matching(changed("options", {})) == ANSWER


def test_arrays_are_read_like_lists():
    problem = {"kind": "matching", "values": [[3, 1], [2, 2]], "costs": [[1, 0], [0, 1]]}
    as_lists = solve_matching(problem | {"capacities": [1, 1]})
    arrays = {key: np.array(problem[key]) for key in ("values", "costs")}
    assert solve_matching(problem | arrays | {"capacities": np.array([1, 1])}) == as_lists


def test_requests_of_one_client_pay_as_a_set():
    # Both displace the third request, worth 8; each alone would pay all of it.
    problem = {
        "kind": "matching",
        "values": [[10.0], [10.0], [8.0]],
        "costs": [[0.0], [0.0], [0.0]],
        "capacities": [2],
    }
    assert solve_matching(problem)["payments"] == [8.0, 8.0, None]
    together = solve_matching(problem | {"clients": ["a", "a", "b"]})
    assert together["payments"] == [4.0, 4.0, None]
    apart = solve_matching(problem | {"clients": ["a", "b", "c"]})
    assert apart["payments"] == [8.0, 8.0, None]


def test_a_pair_that_is_null_is_never_matched():
    problem = changed("values.0.0", None)
    problem["costs"][0][0] = None
    assert solve_matching(problem)["match"] == [1, 0, None]


def test_no_requests_are_an_empty_market():
    answer = solve_matching({"kind": "matching", "values": [], "costs": [], "capacities": [2, 0]})
    assert answer == {
        "status": "optimal",
        "welfare": 0.0,
        "match": [],
        "payments": [],
        "scarcity_prices": [0.0, 0.0],
        "largest_prices": [0.0, None],
        "provider_receives": [],
    }


def test_two_sided_providers_receive_what_they_add_and_the_deficit_is_told():
    # Without A 7 are left, without B 8: they add 7 and 6. Clients pay 3 and 2 beyond the costs.
    answer = solve_matching(changed("options.payments", "two_sided"))
    added = {"provider_receives": [2.0 + 7.0, 1.5 + 6.0, None], "deficit": 7.0 + 6.0 - 3.0 - 2.0}
    assert answer == ANSWER | added


@pytest.mark.parametrize("backend", ["auto", "dense", "sparse"])
def test_a_backend_can_be_named(backend: str):
    whole = changed("values.0.1", 9.0)
    for j in range(2):
        whole["costs"][j][1] = 2.0
    whole["values"][1][1] = 8.0
    whole["options"]["backend"] = backend
    assert solve_matching(whole) == ANSWER | {
        "payments": [5.0, 4.0, None],
        "provider_receives": [2.0, 2.0, None],
    }


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("kind", "workflow", "kind: expected one of matching; got 'workflow'"),
        ("kind", MISSING, "kind: missing"),
        ("values", MISSING, "values: missing"),
        ("costs", MISSING, "costs: missing"),
        ("capacities", MISSING, "capacities: missing"),
        (
            "weights",
            [],
            "weights: unknown key; known here: capacities, clients, costs, kind, options, values",
        ),
        ("values", "3", "values: expected a list, got '3'"),
        ("values.1", 8.0, "values.1: expected a list of numbers or nulls, got 8.0"),
        ("values.1", [8.0], "values.1: expected 2 entries as in capacities, got 1"),
        ("costs.2", [2.0, None, 1.0], "costs.2: expected 2 entries as in capacities, got 3"),
        ("capacities", [1], "values.0: expected 1 entries as in capacities, got 2"),
        ("costs.3", [1.0, 1.0], "costs: expected 3 rows as in values, got 4"),
        ("values.3", [1.0, 1.0], "costs: expected 4 rows as in values, got 3"),
        ("values.0.1", math.nan, "values.0.1: expected a finite number <= 1e+15, got nan"),
        ("values.0.1", -math.inf, "values.0.1: expected a finite number <= 1e+15, got -inf"),
        ("values.0.1", "8", "values.0.1: expected a finite number <= 1e+15, got '8'"),
        ("values.0.1", True, "values.0.1: expected a finite number <= 1e+15, got True"),
        ("values.0.1", 2e16, "values.0.1: expected a finite number <= 1e+15, got 2e+16"),
        (
            "costs.0.1",
            -0.5,
            "costs.0.1: expected a finite number >= 0 and <= 1e+15, got -0.5",
        ),
        (
            "costs.0.1",
            math.nan,
            "costs.0.1: expected a finite number >= 0 and <= 1e+15, got nan",
        ),
        (
            "costs.0.1",
            None,
            "costs.0.1: expected null exactly where values.0.1 is null",
        ),
        (
            "values.1.0",
            None,
            "costs.1.0: expected null exactly where values.1.0 is null",
        ),
        (
            "capacities.0",
            -1,
            "capacities.0: expected a finite number >= 0 and <= 2.14748e+09, got -1",
        ),
        ("capacities.0", 1.5, "capacities.0: expected a whole number of slots, got 1.5"),
        (
            "capacities.1",
            None,
            "capacities.1: expected a finite number >= 0 and <= 2.14748e+09, got None",
        ),
        ("capacities", 2, "capacities: expected a list, got 2"),
        ("clients", ["a"], "clients: expected one for each of 3 requests, got 1"),
        ("clients", ["a", "", "b"], "clients.1: expected a name, got ''"),
        ("clients", ["a", 2, "b"], "clients.1: expected a name, got 2"),
        ("clients", "abc", "clients: expected a list, got 'abc'"),
        (
            "options.payments",
            "first_price",
            "options.payments: expected one of client_clarke, two_sided; got 'first_price'",
        ),
        (
            "options.backend",
            "gpu",
            "options.backend: expected one of auto, dense, sparse; got 'gpu'",
        ),
        (
            "options.backend",
            "sparse",
            "values.0.1: expected a whole number, as the backend is sparse, got 8.5",
        ),
        ("options.tax", 1, "options.tax: unknown key; known here: backend, payments"),
        ("options", [], "options: expected an object with named keys, got []"),
    ],
)  # fmt: skip
def test_bad_input_is_refused_in_one_line_with_its_key_and_value(path, value, message):
    with pytest.raises(BadInput) as error:
        solve_matching(changed(path, value))
    assert str(error.value) == message


@pytest.mark.parametrize("problem", [None, [], 3, "matching"])
def test_a_problem_that_is_no_record_is_refused(problem):
    with pytest.raises(BadInput, match="expected an object with named keys, got "):
        solve_matching(problem)


@given(market=matching_markets(most_clients=3))
@examples(100)
def test_the_json_form_and_the_arrays_are_cleared_alike(market: MatchingMarket):
    outcome = clear(
        market.values.astype(float),
        market.costs.astype(float),
        market.allowed,
        market.capacities,
        market.clients,
    )

    def listed(matrix: np.ndarray) -> list[list[float | None]]:
        return [
            [float(entry) if ok else None for entry, ok in zip(row, allowed, strict=True)]
            for row, allowed in zip(matrix, market.allowed, strict=True)
        ]

    answer = solve_matching(
        {
            "kind": "matching",
            "values": listed(market.values),
            "costs": listed(market.costs),
            "capacities": market.capacities.tolist(),
            "clients": list(market.clients),
        }
    )
    assert answer["welfare"] == outcome.welfare
    assert answer["match"] == [None if i == UNMATCHED else i for i in outcome.match.tolist()]
    assert [paid or 0.0 for paid in answer["payments"]] == outcome.payments.tolist()
    assert answer["scarcity_prices"] == outcome.scarcity_prices.tolist()
    largest = [NO_PRICE if price is None else price for price in answer["largest_prices"]]
    assert largest == outcome.largest_prices.tolist()
    assert [got or 0.0 for got in answer["provider_receives"]] == outcome.provider_receives.tolist()
