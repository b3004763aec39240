"""Series of prices from a user's CSV files: of electricity, and of GPUs on a spot market.

Electricity: a header, then one line a period, all periods equally long: its beginning, and prices
in columns, of which one is taken. Spot: AWS's price history,
``timestamp,availability_zone,instance_type,product,spot_price_usd_per_hour``, a line each time
that a price changes or is confirmed, in order of time within an instance type and a zone. Times
are UTC unless they state a zone.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from market.errors import BadInput
from market.fields import DECIMAL, shown
from orchestrator.reading.csv_text import csv_rows

SPOT_COLUMNS = [
    "timestamp",
    "availability_zone",
    "instance_type",
    "product",
    "spot_price_usd_per_hour",
]
MOST_PRICE, LEAST_SPOT_PRICE = 1e6, 1e-6
TIME = re.compile(
    r"\d{4}-\d\d-\d\d([ T]\d\d:\d\d(:\d\d(\.\d{1,6})?)?)?(Z|[+-]\d\d:?\d\d)?", re.ASCII
)

#: A price series as ``agents.cost.replay.PriceSeries`` has it.
Series = dict[str, list[float]]


@dataclass(frozen=True)
class Window:
    """What a run needs of a series: from ``start`` (None: its first time), so many seconds of it.

    The first ``needed_s`` must be there; of the rest up to ``wanted_s``, in which a run drains,
    as much as there is.
    """

    start: datetime | None
    needed_s: float
    wanted_s: float


class Moment(NamedTuple):
    """A time in UTC, and whether a zone was stated with it."""

    utc: datetime
    zoned: bool

    def __str__(self) -> str:
        return f"{self.utc:%Y-%m-%d %H:%M:%S}"


class Dated(NamedTuple):
    """A price, when it begins to hold, and the place of its line, for errors."""

    since: Moment
    price: float
    place: str


def electricity_series(path: Path, column: str, window: Window) -> Series:
    """A window of one column of prices.

    Raises:
        BadInput: names the file, and the first line that is malformed, out of order, a duplicate
            or after a gap, or what of the window is missing.
    """
    rows = csv_rows(path)
    place, header = next(rows, (f"{path}: line 1", []))
    if column not in header[1:]:
        expected = f"expected a first column of times and one named {shown(column)}"
        raise BadInput(place, f"{expected}, got {shown(','.join(header))}")
    if header.count(column) > 1:
        raise BadInput(place, f"duplicate column {shown(column)}")
    at = header.index(column, 1)
    dated = [_electricity_row(row, header, at, place) for place, row in rows]
    _check_order(dated)
    _check_periods(dated)
    return _cut(dated, window, str(path))


def spot_series(
    path: Path, instance: str, product: str, zones: Sequence[str] | None, window: Window
) -> dict[str, Series]:
    """A window of an instance type's prices in each of the ``zones``; None: in all it is in.

    Raises:
        BadInput: as of ``electricity_series``; gaps are none here, a price holds until the next.
    """
    found = _spot_prices(path, instance, product)
    for zone in zones or ():
        if zone not in found:
            problem = f"expected a zone among {', '.join(sorted(found))}; got {shown(zone)}"
            raise BadInput(str(path), problem)
    return {
        zone: _cut(found[zone], window, f"{path}: {zone}") for zone in sorted(set(zones or found))
    }


def moment(text: str, place: str) -> Moment:
    """A day, or a time of it, as a text; raises ``BadInput`` that names the ``place``."""
    stated = text.strip()
    try:
        if TIME.fullmatch(stated):
            return _as_moment(datetime.fromisoformat(stated))
    except (ValueError, OverflowError):  # no such day, or a zone leads out of the years 1 to 9999
        pass
    raise BadInput(place, f"expected YYYY-MM-DD HH:MM:SS, got {shown(text)}")


def _as_moment(time: datetime) -> Moment:
    """A time in UTC, which one without a zone is taken to be."""
    if time.tzinfo is None:
        return Moment(time.replace(tzinfo=UTC), zoned=False)
    return Moment(time.astimezone(UTC), zoned=True)


def _electricity_row(row: list[str], header: Sequence[str], at: int, place: str) -> Dated:
    if len(row) != len(header):
        raise BadInput(place, f"expected {len(header)} fields, got {len(row)}")
    price = _price(row[at], -MOST_PRICE, f"{place}: {header[at]}")
    return Dated(moment(row[0], f"{place}: {header[0]}"), price, place)


def _spot_prices(path: Path, instance: str, product: str) -> dict[str, list[Dated]]:
    """The prices of an instance type by zone."""
    rows = csv_rows(path)
    place, header = next(rows, (f"{path}: line 1", []))
    if header != SPOT_COLUMNS:
        raise BadInput(place, f"expected {','.join(SPOT_COLUMNS)}, got {shown(','.join(header))}")
    found: dict[str, list[Dated]] = {}
    others: set[str] = set()
    for place, row in rows:
        if len(row) != len(SPOT_COLUMNS):
            raise BadInput(place, f"expected {len(SPOT_COLUMNS)} fields, got {len(row)}")
        if row[2:4] == [instance, product]:
            price = _price(row[4], LEAST_SPOT_PRICE, f"{place}: {SPOT_COLUMNS[4]}")
            since = moment(row[0], f"{place}: {SPOT_COLUMNS[0]}")
            found.setdefault(row[1], []).append(Dated(since, price, place))
        else:
            others.add(" ".join(row[2:4]))
    if not found:
        wanted = shown(f"{instance} {product}")
        got = shown(", ".join(sorted(others)))
        raise BadInput(str(path), f"expected prices of {wanted}, got those of {got}")
    for dated in found.values():
        _check_order(dated)
    return found


def _price(text: str, least: float, place: str) -> float:
    stated = text.strip()
    if DECIMAL.fullmatch(stated) and least <= float(stated) <= MOST_PRICE:
        return float(stated)
    raise BadInput(place, f"expected a number from {least:g} to {MOST_PRICE:g}, got {shown(text)}")


def _check_order(dated: Sequence[Dated]) -> None:
    """Raise ``BadInput`` unless times ascend, and state a zone all or none."""
    for before, after in pairwise(dated):
        if before.since.zoned != after.since.zoned:
            problem = "expected times that state a zone, or none that does; got both"
            raise BadInput(after.place, problem)
        if before.since == after.since:
            raise BadInput(after.place, f"duplicate time {after.since}")
        if before.since > after.since:
            problem = f"expected times in order, got {after.since} after {before.since}"
            raise BadInput(after.place, problem)


def _check_periods(dated: Sequence[Dated]) -> None:
    """Raise ``BadInput`` unless all periods are as long as the first."""
    period = dated[1].since.utc - dated[0].since.utc if len(dated) > 1 else None
    for before, after in pairwise(dated):
        if after.since.utc - before.since.utc != period:
            problem = f"expected a price {period} after {before.since}, got one of {after.since}"
            raise BadInput(after.place, problem)


def _cut(dated: Sequence[Dated], window: Window, place: str) -> Series:
    """The prices that hold within the window, in seconds from its start."""
    if not dated:
        raise BadInput(place, "expected at least one price below the header, got none")
    first, last = dated[0].since, dated[-1].since
    start = window.start or first.utc
    if start < first.utc or (last.utc - start).total_seconds() < window.needed_s:
        needed = f"expected prices for {window.needed_s / 86_400:.6g} days from {start:%F %T}"
        raise BadInput(place, f"{needed}, got them from {first} to {last}")
    times_s = [(one.since.utc - start).total_seconds() for one in dated]
    held = max(index for index, time_s in enumerate(times_s) if time_s <= 0)
    end = max(index for index, time_s in enumerate(times_s) if time_s <= window.wanted_s)
    prices = [one.price for one in dated[held : end + 1]]
    return {"times_s": times_s[held : end + 1], "prices": prices}
