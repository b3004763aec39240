"""Every kind of cost, alone and composed, and the setting in which they are drawn."""

from __future__ import annotations

from typing import Any

from pydantic import TypeAdapter

from agents.cost import Cost, CostParams, CostSetting
from agents.electricity import Electricity
from market.profiles import EngineProfile

SHORT_DAY = Electricity(day_s=120.0)
ENGINE = EngineProfile("e", 16, 4096, 8, 8192, 16384, 0.01, 0.0001, 0.0005, 1e-6, power_w=400.0)

ELECTRICITY: dict[str, Any] = {
    "kind": "electricity",
    "series": {"times_s": [-1800, 1800, 5400, 9000], "prices": [30.0, -83.0, 0.5, 163.5]},
    "day_s": 1440.0,
}
SPOT: dict[str, Any] = {
    "kind": "spot",
    "series": {
        "a": {"times_s": [-5, 7200], "prices": [0.9, 1.2]},
        "b": {"times_s": [0, 60], "prices": [3.0, 2.0]},
        "c": {"times_s": [0], "prices": [0.5]},
    },
    "day_s": 1440.0,
}
PAPER: dict[str, Any] = {"kind": "paper", "base": {"uniform": [0.1, 3.0]}, "redraw_s": 2.5}
CONSTANT: dict[str, Any] = {"kind": "constant", "base": {"lognormal": [1.0, 0.5]}}

COSTS: dict[str, dict[str, Any]] = {
    "paper": PAPER,
    "constant": CONSTANT,
    "electricity": ELECTRICITY,
    "spot": SPOT,
    "scarcity": {"kind": "scarcity", "of": SPOT, "between": [0.3, 2.0], "redraw_s": 4.0},
    "load": {"kind": "load", "of": PAPER, "slope": 2.0},
    "sum": {"kind": "sum", "of": [PAPER, PAPER, ELECTRICITY]},
    "all at once": {
        "kind": "load",
        "of": {
            "kind": "sum",
            "of": [
                {"kind": "scarcity", "of": {"kind": "scarcity", "of": SPOT}},
                {"kind": "load", "of": ELECTRICITY, "slope": 0.1},
                CONSTANT,
            ],
        },
    },
}

PARAMS: TypeAdapter[CostParams] = TypeAdapter(CostParams)


def setting(name: str = "p", seed: int = 3, **changes: Any) -> CostSetting:
    usual = {"electricity": SHORT_DAY, "engine": ENGINE, "slots": 4} | changes
    return CostSetting(seed, ("provider", name), **usual)


def drawn(stated: dict[str, Any], name: str = "p", seed: int = 3, **changes: Any) -> Cost:
    return PARAMS.validate_python(stated).cost(setting(name, seed, **changes))
