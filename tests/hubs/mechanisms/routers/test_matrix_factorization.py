import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize

from hubs.mechanisms.routers.matrix_factorization import completed
from tests.hubs.builders import provider
from tests.hubs.mechanisms.markets import offers
from tests.hubs.mechanisms.routers.routed import routed
from tests.strategies import examples

MEMBERS = [
    provider("lawyer", scores={"law": 0.9, "code": 0.2, "maths": 0.2}),
    provider("coder", scores={"law": 0.2, "code": 0.9, "maths": 0.8}),
    provider("also a coder", scores={"law": 0.2, "code": 0.9, "maths": 0.8}),
    provider("fair", scores={"law": 0.7, "code": 0.7, "maths": 0.7}),
]


def in_domain(domain: str, capacities=(1, 1, 1, 1), costs=(1, 5, 4, 9), requests: int = 1):
    return offers([costs] * requests, capacities, domains=[domain] * requests)


def test_requests_go_to_the_best_in_their_domain_and_then_to_the_next_best():
    matches = routed("matrix_factorization", MEMBERS, in_domain("law"), in_domain("code", (1,) * 4))
    assert matches == [[0], [2]]
    assert routed("matrix_factorization", MEMBERS, in_domain("law", requests=2)) == [[0, 3]]


def test_equals_are_told_apart_by_what_they_ask():
    dear = in_domain("code", costs=(1, 5, 6, 9))
    assert routed("matrix_factorization", MEMBERS, dear, in_domain("code")) == [[1], [2]]


@pytest.mark.parametrize("cheaper", [0, 1])
def test_equal_scores_tie_whatever_the_rounding_of_the_factors(cheaper):
    rng, domains = np.random.default_rng(3), [f"domain {number}" for number in range(12)]
    scores = np.repeat(rng.random((8, 12)), 2, axis=0)
    hub = [
        provider(f"p{number}", scores=dict(zip(domains, of_one.tolist(), strict=True)))
        for number, of_one in enumerate(scores)
    ]
    costs = [[9 - 8 * (column % 2 == cheaper) for column in range(16)]] * 12
    for twins in range(0, 16, 2):
        capacities = np.zeros(16, dtype=int)
        capacities[twins : twins + 2] = 12
        (match,) = routed("matrix_factorization", hub, offers(costs, capacities, domains=domains))
        assert match == [twins + cheaper] * 12


def test_in_an_unheard_of_domain_the_best_on_average_is_taken():
    assert routed("matrix_factorization", MEMBERS, in_domain("cooking")) == [[3]]


def test_a_score_that_is_missing_is_guessed_from_those_of_the_like():
    # the newcomer is like the coders in all that is known, so it is like them in code
    newcomer = provider("newcomer", scores={"law": 0.2, "maths": 0.8})
    dunce = provider("dunce", scores={"law": 0.2, "code": 0.1, "maths": 0.2})
    hub = [dunce, newcomer, *MEMBERS]
    offered = offers([[1] * 6], [1, 1, 0, 0, 0, 0], domains=["code"])
    assert routed("matrix_factorization", hub, offered) == [[1]]
    table = completed(
        np.array(
            [[one.scores.get(name, np.nan) for one in hub] for name in ("code", "law", "maths")]
        )
    )
    assert table[0, 1] > 0.6


def test_where_nobody_publishes_a_score_the_cheapest_is_taken():
    hub = [provider("p", scores={}), provider("q", scores={})]
    assert routed("matrix_factorization", hub, offers([[2, 1]], [1, 1])) == [[1]]


def test_a_whole_table_is_kept_up_to_its_rank():
    table = np.random.default_rng(1).uniform(size=(4, 6))
    assert completed(table, rank=4, shrinkage=0.0) == pytest.approx(table, abs=1e-12)
    mean = table.mean()
    left, values, right = np.linalg.svd(table - mean)
    best_of_rank_2 = mean + (left[:, :2] * values[:2]) @ right[:2]
    assert completed(table, rank=2, shrinkage=0.0) == pytest.approx(best_of_rank_2, abs=1e-12)


@given(seed=st.integers(0, 2**32 - 1))
@examples(6)
def test_no_pair_of_factors_fits_the_known_scores_better(seed):
    rng = np.random.default_rng(seed)
    shape, rank, shrinkage = (4, 5), 4, 0.3
    table = np.where(rng.random(shape) < 0.3, np.nan, rng.random(shape))
    known = ~np.isnan(table)
    centred = np.where(known, table - table[known].mean(), 0.0)

    def penalty(flat):
        u, v = flat[: 4 * rank].reshape(4, rank), flat[4 * rank :].reshape(5, rank)
        error = np.where(known, centred - u @ v.T, 0.0)
        gradient = [-error @ v + shrinkage * u, -error.T @ u + shrinkage * v]
        value = (error**2).sum() + shrinkage * ((u**2).sum() + (v**2).sum())
        return value, 2 * np.concatenate([one.ravel() for one in gradient])

    fit = completed(table, rank, shrinkage) - table[known].mean()
    nuclear = np.linalg.svd(fit, compute_uv=False).sum()
    reached = (np.where(known, centred - fit, 0.0) ** 2).sum() + 2 * shrinkage * nuclear
    searched = min(
        minimize(penalty, rng.normal(size=9 * rank), jac=True, method="L-BFGS-B").fun
        for _ in range(2)
    )
    assert reached == pytest.approx(searched, rel=1e-4)
