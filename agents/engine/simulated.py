"""A simulated engine: vLLM's cache rules, in virtual time, by events.

Between changes of the batch every decode step lasts the same, so the engine jumps from change to
change instead of counting tokens. In this first form a prompt is computed in one step while the
others wait, and a request's blocks are reserved when it is admitted.
"""

from __future__ import annotations

import heapq
import math
from bisect import bisect_right
from collections import deque
from dataclasses import dataclass

from agents.engine.kv_cache import Allocation, KVCache, block_hashes
from agents.engine.role import Job
from market.messages import Completion
from market.profiles import EngineProfile
from market.prompt import Span, prompt_tokens


@dataclass(slots=True)
class _Queued:
    """A job with what the cache needs to know of it; ``blocks`` is what it will hold in all."""

    job: Job
    prompt_tokens: int
    hashes: list[int]
    blocks: int


@dataclass(slots=True)
class _Sequence:
    """A job in the running batch."""

    queued: _Queued
    allocation: Allocation
    cached_tokens: int
    first_token_s: float


class SimulatedEngine:
    """One engine of the given profile.

    Args:
        provider: whose engine it is; completions carry it.
        profile: its timing and its cache.
    """

    def __init__(self, provider: str, profile: EngineProfile):
        self.provider = provider
        self.profile = profile
        self.cache = KVCache(profile.kv_blocks)
        self._now_s = 0.0
        self._waiting: deque[_Queued] = deque()
        # (step at which the last token comes, order of admission, sequence)
        self._running: list[tuple[int, int, _Sequence]] = []
        self._steps = 0
        self._admitted = 0
        self._done: list[Completion] = []

    def start(self) -> None:
        """It is ready."""

    def close(self) -> None:
        """It holds nothing but memory."""

    def advance(self, until_s: float) -> list[Completion]:
        """Run until ``until_s`` and return what has finished by then, in order of finish."""
        while self._now_s < until_s:
            if self._admit_next():
                continue
            if self._running:
                self._decode(until_s)
            elif self._waiting:
                self._now_s = min(until_s, self._waiting[0].job.submitted_s)
            else:
                self._now_s = until_s
        self._done.sort(key=lambda done: done.finish_s)
        due = bisect_right(self._done, until_s, key=lambda done: done.finish_s)
        finished, self._done = self._done[:due], self._done[due:]
        return finished

    def submit(self, job: Job) -> None:
        """Queue a job, or fail it at once where it can never fit."""
        tokens = prompt_tokens(job.prompt)
        size = self.profile.block_size
        blocks = math.ceil((tokens + job.output_tokens) / size)
        error = self._never_fits(tokens + job.output_tokens, blocks)
        if error is None:
            hashes = block_hashes((*job.prompt, Span(job.answer, job.output_tokens)), size)
            self._waiting.append(_Queued(job, tokens, hashes, blocks))
        else:
            self._fail(job, tokens, error)

    def _never_fits(self, tokens: int, blocks: int) -> str | None:
        if tokens > self.profile.max_model_len:
            return f"prompt and output of {tokens} tokens exceed {self.profile.max_model_len}"
        if blocks > self.profile.kv_blocks:
            return f"{blocks} KV blocks needed, the engine has {self.profile.kv_blocks}"
        return None

    def _fail(self, job: Job, tokens: int, error: str) -> None:
        self._done.append(
            Completion(
                request=job.request,
                provider=self.provider,
                kind=job.kind,
                submitted_s=job.submitted_s,
                first_token_s=job.submitted_s,
                finish_s=job.submitted_s,
                prompt_tokens=tokens,
                cached_tokens=None,
                output_tokens=0,
                error=error,
            )
        )

    def _admit_next(self) -> bool:
        """Compute the prompt of the next waiting job; False where none is there or none fits."""
        if not self._waiting or len(self._running) >= self.profile.max_num_seqs:
            return False
        queued = self._waiting[0]
        if queued.job.submitted_s > self._now_s:
            return False
        size = self.profile.block_size
        allocation = self.cache.allocate(
            queued.hashes[: queued.prompt_tokens // size],
            reusable=(queued.prompt_tokens - 1) // size,
            total=queued.blocks,
        )
        if allocation is None:
            return False
        self._waiting.popleft()
        cached = allocation.hits * size
        self._now_s += self.profile.prefill_s(queued.prompt_tokens - cached)
        last_step = self._steps + queued.job.output_tokens - 1
        sequence = _Sequence(queued, allocation, cached, self._now_s)
        heapq.heappush(self._running, (last_step, self._admitted, sequence))
        self._admitted += 1
        self._finish_due()
        return True

    def _decode(self, until_s: float) -> None:
        """Decode until a sequence ends, a job arrives, or the time is up."""
        step_s = self.profile.step_time_s(0, 0.0, len(self._running), 0.0)
        stop_s = until_s
        if self._waiting and self._waiting[0].job.submitted_s > self._now_s:
            stop_s = min(stop_s, self._waiting[0].job.submitted_s)
        steps_left = self._running[0][0] - self._steps
        steps = min(steps_left, max(1, math.ceil((stop_s - self._now_s) / step_s)))
        self._steps += steps
        self._now_s += steps * step_s
        self._finish_due()

    def _finish_due(self) -> None:
        while self._running and self._running[0][0] <= self._steps:
            self._finish(heapq.heappop(self._running)[2])

    def _finish(self, sequence: _Sequence) -> None:
        """Free the blocks; what was generated stays cached, all but its last token."""
        queued, job = sequence.queued, sequence.queued.job
        computed = queued.prompt_tokens + job.output_tokens - 1
        known = queued.hashes[: computed // self.profile.block_size]
        self.cache.remember(sequence.allocation, known, sequence.allocation.hits)
        self.cache.release(sequence.allocation)
        self._done.append(
            Completion(
                request=job.request,
                provider=self.provider,
                kind=job.kind,
                submitted_s=job.submitted_s,
                first_token_s=sequence.first_token_s,
                finish_s=self._now_s,
                prompt_tokens=queued.prompt_tokens,
                cached_tokens=sequence.cached_tokens,
                output_tokens=job.output_tokens,
                answer=job.answer,
            )
        )
