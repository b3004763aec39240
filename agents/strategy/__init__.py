"""Strategies: how a participant turns a private number into the one it reports."""

from agents.strategy.choices import Strategy
from agents.strategy.exp3 import Exp3, NoRegret
from agents.strategy.panel import Panel, check_panel
from agents.strategy.role import Report, Reporter
from agents.strategy.stationary import Aggressive, Conservative, Random, Truthful

__all__ = [
    "Aggressive",
    "Conservative",
    "Exp3",
    "NoRegret",
    "Panel",
    "Random",
    "Report",
    "Reporter",
    "Strategy",
    "Truthful",
    "check_panel",
]
