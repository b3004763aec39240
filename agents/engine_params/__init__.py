"""Which engine serves a provider, as a scenario asks for it."""

from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from agents.engine_params.base import EngineBase
from agents.engine_params.openai import OpenAIParams
from agents.engine_params.simulated import SimulatedParams
from agents.engine_params.vllm import VllmParams

__all__ = ["EngineBase", "EngineParams", "OpenAIParams", "SimulatedParams", "VllmParams"]


def _simulated_unless_said(value: Any) -> Any:
    return {"kind": "simulated"} | value if isinstance(value, dict) else value


#: Every kind of engine; one more is one class more.
EngineParams = Annotated[
    SimulatedParams | VllmParams | OpenAIParams,
    Field(discriminator="kind"),
    BeforeValidator(_simulated_unless_said),
]
