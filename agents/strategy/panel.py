"""Panels: a few who report by a strategy of their own among many who do not."""

from __future__ import annotations

from pydantic import Field

from agents.params import Params
from agents.strategy.choices import ClientStrategy, Strategy


class Panel(Params):
    """The first participants, who report by a strategy of their own.

    Nothing that is drawn depends on a strategy, so runs that differ in a panel alone are paired.
    """

    count: int = Field(1, ge=1)
    """How many they are."""
    strategy: Strategy
    """How they report."""


class ClientPanel(Params):
    """The first clients, who report by a strategy of their own."""

    count: int = Field(1, ge=1)
    """How many they are."""
    strategy: ClientStrategy
    """How they report; not by best_response or ring."""


def check_panel(panel: Panel | ClientPanel | None, count: int, who: str) -> None:
    """Raise ``ValueError`` if a panel is larger than all ``count`` of those that ``who`` names."""
    if panel and panel.count > count:
        raise ValueError(f"panel: expected at most all {count} {who}, got {panel.count}")
