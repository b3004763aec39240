import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.money import nano_usd, nano_usd_array, usd
from tests.strategies import examples

amounts = st.floats(-9e6, 9e6)


@pytest.mark.parametrize(
    ("amount", "nano"),
    [
        (0.0, 0),
        (1.0, 1_000_000_000),
        (0.1, 100_000_000),
        (-2.5e-9, -2),
        (0.5e-9, 0),
        (1.5e-9, 2),
        (3e-10, 0),
        (1.2345678904e-1, 123_456_789),
    ],
)
def test_an_amount_is_rounded_to_the_nearest_nano_usd(amount, nano):
    assert nano_usd(amount) == nano
    assert type(nano_usd(amount)) is int


@given(listed=st.lists(amounts, max_size=20))
@examples(300)
def test_an_array_is_rounded_like_its_entries(listed):
    array = nano_usd_array(np.array(listed, dtype=np.float64))
    assert array.dtype == np.int64
    assert array.tolist() == [nano_usd(amount) for amount in listed]


@given(nano=st.integers(-(2**49), 2**49))
@examples(300)
def test_nano_usd_come_back_whole_from_usd_up_to_half_a_million(nano):
    assert nano_usd(usd(nano)) == nano


def test_arrays_become_usd_entry_by_entry():
    assert usd(np.array([1_500_000_000, -1])).tolist() == [1.5, -1e-9]
