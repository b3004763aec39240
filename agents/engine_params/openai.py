"""A model behind a URL, as a scenario asks for it."""

from __future__ import annotations

from typing import Literal

from agents.engine import Engine
from agents.engine_params.base import EngineBase
from agents.openai_connection import OpenAIConnection
from market.errors import BadInput
from market.profiles import EngineProfile


class OpenAIParams(EngineBase, OpenAIConnection):
    """A model behind a URL that speaks OpenAI's protocol."""

    kind: Literal["openai"]

    def engine(self, provider: str, profile: EngineProfile) -> Engine:
        """What asks the model; its client is imported now.

        Raises:
            BadInput: the key is not in the environment, or the client not installed.
        """
        try:
            from agents.openai_engine import OpenAIEngine
        except ModuleNotFoundError as error:
            if error.name != "openai":
                raise
            problem = "openai needs the client: pip install -e '.[openai]'"
            raise BadInput(f"{provider}: engine", problem) from None
        return OpenAIEngine(provider, self)
