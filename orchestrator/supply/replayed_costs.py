"""Costs whose prices are in files: those are read, and what a run needs of them takes their place.

A component of kind ``electricity`` names the ``path`` of a file and the ``column`` of its prices;
one of kind ``spot`` the ``path``, an ``instance_type``, its ``product`` and, unless it means all,
the ``availability_zones``. Either may say which moment of the file is the ``start`` of a trial.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from agents.cost.replay import DAY_S
from market.errors import BadInput
from market.fields import Fields, shown
from orchestrator.scenario.timing import Timing
from orchestrator.supply.price_series import Window, electricity_series, moment, spot_series

LINUX = "Linux/UNIX"


def find_price_series(document: dict[str, Any], path: Path) -> None:
    """Replace the files of the costs of a scenario by their prices in the time that it covers.

    What else is malformed is left as it is, for the schema to tell.

    Raises:
        BadInput: names the key, or the file and the line, that is wrong.
    """
    try:
        timing = Timing.model_validate(
            {key: document[key] for key in Timing.model_fields if key in document}
        )
    except ValidationError:
        return
    groups = document.get("providers")
    for index, group in enumerate(groups if isinstance(groups, list) else ()):
        stated = group.get("cost") if isinstance(group, dict) else None
        for where, cost in replays(stated, f"{path}: providers.{index}.cost"):
            if "series" not in cost:
                _find_series(Fields(cost, where), cost, timing)


def replays(cost: Any, where: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every component of a stated cost that replays prices, and the dotted key where it stands."""
    if not isinstance(cost, dict):
        return
    if isinstance(kind := cost.get("kind"), str) and kind in _SERIES:
        yield where, cost
    parts = cost.get("of")
    if isinstance(parts, list):
        for index, part in enumerate(parts):
            yield from replays(part, f"{where}.of.{index}")
    else:
        yield from replays(parts, f"{where}.of")


def _find_series(fields: Fields, cost: dict[str, Any], timing: Timing) -> None:
    stated = fields.raw("path", None)
    if not isinstance(stated, str):
        expected = "expected the path of a file of prices"
        raise BadInput(fields.place("path"), f"{expected}, got {shown(stated)}")
    day_s = fields.number("day_s", low=1e-6, default=DAY_S)
    window = Window(
        _start(fields), timing.horizon_s * DAY_S / day_s, timing.longest_s * DAY_S / day_s
    )
    read, keys = _SERIES[cost["kind"]]
    cost["series"] = read(Path(stated), fields, window)
    for key in ("path", "start", *keys):
        cost.pop(key, None)


def _start(fields: Fields) -> datetime | None:
    """A moment as YAML reads it: a time, a day, or a text; null is the first of the file."""
    stated = fields.raw("start", None)
    if stated is None:
        return None
    if isinstance(stated, date) and not isinstance(stated, datetime):
        stated = datetime.combine(stated, time())
    if isinstance(stated, datetime):
        stated = stated.isoformat(" ")
    if isinstance(stated, str):
        return moment(stated, fields.place("start")).utc
    raise BadInput(fields.place("start"), f"expected YYYY-MM-DD HH:MM:SS, got {shown(stated)}")


def _electricity(path: Path, fields: Fields, window: Window) -> Any:
    return electricity_series(path, fields.text("column"), window)


def _spot(path: Path, fields: Fields, window: Window) -> Any:
    product = fields.text("product") if fields.raw("product", None) is not None else LINUX
    zones = fields.raw("availability_zones", None)
    if zones is not None:
        zones = fields.sequence("availability_zones")
        if not zones or not all(isinstance(zone, str) for zone in zones):
            place = fields.place("availability_zones")
            raise BadInput(place, f"expected names of zones, got {shown(zones)}")
    return spot_series(path, fields.text("instance_type"), product, zones, window)


#: By kind, what reads its series, and the keys that say which.
_SERIES: dict[str, tuple[Callable[[Path, Fields, Window], Any], tuple[str, ...]]] = {
    "electricity": (_electricity, ("column",)),
    "spot": (_spot, ("instance_type", "product", "availability_zones")),
}
