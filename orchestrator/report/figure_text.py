"""Figures as text: four digits that count, thousands apart, shares in percent."""

from __future__ import annotations

import math

from orchestrator.analysis.metrics import Metric

NONE = "-"

#: How units are shown whose names say little.
UNITS = {"share": "%", "ratio": ""}

_DIGITS = 4
_MOST_DECIMALS = 9


def figure_text(value: float, unit: str = "", *, signed: bool = False) -> str:
    """A figure without its unit, "-" where there is none."""
    if math.isnan(value):
        return NONE
    value = _in_percent(value, unit)
    text = _rounded(value, _decimals(value, _DIGITS), signed=signed)
    return text.split(".")[0] if "." in text and not value % 1 else text


def difference_texts(difference: float, half: float, unit: str) -> tuple[str, str]:
    """A difference and its interval, to three digits of half the width of that."""
    if math.isnan(half) or not half:
        return figure_text(difference, unit, signed=True), NONE
    mean, half = _in_percent(difference, unit), _in_percent(half, unit)
    decimals = _decimals(half, _DIGITS - 1)
    low, high = (_rounded(end, decimals, signed=True) for end in (mean - half, mean + half))
    return _rounded(mean, decimals, signed=True), f"{low} to {high}"


def p_text(p_value: float) -> str:
    """A p-value with three decimals."""
    if math.isnan(p_value):
        return NONE
    return "< 0.001" if p_value < 0.001 else f"{p_value:.3f}"


def row_head(metric: Metric) -> str:
    """A metric with its unit, where its name does not say it."""
    unit = UNITS.get(metric.unit, metric.unit)
    said = not unit or unit in metric.label.replace(",", "").split()
    return metric.label if said else f"{metric.label}, {unit}"


def _in_percent(value: float, unit: str) -> float:
    return 100 * value if unit == "share" else value


def _decimals(value: float, digits: int) -> int:
    """Behind the point, so that so many digits count."""
    magnitude = math.floor(math.log10(abs(value))) if value else digits - 1
    return min(_MOST_DECIMALS, max(0, digits - 1 - magnitude))


def _rounded(value: float, decimals: int, *, signed: bool) -> str:
    """Without a sign where it rounds to nothing."""
    if not round(value, decimals):
        return "0"
    return f"{value:{'+' if signed else ''},.{decimals}f}"
