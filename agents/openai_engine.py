"""Any model behind a URL that speaks OpenAI's protocol, asked through OpenAI's own client.

Answers are streamed, so that the first token has a time. What is asked again is told by
``_wait_s``: lost connections, 429 and 5xx, as long as no text has come. Keys live in the
environment and in the client, never in a parameter, a message or a pickle.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Any

from openai import APIConnectionError, APIStatusError, AsyncOpenAI, OpenAIError, Timeout

from agents.engine.chat_messages import in_words
from agents.engine.role import Job
from agents.engine.wall_clock import WallClock, WallClockEngine, failure
from agents.openai_connection import OpenAIConnection
from agents.openai_request import ENDPOINTS, Answers, Body, Said
from market.errors import BadInput
from market.messages import Completion

#: What is sent as the key where none is needed; the client insists on one.
NO_KEY = "none"
#: Between two attempts no more seconds pass than this, unless the server asks for them.
MOST_BACKOFF_S = 30.0
MOST_SAID = 300
#: A server that counts more in one request has counted wrong.
MOST_TOKENS = 1_000_000_000


class OpenAIEngine(WallClockEngine):
    """One model at a URL.

    Args:
        provider: whose engine it is; completions carry it.
        params: where it is, and how it is asked.

    Raises:
        BadInput: the environment does not have the key.
    """

    def __init__(self, provider: str, params: OpenAIConnection):
        api_key(provider, params)
        super().__init__(OpenAIService(provider, params))


def api_key(provider: str, params: OpenAIConnection) -> str:
    """The key from the environment; raises ``BadInput`` where there is none that can be sent."""
    if params.api_key_env is None:
        return NO_KEY
    key = os.environ.get(params.api_key_env, "").strip()
    where = f"{provider}: engine.api_key_env"
    expected = f"expected the key in the environment variable {params.api_key_env}"
    if not key:
        raise BadInput(where, f"{expected}, which is not set")
    if not (key.isascii() and key.isprintable()) or " " in key:
        raise BadInput(where, f"{expected}, which holds characters that no key has")
    return key


class Unserved(Exception):
    """A job that will not be served; the text says why in one line."""


@dataclass(slots=True)
class _Answer:
    """What has come of an answer so far; ``trouble`` is why it was last asked again."""

    pieces: list[str] = field(default_factory=list)
    token_ids: list[int] = field(default_factory=list)
    first_token_s: float | None = None
    finish_s: float = 0.0
    finish_reason: str | None = None
    usage: Any = None
    trouble: str = ""


class OpenAIService:
    """The service under an ``OpenAIEngine``; a pickled one is not open."""

    def __init__(self, provider: str, params: OpenAIConnection):
        self.provider = provider
        self.params = params
        self._endpoint = ENDPOINTS[params.endpoint]
        self._answers = Answers()
        self._client: AsyncOpenAI | None = None
        self._places = asyncio.Semaphore(params.max_concurrent)

    def __reduce__(self) -> tuple[Any, ...]:
        return OpenAIService, (self.provider, self.params)

    async def open(self) -> None:
        """Make the client; nothing is sent yet."""
        client = AsyncOpenAI(
            base_url=self.params.base_url,
            api_key=api_key(self.provider, self.params),
            timeout=Timeout(None, connect=self.params.connect_timeout_s),
            max_retries=0,
        )
        # The client takes them from the environment, which is for OpenAI's own URL.
        client.organization = client.project = None
        self._client = client

    async def close(self) -> None:
        """Close all connections."""
        if self._client is not None:
            await self._client.close()

    async def serve(self, job: Job, clock: WallClock) -> Completion:
        """Serve a job as soon as there is a place for it."""
        answer = _Answer()
        async with self._places:
            try:
                async with asyncio.timeout(self.params.request_timeout_s):
                    await self._ask(self._body(job), answer, clock)
                return self._completion(job, answer)
            except TimeoutError:
                error = f"no whole answer within {self.params.request_timeout_s:g} s"
                if answer.trouble:
                    error += f", last trouble: {answer.trouble}"
            except Unserved as unserved:
                error = str(unserved)
        return failure(job, self.provider, clock, error)

    def _body(self, job: Job) -> Body:
        return self._endpoint.body(job, self._answers, self.params.token_ids) | {
            "model": self.params.model,
            self.params.length_key: job.output_tokens,
            "stream": True,
            "stream_options": {"include_usage": True},
            "extra_body": self.params.extra_body,
        }

    async def _ask(self, body: Body, answer: _Answer, clock: WallClock) -> None:
        """Ask until an answer has come, or raise ``Unserved``."""
        for attempt in range(self.params.retries + 1):
            try:
                await self._ask_once(body, answer, clock)
                return
            except OpenAIError as error:
                reason = self._reason(error)
                wait_s = self._wait_s(error, attempt)
            if answer.pieces:
                raise Unserved(f"cut off after {len(answer.pieces)} pieces of text: {reason}")
            if wait_s is None or attempt == self.params.retries:
                raise Unserved(f"{reason}, at attempt {attempt + 1}" if attempt else reason)
            answer.trouble = reason
            answer.token_ids.clear()
            answer.finish_reason = answer.usage = None
            await asyncio.sleep(wait_s)

    async def _ask_once(self, body: Body, answer: _Answer, clock: WallClock) -> None:
        patience_s = self.params.first_token_timeout_s
        try:
            async with asyncio.timeout(patience_s) as patience:
                stream = await self._endpoint.create(self._client)(**body)
                async with stream:
                    async for chunk in stream:
                        self._read(chunk, answer, clock.now_s)
                        if answer.first_token_s is not None:
                            patience.reschedule(None)
        except TimeoutError:
            raise Unserved(f"no token within {patience_s:g} s") from None
        except ValueError:
            raise Unserved("the stream is not JSON") from None

    def _read(self, chunk: Any, answer: _Answer, now_s: float) -> None:
        """Take in a chunk; the client does not check what is in one."""
        answer.usage = getattr(chunk, "usage", None) or answer.usage
        try:
            for choice in chunk.choices:
                piece = self._endpoint.text(choice)
                if not isinstance(piece, str | None):
                    raise TypeError(piece)
                if piece:
                    answer.pieces.append(piece)
                    if answer.first_token_s is None:
                        answer.first_token_s = now_s
                answer.token_ids += getattr(choice, "token_ids", None) or ()
                answer.finish_reason = choice.finish_reason or answer.finish_reason
                answer.finish_s = now_s
        except (AttributeError, TypeError):
            raise Unserved("a chunk of the stream is not of OpenAI's form") from None

    def _wait_s(self, error: OpenAIError, attempt: int) -> float | None:
        """Seconds before the next attempt; None where there is no use in one."""
        if isinstance(error, APIStatusError):
            if error.status_code != 429 and error.status_code < 500:
                return None
            asked_s = _retry_after_s(error.response.headers)
            if asked_s is not None:
                return asked_s if asked_s < self.params.request_timeout_s else None
        elif not isinstance(error, APIConnectionError):
            return None
        return min(MOST_BACKOFF_S, self.params.backoff_s * 2.0**attempt)

    def _reason(self, error: OpenAIError) -> str:
        """What the server or the network said, in one line without the key."""
        body = getattr(error, "body", None)
        said = body.get("message") if isinstance(body, Mapping) else None
        text = str(said or error)
        if isinstance(error, APIStatusError):
            text = f"HTTP {error.status_code}: {text}"
        elif error.__cause__ is not None:
            text = f"{text} {type(error.__cause__).__name__}: {error.__cause__}"
        return self._one_line(text)

    def _one_line(self, text: str) -> str:
        """What somebody said, in one line of bounded length without the key."""
        if self._client is not None and self._client.api_key != NO_KEY:
            text = text.replace(self._client.api_key, "***")
        line = " ".join(_whole(text).split())
        return line if len(line) <= MOST_SAID else f"{line[:MOST_SAID]}..."

    def _completion(self, job: Job, answer: _Answer) -> Completion:
        """The answer as a completion; ``Unserved`` where it is none or cannot be counted."""
        if answer.finish_reason not in ("length", "stop"):
            if not answer.finish_reason:
                raise Unserved("the stream ended before the answer did")
            raise Unserved(self._one_line(f"finish reason: {answer.finish_reason}"))
        text = _whole("".join(answer.pieces))
        self._answers.keep(job.answer, Said(text, tuple(answer.token_ids)))
        # Tokens that are no text have no chunk to tell their time by.
        first_s = answer.finish_s if answer.first_token_s is None else answer.first_token_s
        prompt_tokens, cached_tokens, output_tokens = _counts(answer.usage)
        return Completion(
            request=job.request,
            provider=self.provider,
            kind=job.kind,
            submitted_s=job.submitted_s,
            first_token_s=max(job.submitted_s, first_s),
            finish_s=max(job.submitted_s, answer.finish_s),
            prompt_tokens=prompt_tokens,
            cached_tokens=cached_tokens,
            output_tokens=output_tokens,
            answer=job.answer,
            text=text if in_words(job) else None,
        )


def _counts(usage: Any) -> tuple[int, int | None, int]:
    """Prompt, cached and output tokens; ``Unserved`` where the first or the last is not told."""
    prompt_tokens = _count(usage, "prompt_tokens", MOST_TOKENS)
    output_tokens = _count(usage, "completion_tokens", MOST_TOKENS)
    if prompt_tokens is None or output_tokens is None:
        raise Unserved("the server tells no usage, so the work cannot be charged")
    details = getattr(usage, "prompt_tokens_details", None)
    return prompt_tokens, _count(details, "cached_tokens", prompt_tokens), output_tokens


def _count(told: Any, name: str, most: int) -> int | None:
    """A count that the server tells; None where it tells none that can be."""
    count = getattr(told, name, None)
    return count if type(count) is int and 0 <= count <= most else None


def _whole(text: str) -> str:
    """The text, of which half characters, which JSON can hold and no file, are replaced."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _retry_after_s(headers: Mapping[str, str]) -> float | None:
    """What the server asks to wait: seconds, or a date to be seen by the server's own clock."""
    asked = headers.get("retry-after", "")
    with suppress(ValueError):
        return max(0.0, float(asked))
    try:
        wait = parsedate_to_datetime(asked) - parsedate_to_datetime(headers.get("date", ""))
    except (TypeError, ValueError):
        return None
    return max(0.0, wait.total_seconds())
