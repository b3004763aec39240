"""The engine of a provider, made as its scenario asks."""

from __future__ import annotations

from agents.engine import Engine, SimulatedEngine
from agents.engine.watched import WatchedEngine
from agents.engine_params import EngineBase, OpenAIParams, VllmParams
from agents.vllm_engine import VllmService, VllmSettings
from market.errors import BadInput
from market.profiles import EngineProfile


def engine_of(params: EngineBase, provider: str, profile: EngineProfile) -> Engine:
    """The engine of a provider that declares ``profile``; it is not started yet.

    Raises:
        BadInput: a key is not in the environment, or a client not installed.
    """
    if isinstance(params, VllmParams):
        settings = VllmSettings(
            arguments=params.arguments(profile),
            kv_blocks=profile.kv_blocks,
            threads=max(1, int(params.cpus)),
            request_timeout_s=params.request_timeout_s,
        )
        return WatchedEngine(VllmService(provider, settings), params.deadline_s)
    if isinstance(params, OpenAIParams):
        return _openai_engine(params, provider)
    return SimulatedEngine(provider, profile)


def _openai_engine(params: OpenAIParams, provider: str) -> Engine:
    try:
        from agents.openai_engine import OpenAIEngine
    except ModuleNotFoundError as error:
        if error.name != "openai":
            raise
        problem = "openai needs the client: pip install 'walras[openai]'"
        raise BadInput(f"{provider}: engine", problem) from None
    return OpenAIEngine(provider, params)
