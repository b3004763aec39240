"""The strategies that a scenario can name."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from agents.strategy.exp3 import NoRegret
from agents.strategy.stationary import Aggressive, Conservative, Random, Truthful

#: Every strategy; one more is one class more.
Strategy = Annotated[
    Truthful | Aggressive | Conservative | Random | NoRegret, Field(discriminator="kind")
]
