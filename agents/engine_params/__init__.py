"""Which engine serves a provider, as a scenario asks for it."""

from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from agents.engine_params.base import EngineBase
from agents.engine_params.openai import OpenAIParams
from agents.engine_params.simulated import SimulatedParams
from agents.engine_params.vllm import VllmParams
from agents.open_union import OpenTo, kinds_of
from market import plugins
from market.plugins import Role

__all__ = [
    "ENGINES",
    "EngineBase",
    "EngineParams",
    "OpenAIParams",
    "SimulatedParams",
    "VllmParams",
]


def _simulated_unless_said(value: Any) -> Any:
    return {"kind": "simulated"} | value if isinstance(value, dict) else value


_BuiltIn = SimulatedParams | VllmParams | OpenAIParams

#: Their kinds, those of plug-ins too.
ENGINES = Role((plugins.ENGINES,), kinds_of(_BuiltIn))

#: Every kind of engine; one more is one class more, here or in a plug-in.
EngineParams = Annotated[
    _BuiltIn,
    Field(discriminator="kind"),
    OpenTo(ENGINES, (EngineBase,), ()),
    BeforeValidator(_simulated_unless_said),
]
