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


def test_bad_input_is_one_line_in_which_what_cannot_be_printed_is_escaped():
    hostile = BadInput("a\nb\0", "got \u2028\x1b[31m\ud83d")
    assert str(hostile) == r"a\nb\x00: got \u2028\x1b[31m\ud83d"
    assert str(BadInput("prix.é", "got 名前 😀")) == "prix.é: got 名前 😀"


def test_bad_input_of_any_length_is_cut_in_its_middle():
    line = str(BadInput("place" + "x" * 500_000, "y" * 500_000 + "problem"))
    assert len(line) < 2100
    assert line.startswith("placex")
    assert line.endswith("yproblem")
    whole = "x" * 1900
    assert str(BadInput("", whole)) == whole


def test_bad_input_can_be_seen_from_further_out():
    assert str(BadInput("a.b", "missing").inside("x.json")) == "x.json: a.b: missing"
    assert str(BadInput("", "not JSON").inside("x.json")) == "x.json: not JSON"
