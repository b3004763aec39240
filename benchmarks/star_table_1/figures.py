"""Figures as text."""

from __future__ import annotations

from benchmarks.star_table_1.bootstrap import Interval, Mean


def usd(amount: float) -> str:
    """Dollars and cents."""
    return f"${amount:.2f}"


def spread(figure: Mean) -> str:
    """A mean and the standard deviation, USD."""
    return f"{usd(figure.mean)} ± {figure.deviation:.2f}"


def per_cent(figure: float) -> str:
    """One decimal."""
    return f"{_signed(figure, 1)} %"


def bounded(figure: Interval, decimals: int = 1, unit: str = " %") -> str:
    """An estimate and its interval."""
    low, value, high = (_signed(part, decimals) for part in figure)
    return f"{value}{unit} [{low}, {high}]"


def amount(column: str, figure: float) -> str:
    """A figure of the table, in the unit of its column."""
    return per_cent(figure) if column.startswith("vs.") else usd(figure)


def _signed(figure: float, decimals: int) -> str:
    """With a minus that is one, and no minus before a zero."""
    rounded = round(figure, decimals) + 0.0
    return f"{rounded:.{decimals}f}".replace("-", "\N{MINUS SIGN}")
