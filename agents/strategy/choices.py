"""The strategies that a scenario can name."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from agents.open_union import OpenTo, kinds_of
from agents.params import Params
from agents.strategy.best_response import BestResponse
from agents.strategy.exp3 import NoRegret
from agents.strategy.ring import Ring
from agents.strategy.stationary import Aggressive, Conservative, Random, Truthful
from market import plugins
from market.plugins import Role

_Everybodys = Truthful | Aggressive | Conservative | Random | NoRegret
_Providers = _Everybodys | BestResponse | Ring

#: Their kinds, those of plug-ins too.
STRATEGIES = Role((plugins.STRATEGIES,), kinds_of(_Providers))

_OPEN = OpenTo(STRATEGIES, (Params,), ("start", "without_feedback"))

#: Those of clients, which are told no prices and are in no ring.
ClientStrategy = Annotated[_Everybodys, Field(discriminator="kind"), _OPEN]

#: Every strategy; one more is one class more, here or in a plug-in.
Strategy = Annotated[_Providers, Field(discriminator="kind"), _OPEN]
