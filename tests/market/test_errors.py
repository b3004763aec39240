import pickle

import pytest

from market.errors import BadInput, Infeasible, NotProvenOptimal, TooCostly, WalrasError


@pytest.mark.parametrize(
    "error",
    [
        BadInput("a.b", "expected 1, got 2"),
        Infeasible("no provider"),
        NotProvenOptimal("stopped"),
        TooCostly("5 GiB"),
    ],
)
def test_errors_survive_pickling(error):
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is type(error)
    assert str(copy) == str(error)
    assert isinstance(copy, WalrasError)
    assert vars(copy) == vars(error)


def test_bad_input_names_its_place_and_its_problem():
    assert str(BadInput("a.b", "missing")) == "a.b: missing"
    assert str(BadInput("", "missing")) == "missing"


def test_bad_input_can_be_seen_from_further_out():
    assert str(BadInput("a.b", "missing").inside("x.json")) == "x.json: a.b: missing"
    assert str(BadInput("", "not JSON").inside("x.json")) == "x.json: not JSON"
