"""A model behind a URL that speaks OpenAI's protocol: where it is, and how it is asked."""

from __future__ import annotations

import re
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, JsonValue, field_validator, model_validator

from agents.params import Params
from market.fields import shown

#: Lower case is left out, which most keys have and few variables.
ENVIRONMENT_VARIABLE = re.compile(r"[A-Z_][A-Z0-9_]{0,99}")
#: What the openai engine says itself in a request.
OPENAI_KEYS = {
    "messages", "prompt", "model", "stream", "stream_options", "n",
    "max_tokens", "max_completion_tokens",
}  # fmt: skip


class OpenAIConnection(Params):
    """Where such a model is, and how it is asked."""

    base_url: str
    """Where the model is, such as ``http://HOST:8000/v1``; it is logged, so it must hold no
    secret."""
    model: str = Field(min_length=1, max_length=1000)
    """What the server calls the model."""
    api_key_env: str | None = None
    """The environment variable that holds the key, never the key itself; null: none is needed."""
    endpoint: Literal["chat", "completions"] = "chat"
    """Which endpoint is asked."""
    token_ids: tuple[int, int] | None = None
    """``[low, high]``: prompts without text are sent as token ids from low to below high, which
    needs completions; null: as text."""
    length_key: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    """What the server calls the largest number of output tokens."""
    extra_body: dict[str, JsonValue] = Field(default_factory=dict)
    """Keys that go into every request as they stand."""
    max_concurrent: int = Field(16, ge=1, le=10_000)
    """Requests that are under way at most."""
    connect_timeout_s: float = Field(10.0, gt=0, le=86_400)
    """Seconds that a connection may take."""
    first_token_timeout_s: float = Field(120.0, gt=0, le=86_400)
    """Seconds that the first token may take, from each attempt."""
    request_timeout_s: float = Field(600.0, gt=0, le=86_400)
    """Seconds that the whole answer may take, from the first attempt."""
    retries: int = Field(3, ge=0, le=100)
    """How often a request that failed before any text is asked again."""
    backoff_s: float = Field(0.5, ge=0, le=60)
    """Seconds before the first retry, doubled each time, unless the server says how long."""

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
    def _can_be_asked(self) -> OpenAIConnection:
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
