import os
import subprocess
import sys
from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from market import seeding
from tests.strategies import examples

words = st.text(st.characters(exclude_characters="\x1f", codec="utf-8"), max_size=6)
keys = st.tuples(st.integers(0, 2**63), st.lists(words | st.integers(), max_size=3).map(tuple))


def as_text(key: tuple) -> tuple:
    """A key as it is hashed: a number and its decimal digits are one name."""
    seed, parts = key
    return seed, *map(str, parts)


@given(key=keys)
@examples(100)
def test_equal_keys_name_equal_streams(key):
    seed, parts = key
    one, other = seeding.stream(seed, *parts), seeding.stream(seed, *parts)
    assert one.random(5).tolist() == other.random(5).tolist()
    assert seeding.uniform(seed, *parts) == seeding.uniform(seed, *parts)
    assert seeding.content_id(*parts) == seeding.content_id(*parts)


@given(one=keys, other=keys)
@examples(200)
def test_different_keys_name_different_streams(one, other):
    if as_text(one) == as_text(other):
        return
    assert seeding.uniform(one[0], *one[1]) != seeding.uniform(other[0], *other[1])
    draws = [seeding.stream(seed, *parts).random(3).tolist() for seed, parts in (one, other)]
    assert draws[0] != draws[1]


def test_where_one_part_of_a_key_ends_matters():
    assert seeding.uniform(0, "ab", "c") != seeding.uniform(0, "a", "bc")
    assert seeding.uniform(1, 23) != seeding.uniform(12, 3)
    assert seeding.content_id("a") != seeding.content_id("a", "")


def test_the_order_of_the_parts_of_a_key_matters():
    assert seeding.content_id("a", "b") != seeding.content_id("b", "a")


def test_a_stream_does_not_depend_on_what_was_drawn_before():
    fresh = seeding.stream(7, "b").random(4).tolist()
    seeding.stream(7, "a").random(1000)
    np.random.default_rng(7).random(10)
    seeding.uniform(7, "b")
    assert seeding.stream(7, "b").random(4).tolist() == fresh


def test_a_name_means_the_same_in_every_process_and_version():
    """The values themselves: a change here changes every run that was ever logged."""
    assert seeding.content_id("document", "d0-000001") == 0x1548500595E9B9C8
    assert seeding.uniform(7, "client", "client-0001") == 0.15346675838491985
    assert seeding.stream(7, "hub", "hub-0", "round", 1).random() == 0.8658785890130463
    program = (
        "from market.seeding import content_id, stream, uniform; "
        "print(content_id('a', 1), uniform(3, 'b'), stream(3, 'c').random())"
    )
    elsewhere = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
        env=os.environ | {"PYTHONHASHSEED": "12345"},
    )
    here = seeding.content_id("a", 1), seeding.uniform(3, "b"), seeding.stream(3, "c").random()
    assert elsewhere.stdout.split() == list(map(str, here))


def test_single_draws_are_uniform():
    draws = np.array([seeding.uniform(3, "draw", number) for number in range(4000)])
    assert ((draws >= 0) & (draws < 1)).all()
    assert abs(draws.mean() - 0.5) < 4 / np.sqrt(12 * len(draws))
    shares = np.bincount((10 * draws).astype(int), minlength=10) / len(draws)
    assert np.abs(shares - 0.1).max() < 0.02


def test_names_of_contents_fill_64_bits_and_do_not_collide():
    names = {seeding.content_id("answer", number) for number in range(10_000)}
    assert len(names) == 10_000
    assert 2**63 < max(names) < 2**64


def test_different_names_never_name_the_same_stream():
    assert seeding.content_id(1) != seeding.content_id("1")
    assert seeding.content_id("a", "b") != seeding.content_id("a\x1fb")
    assert seeding.content_id("ab", "c") != seeding.content_id("a", "bc")
