"""A model behind a URL, as a scenario asks for it."""

from __future__ import annotations

import re
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, JsonValue, field_validator, model_validator

from agents.engine_params.base import EngineBase
from market.fields import shown

#: Lower case is left out, which most keys have and few variables.
ENVIRONMENT_VARIABLE = re.compile(r"[A-Z_][A-Z0-9_]{0,99}")
#: What the openai engine says itself in a request.
OPENAI_KEYS = {
    "messages", "prompt", "model", "stream", "stream_options", "n",
    "max_tokens", "max_completion_tokens",
}  # fmt: skip


class OpenAIParams(EngineBase):
    """A model behind a URL that speaks OpenAI's protocol.

    ``api_key_env`` names the environment variable with the key; null where none is needed.
    ``token_ids`` [low, high) has prompts without text sent as token ids in that range, which only
    completions can be. ``length_key`` is how the server calls the largest number of output tokens.
    ``extra_body`` goes into every request as it stands. At most ``max_concurrent`` requests are
    under way; the time for the first token counts from each attempt, that for the whole answer
    from the first. Failures before any text are asked again ``retries`` times at most, after
    ``backoff_s`` that doubles each time, or after what the server says.
    """

    kind: Literal["openai"]
    base_url: str
    model: str = Field(min_length=1, max_length=1000)
    api_key_env: str | None = None
    endpoint: Literal["chat", "completions"] = "chat"
    token_ids: tuple[int, int] | None = None
    length_key: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    extra_body: dict[str, JsonValue] = Field(default_factory=dict)
    max_concurrent: int = Field(16, ge=1, le=10_000)
    connect_timeout_s: float = Field(10.0, gt=0, le=86_400)
    first_token_timeout_s: float = Field(120.0, gt=0, le=86_400)
    request_timeout_s: float = Field(600.0, gt=0, le=86_400)
    retries: int = Field(3, ge=0, le=100)
    backoff_s: float = Field(0.5, ge=0, le=60)

    @field_validator("base_url")
    @classmethod
    def _plain_url(cls, url: str) -> str:
        """The URL is logged, so nothing in it may be a secret."""
        parts = urlsplit(url)
        if parts.username or parts.password or parts.query or parts.fragment:
            raise ValueError("expected a URL without a user, a key, a query or a fragment")
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.port == 0:
            raise ValueError(f"expected http://HOST[:PORT]/PATH or https://..., got {shown(url)}")
        return url

    @field_validator("api_key_env")
    @classmethod
    def _name(cls, name: str | None) -> str | None:
        # The value is not shown: it may be the key itself, put in the wrong place.
        if name is not None and not ENVIRONMENT_VARIABLE.fullmatch(name):
            raise ValueError(
                "expected the name of an environment variable in capital letters, such as "
                "OPENAI_API_KEY; the key itself must not stand in a scenario"
            )
        return name

    @model_validator(mode="after")
    def _can_be_asked(self) -> OpenAIParams:
        if self.token_ids is not None:
            if self.endpoint != "completions":
                raise ValueError("token_ids: expected endpoint completions, chat takes only text")
            if not 0 <= self.token_ids[0] < self.token_ids[1] <= 2**31:
                raise ValueError(
                    f"token_ids: expected [low, high] with 0 <= low < high, got {self.token_ids}"
                )
        if self.length_key != "max_tokens" and self.endpoint == "completions":
            raise ValueError("length_key: expected max_tokens, which completions know")
        if ours := sorted(OPENAI_KEYS & set(self.extra_body)):
            raise ValueError(f"extra_body: {', '.join(ours)} cannot be set, the engine sets it")
        return self
