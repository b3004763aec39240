"""Strategies: how a participant turns a private number into the one it reports."""

from agents.strategy.best_response import BestResponse
from agents.strategy.choices import ClientStrategy, Strategy
from agents.strategy.exp3 import Exp3, NoRegret
from agents.strategy.panel import ClientPanel, Panel, check_panel
from agents.strategy.ring import Ring
from agents.strategy.role import Draw, Report, Reporter
from agents.strategy.stationary import Aggressive, Conservative, Random, Truthful

__all__ = [
    "Aggressive",
    "BestResponse",
    "ClientPanel",
    "ClientStrategy",
    "Conservative",
    "Draw",
    "Exp3",
    "NoRegret",
    "Panel",
    "Random",
    "Report",
    "Reporter",
    "Ring",
    "Strategy",
    "Truthful",
    "check_panel",
]
