from datetime import UTC, datetime
from pathlib import Path

import pytest

from market.errors import BadInput
from orchestrator.supply.price_series import Window, electricity_series, spot_series
from tests.real_files import real

HOUR_S = 3600.0
ELECTRICITY = """hour,real_price,forecast
2016-12-21 00:00:00,13.78,10.6
2016-12-21 01:00:00,-12.5,7.9
2016-12-21 02:00:00,10,6.2
2016-12-21 03:00:00,3.87,5.9
"""
SPOT = """timestamp,availability_zone,instance_type,product,spot_price_usd_per_hour
2020-01-10T00:00:00.000Z,us-1a,p3.2xlarge,Linux/UNIX,0.9
2020-01-10T05:30:00.000Z,us-1a,p3.2xlarge,Linux/UNIX,0.95
2020-01-12T00:00:00.000Z,us-1a,p3.2xlarge,Linux/UNIX,1.1
2020-01-09T00:00:00.000Z,us-1b,p3.2xlarge,Linux/UNIX,2.5
2020-01-13T00:00:00.000Z,us-1b,p3.2xlarge,Linux/UNIX,2.6
2020-01-10T00:00:00.000Z,us-1a,p2.xlarge,Linux/UNIX,0.3
"""


def file(folder: Path, text: str) -> Path:
    path = folder / "prices.csv"
    path.write_text(text, encoding="utf-8")
    return path


def window(start: str | None = None, needed_s: float = HOUR_S, wanted_s: float = 0.0) -> Window:
    begins = None if start is None else datetime.fromisoformat(start).replace(tzinfo=UTC)
    return Window(begins, needed_s, max(needed_s, wanted_s))


def electricity(folder: Path, text: str = ELECTRICITY, column: str = "real_price", **window_of):
    return electricity_series(file(folder, text), column, window(**window_of))


def spot(folder: Path, text: str = SPOT, zones=None, **window_of):
    path = file(folder, text)
    return spot_series(path, "p3.2xlarge", "Linux/UNIX", zones, window(**window_of))


def test_only_the_prices_that_hold_within_the_window_are_kept(tmp_path):
    found = electricity(tmp_path, start="2016-12-21T01:30:00", needed_s=HOUR_S)
    assert found == {"times_s": [-1800.0, 1800.0], "prices": [-12.5, 10.0]}


def test_the_window_begins_with_the_file_unless_it_says_when(tmp_path):
    found = electricity(tmp_path, column="forecast", needed_s=2 * HOUR_S)
    assert found == {"times_s": [0.0, HOUR_S, 2 * HOUR_S], "prices": [10.6, 7.9, 6.2]}


def test_as_much_of_the_drain_is_kept_as_there_is(tmp_path):
    assert len(electricity(tmp_path, wanted_s=2 * HOUR_S)["prices"]) == 3
    assert len(electricity(tmp_path, wanted_s=1e9)["prices"]) == 4


def test_times_with_a_zone_are_turned_to_utc(tmp_path):
    text = "hour,eur\n2017-01-01T00:00:00+02:00,1\n2017-01-01T01:00:00+02:00,2\n"
    found = electricity(tmp_path, text, "eur", start="2016-12-31T22:30:00", needed_s=1800)
    assert found == {"times_s": [-1800.0, 1800.0], "prices": [1.0, 2.0]}


def test_spot_prices_hold_until_they_change_in_each_zone(tmp_path):
    found = spot(tmp_path, start="2020-01-10T06:00:00", needed_s=24 * HOUR_S, wanted_s=1e6)
    assert found == {
        "us-1a": {"times_s": [-1800.0, 42 * HOUR_S], "prices": [0.95, 1.1]},
        "us-1b": {"times_s": [-30 * HOUR_S, 66 * HOUR_S], "prices": [2.5, 2.6]},
    }
    assert spot(tmp_path, zones=["us-1b"], needed_s=0).keys() == {"us-1b"}


LINE = "2016-12-21 04:00:00,1,1"


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("2016-12-21 03:00:00,1,1", "line 6: duplicate time 2016-12-21 03:00:00"),
        (
            "2016-12-21 02:30:00,1,1",
            "line 6: expected times in order, got 2016-12-21 02:30:00 after 2016-12-21 03:00:00",
        ),
        (
            "2016-12-21 05:00:00,1,1",
            "line 6: expected a price 1:00:00 after 2016-12-21 03:00:00, got one of "
            "2016-12-21 05:00:00",
        ),
        (
            "2016-12-21T04:00:00Z,1,1",
            "line 6: expected times that state a zone, or none that does; got both",
        ),
        ("2016-12-32 04:00:00,1,1", "line 6: hour: expected YYYY-MM-DD HH:MM:SS, got '2016-12-32"),
        ("yesterday,1,1", "line 6: hour: expected YYYY-MM-DD HH:MM:SS, got 'yesterday'"),
        ("2016-12-21 04:00:00,,1", "line 6: real_price: expected a number from -1e+06 to 1e+06"),
        ("2016-12-21 04:00:00,nan,1", "line 6: real_price: expected a number from -1e+06 to 1e+06"),
        ("2016-12-21 04:00:00,1", "line 6: expected 3 fields, got 2"),
    ],
)
def test_a_malformed_line_of_electricity_is_told_in_one_line(tmp_path, line, complaint):
    with pytest.raises(BadInput) as caught:
        electricity(tmp_path, f"{ELECTRICITY}{line}\n")
    assert str(caught.value).startswith(f"{tmp_path / 'prices.csv'}: {complaint}")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("2020-01-12T00:00:00Z,us-1a,p3.2xlarge,Linux/UNIX,1", "line 8: duplicate time 2020-01-12"),
        ("2020-01-11T00:00:00Z,us-1a,p3.2xlarge,Linux/UNIX,1", "line 8: expected times in order"),
        ("2020-01-14T00:00:00,us-1a,p3.2xlarge,Linux/UNIX,1", "line 8: expected times that state"),
        ("2020-01-14T00:00:00Z,us-1a,p3.2xlarge,Linux/UNIX,0",
         "line 8: spot_price_usd_per_hour: expected a number from 1e-06 to 1e+06, got '0'"),
        ("2020-01-14T00:00:00Z,us-1a", "line 8: expected 5 fields, got 2"),
    ],
)  # fmt: skip
def test_a_malformed_line_of_spot_prices_is_told_in_one_line(tmp_path, line, complaint):
    with pytest.raises(BadInput) as caught:
        spot(tmp_path, f"{SPOT}{line}\n")
    assert str(caught.value).startswith(f"{tmp_path / 'prices.csv'}: {complaint}")


def test_a_window_that_the_file_does_not_cover_is_refused(tmp_path):
    got = "got them from 2016-12-21 00:00:00 to 2016-12-21 03:00:00"
    with pytest.raises(BadInput, match=f"prices for 0.5 days from 2016-12-21 00:00:00, {got}"):
        electricity(tmp_path, needed_s=12 * HOUR_S)
    with pytest.raises(BadInput, match=f"0.0416667 days from 2016-12-20 23:59:59, {got}"):
        electricity(tmp_path, start="2016-12-20T23:59:59")
    with pytest.raises(BadInput, match="us-1b: expected prices for 30 days"):
        spot(tmp_path, zones=["us-1b"], needed_s=30 * 24 * HOUR_S)


def test_what_is_not_in_the_file_is_told_with_what_is(tmp_path):
    with pytest.raises(BadInput, match="one named 'price', got 'hour,real_price,forecast'"):
        electricity(tmp_path, column="price")
    with pytest.raises(BadInput, match="line 1: duplicate column 'price'"):
        electricity(tmp_path, "hour,price,price\n2016-12-21,1,2\n", column="price")
    with pytest.raises(BadInput, match="expected at least one price below the header, got none"):
        electricity(tmp_path, "hour,real_price\n")
    with pytest.raises(BadInput, match="expected a zone among us-1a, us-1b; got 'us-9z'"):
        spot(tmp_path, zones=["us-9z"])
    with pytest.raises(BadInput, match=r"expected timestamp,availability_zone.*, got 'hour,"):
        spot(tmp_path, ELECTRICITY)
    path = file(tmp_path, SPOT)
    with pytest.raises(BadInput, match=r"of 'h100 Linux/UNIX', got those of 'p2.xlarge Linux/UNIX"):
        spot_series(path, "h100", "Linux/UNIX", None, window())


def test_the_real_electricity_has_a_price_for_every_hour_and_some_below_zero():
    path = real("prices/electricity_dayahead_DE_with_forecasts.csv")
    week = window("2016-12-21T00:00:00", needed_s=7 * 24 * HOUR_S)
    prices = electricity_series(path, "real_price", week)["prices"]
    assert len(prices) == 7 * 24 + 1
    assert sum(price < 0 for price in prices) == 35


def test_the_real_spot_prices_of_a_zone():
    path = real("prices/aws_gpu_spot_price_history_2019_2020.csv")
    ten_days = window("2020-01-10T00:00:00", needed_s=10 * 24 * HOUR_S)
    found = spot_series(path, "p3.2xlarge", "Linux/UNIX", ["us-east-1b", "us-east-2a"], ten_days)
    assert {zone: len(series["prices"]) > 10 for zone, series in found.items()} == {
        "us-east-1b": True,
        "us-east-2a": True,
    }
    assert all(0.9 < price < 1.3 for series in found.values() for price in series["prices"])
