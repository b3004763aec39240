import numpy as np
import pytest

from orchestrator.demand.arrivals import bursty_starts


def starts(rate: float, burstiness: float, horizon_s: float = 1000.0, seed: int = 3) -> np.ndarray:
    return np.array(list(bursty_starts(rate, burstiness, horizon_s, seed, "starts", "d0")))


def by_second(moments: np.ndarray) -> np.ndarray:
    return np.bincount(moments.astype(int), minlength=1000)


@pytest.mark.parametrize("burstiness", [0.0, 0.5, 2.0])
def test_as_many_start_as_the_rate_says_on_average(burstiness):
    # the standard error of the mean of 1,000 seconds
    deviation = np.sqrt(20.0 + (20.0 * burstiness) ** 2)
    mean = by_second(starts(20.0, burstiness)).mean()
    assert mean == pytest.approx(20.0, abs=4 * deviation / np.sqrt(1000))


@pytest.mark.parametrize("burstiness", [0.0, 0.5, 1.0])
def test_the_rate_varies_from_second_to_second_as_much_as_it_is_bursty(burstiness):
    # a Poisson count of a gamma rate: the variance is the mean and that of the rate
    counts = by_second(starts(20.0, burstiness))
    expected = 20.0 + (20.0 * burstiness) ** 2
    assert counts.var() == pytest.approx(expected, rel=0.25)


def test_moments_come_in_order_and_up_to_the_horizon():
    moments = starts(50.0, 0.0, horizon_s=10.5)
    assert (np.diff(moments) >= 0).all()
    assert moments.min() >= 0
    assert 10.4 < moments.max() <= 10.5


def test_starts_are_spread_over_the_whole_second():
    within = starts(20.0, 0.0) % 1.0
    assert np.abs(np.histogram(within, 10, (0, 1))[0] / len(within) - 0.1).max() < 0.01


def test_a_longer_horizon_goes_on_where_a_shorter_one_ends():
    short, long = starts(5.0, 0.5, horizon_s=20.0), starts(5.0, 0.5, horizon_s=40.0)
    assert long[: len(short)].tolist() == short.tolist()
    assert len(long) > len(short)


def test_starts_depend_on_the_key_and_the_seed():
    assert starts(5.0, 0.5).tolist() == starts(5.0, 0.5).tolist()
    assert starts(5.0, 0.5).tolist() != starts(5.0, 0.5, seed=4).tolist()
    other = np.array(list(bursty_starts(5.0, 0.5, 1000.0, 3, "starts", "d1")))
    assert other.tolist() != starts(5.0, 0.5).tolist()


def test_nothing_starts_at_a_rate_of_almost_nothing():
    assert len(starts(1e-9, 0.5)) == 0
