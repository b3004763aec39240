"""The strategies that a scenario can name."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from agents.strategy.best_response import BestResponse
from agents.strategy.exp3 import NoRegret
from agents.strategy.ring import Ring
from agents.strategy.stationary import Aggressive, Conservative, Random, Truthful

#: Those of clients, which are told no prices and are in no ring.
ClientStrategy = Annotated[
    Truthful | Aggressive | Conservative | Random | NoRegret, Field(discriminator="kind")
]

#: Every strategy; one more is one class more.
Strategy = Annotated[
    Truthful | Aggressive | Conservative | Random | NoRegret | BestResponse | Ring,
    Field(discriminator="kind"),
]
