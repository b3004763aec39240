"""Amounts as people read them."""

from __future__ import annotations

from collections.abc import Sequence


def usd_text(usd: float) -> str:
    """USD, to six significant figures."""
    return f"{'-' if usd < 0 else ''}${abs(usd):,.6g}"


def figure_text(figure: float) -> str:
    """A figure of no unit, to six significant figures."""
    return f"{figure:,.6g}"


def tokens_text(tokens: float) -> str:
    """Tokens; of a part of one so much that few of them are told apart."""
    return f"{tokens:,.0f}" if tokens == round(tokens) or abs(tokens) >= 1000 else f"{tokens:,.6g}"


def listed(names: Sequence[str], most: int = 6) -> str:
    """Names in a sentence, of many the first ones."""
    shown = list(names[:most])
    if len(names) > most:
        shown.append(f"{len(names) - most} more")
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"


def counted(count: int, what: str) -> str:
    """So many of something whose plural is regular."""
    return f"{count:,} {what}{'' if count == 1 else 's'}"
