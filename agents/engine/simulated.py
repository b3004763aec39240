"""A simulated engine: vLLM's scheduler and cache, in virtual time, by events.

Between changes of the batch the steps are alike and their times grow by a constant, that of the
context which each adds, so the engine jumps from change to change instead of counting tokens.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

from agents.engine.ended import Ended
from agents.engine.kv_cache import block_hashes
from agents.engine.role import Job, failed
from agents.engine.scheduler import Scheduler, Sequence
from market.messages import Completion
from market.profiles import EngineProfile
from market.prompt import Span, prompt_tokens


@dataclass(frozen=True, slots=True)
class _Decoding:
    """Times of steps that only decode: the first takes ``first_s``, each next ``growth_s`` more."""

    first_s: float
    growth_s: float

    def duration_s(self, steps: int) -> float:
        """Time of that many steps."""
        return steps * self.first_s + self.growth_s * (steps * (steps - 1) / 2)

    def steps_to_cover(self, span_s: float, most: int) -> int:
        """The fewest steps that last ``span_s`` or longer, ``most`` at most and 1 at least."""
        if self.duration_s(most) <= span_s:
            return most
        half, linear = self.growth_s / 2, self.first_s - self.growth_s / 2
        root = 2 * span_s / (linear + math.sqrt(linear * linear + 4 * half * span_s))
        steps = min(most, max(1, math.ceil(root)))
        if steps > 1 and self.duration_s(steps - 1) >= span_s:
            return steps - 1
        return steps if self.duration_s(steps) >= span_s else min(most, steps + 1)


class SimulatedEngine:
    """One engine of the given profile.

    Args:
        provider: whose engine it is; completions carry it.
        profile: its timing and its cache.
    """

    def __init__(self, provider: str, profile: EngineProfile):
        self.provider = provider
        self.profile = profile
        self.scheduler = Scheduler(profile)
        self._now_s = 0.0
        self._arrivals: deque[Sequence] = deque()
        self._ended = Ended()

    def start(self, now_s: float = 0.0) -> None:
        """It is ready."""

    def close(self) -> None:
        """It holds nothing but memory."""

    def advance(self, until_s: float) -> list[Completion]:
        """Run until ``until_s`` and return what has finished by then, in order of finish."""
        scheduler = self.scheduler
        while self._now_s < until_s:
            self._queue_arrivals()
            if scheduler.running or scheduler.waiting:
                self._step()
                self._decode(until_s)
            elif self._arrivals:
                self._now_s = min(until_s, self._arrivals[0].job.submitted_s)
            else:
                self._now_s = until_s
        return self._ended.until(until_s)

    def submit(self, job: Job) -> None:
        """Queue a job, or fail it at once where it can never fit."""
        tokens = prompt_tokens(job.prompt)
        error = self._never_fits(tokens, job.output_tokens)
        if error is None:
            answered = (*job.prompt, Span(job.answer, job.output_tokens))
            hashes = block_hashes(answered, self.profile.block_size)
            self._arrivals.append(Sequence(job, hashes, tokens, tokens))
        else:
            self._ended.add([failed(job, self.provider, job.submitted_s, error)])

    def _never_fits(self, tokens: int, output_tokens: int) -> str | None:
        total = tokens + output_tokens
        if total > self.profile.max_model_len:
            return f"prompt and output of {total} tokens exceed {self.profile.max_model_len}"
        # the state of the last token is never computed
        blocks = -(-(total - 1) // self.profile.block_size)
        usable = self.scheduler.cache.usable_blocks
        if blocks > usable:
            return f"{blocks} KV blocks needed, the engine has {usable}"
        return None

    def _queue_arrivals(self) -> None:
        while self._arrivals and self._arrivals[0].job.submitted_s <= self._now_s:
            self.scheduler.waiting.append(self._arrivals.popleft())

    def _step(self) -> None:
        """One step, whatever it holds."""
        step = self.scheduler.schedule()
        self._now_s += self.profile.step_time_s(
            step.prefill_tokens, step.pairs, step.decoding, step.context_tokens
        )
        self._sample()

    def _decode(self, until_s: float) -> None:
        """All steps at once that are alike, until a job arrives or the time is up."""
        scheduler = self.scheduler
        stop_s = until_s
        if self._arrivals and not scheduler.waiting and scheduler.admits_arrivals():
            stop_s = min(stop_s, self._arrivals[0].job.submitted_s)
        most = scheduler.decode_steps() if self._now_s < stop_s else 0
        if not most:
            return
        decoding = len(scheduler.running)
        context = sum(sequence.computed + 1 for sequence in scheduler.running)
        first_s = self.profile.step_time_s(0, 0.0, decoding, context)
        times = _Decoding(first_s, self.profile.context_s_per_token * decoding)
        steps = times.steps_to_cover(stop_s - self._now_s, most)
        scheduler.decode(steps)
        self._now_s += times.duration_s(steps)
        self._sample()

    def _sample(self) -> None:
        started, finished = self.scheduler.sample()
        for sequence in started:
            sequence.first_token_s = self._now_s
        self._ended.add(map(self._served, finished))

    def _served(self, sequence: Sequence) -> Completion:
        job = sequence.job
        return Completion(
            request=job.request,
            provider=self.provider,
            kind=job.kind,
            submitted_s=job.submitted_s,
            first_token_s=sequence.first_token_s,
            finish_s=self._now_s,
            prompt_tokens=sequence.prompt_tokens,
            cached_tokens=sequence.cached_tokens,
            output_tokens=job.output_tokens,
            answer=job.answer,
        )
