"""Which tokens an engine computes in its next step: the scheduler of vLLM 0.32.

Source: vllm/v1/core/sched/scheduler.py, ``Scheduler.schedule`` and ``update_from_output``, first
come first served, chunked prefill on, the whole sequence must fit on admission
(``scheduler_reserve_full_isl``), no watermark. Every step gives its token budget to the running
requests in order, then to the waiting ones. Blocks are allocated as tokens are computed; where
they run out the last running request is preempted: it loses its blocks, and waits in front to be
computed again, its answer so far like a prompt.
"""

from __future__ import annotations

import sys
from bisect import bisect_left
from collections import deque
from dataclasses import dataclass, field

from agents.engine.kv_cache import KVCache
from agents.engine.role import Job
from market.profiles import EngineProfile


@dataclass(slots=True, eq=False)
class Sequence:
    """A job on its way through the engine.

    ``hashes`` are those of the full blocks of prompt and answer; ``tokens`` counts the prompt and
    what has been generated, ``computed`` those whose state is in ``blocks``. ``cached_tokens`` is
    what was found when the request was first admitted, as vLLM reports it.
    """

    job: Job
    hashes: list[int]
    prompt_tokens: int
    tokens: int
    computed: int = 0
    blocks: list[int] = field(default_factory=list)
    remembered: int = 0
    cached_tokens: int | None = None
    first_token_s: float = 0.0

    @property
    def steps_left(self) -> int:
        """Tokens of the answer that are still to come."""
        return self.prompt_tokens + self.job.output_tokens - self.tokens


@dataclass(slots=True)
class Step:
    """What one step computes, in the terms of ``EngineProfile``; ``decoding`` requests decode."""

    prefill_tokens: int = 0
    pairs: float = 0.0
    decoding: int = 0
    context_tokens: int = 0


class Scheduler:
    """The requests of an engine, waiting and running, and the blocks that they hold."""

    def __init__(self, profile: EngineProfile):
        self.profile = profile
        self.cache = KVCache(profile.kv_blocks)
        self.waiting: deque[Sequence] = deque()
        self.running: list[Sequence] = []
        self._head_is_blocked = False

    def schedule(self) -> Step:
        """Allocate one step: the running requests in order, then the waiting ones.

        Nobody is admitted in a step that preempts.
        """
        step, budget, index = Step(), self.profile.max_num_batched_tokens, 0
        before = len(self.waiting)
        self._head_is_blocked = False
        while index < len(self.running) and budget:
            sequence = self.running[index]
            tokens = min(sequence.tokens - sequence.computed, budget)
            if not self._make_room(sequence, tokens):
                break
            self._compute(sequence, tokens, step)
            budget -= tokens
            index += 1
        preempted = len(self.waiting) > before
        while budget and not preempted and self._may_admit():
            sequence = self.waiting[0]
            if not self._admit(sequence):
                self._head_is_blocked = True
                break
            self.running.append(self.waiting.popleft())
            tokens = min(sequence.tokens - sequence.computed, budget)
            self._compute(sequence, tokens, step)
            budget -= tokens
        return step

    def sample(self) -> tuple[list[Sequence], list[Sequence]]:
        """End the step: those that got their first token, and those that got their last."""
        started, finished = [], []
        for sequence in self.running:
            if sequence.computed < sequence.tokens:
                continue
            sequence.tokens += 1
            if sequence.tokens == sequence.prompt_tokens + 1:
                started.append(sequence)
            if sequence.steps_left <= 0:
                finished.append(sequence)
                self.cache.release(sequence.blocks)
        if finished:
            self._head_is_blocked = False
            self.running = [sequence for sequence in self.running if sequence.steps_left > 0]
        return started, finished

    def decode_steps(self) -> int:
        """How many steps from now on are alike: all running requests decode, none is admitted.

        After as many, a request may be done, or blocks may be lacking, or the first in the queue
        may fit because a block that it shares has come full. After an arrival they are no longer
        alike unless ``admits_arrivals`` is false.
        """
        if len(self.running) > self.profile.max_num_batched_tokens:
            return 0
        steps = sys.maxsize
        if self.waiting and self.admits_arrivals():
            if not self._head_is_blocked:
                return 0
            steps = self._steps_before_shared_block(self.waiting[0])
        for sequence in self.running:
            if sequence.computed < max(sequence.tokens - 1, sequence.prompt_tokens):
                return 0
            steps = min(steps, sequence.steps_left)
        return self._steps_that_fit(steps) if self.running else 0

    def admits_arrivals(self) -> bool:
        """Whether a request that comes now could be admitted while all running ones decode."""
        return (
            len(self.running) < self.profile.max_num_seqs
            and len(self.running) < self.profile.max_num_batched_tokens
        )

    def decode(self, steps: int) -> None:
        """Decode ``steps`` alike steps, all but the last token of the last one sampled."""
        size = self.profile.block_size
        filled: list[tuple[int, int, Sequence]] = []
        for order, sequence in enumerate(self.running):
            before = sequence.computed
            sequence.computed += steps
            sequence.tokens += steps - 1
            need = -(-sequence.computed // size) - len(sequence.blocks)
            if need > 0:
                sequence.blocks += self.cache.take(need)
            for block in range(before // size, sequence.computed // size):
                filled.append(((block + 1) * size - before, order, sequence))
        # equal blocks are reused in the order in which they came full
        for _, _, sequence in sorted(filled, key=lambda entry: entry[:2]):
            self._remember(sequence, sequence.remembered + 1)

    def _steps_before_shared_block(self, head: Sequence) -> int:
        """Steps until a running request fills a block that the ``head`` of the queue shares."""
        size = self.profile.block_size
        steps = sys.maxsize
        for sequence in self.running:
            block = sequence.computed // size
            if block < (head.tokens - 1) // size and (
                sequence.hashes[block : block + 1] == head.hashes[block : block + 1]
            ):
                steps = min(steps, (block + 1) * size - 1 - sequence.computed)
        return steps

    def _steps_that_fit(self, most: int) -> int:
        """How many steps, ``most`` at most, all running requests can decode in the free blocks."""
        size, free = self.profile.block_size, self.cache.free_blocks
        if len(self.running) * -(-most // size) <= free:
            return most
        slots = [len(sequence.blocks) * size - sequence.computed for sequence in self.running]

        def lacking(steps: int) -> bool:
            return sum(-(-max(0, steps - left) // size) for left in slots) > free

        return bisect_left(range(most + 1), True, lo=1, key=lacking) - 1

    def _may_admit(self) -> bool:
        return bool(self.waiting) and len(self.running) < self.profile.max_num_seqs

    def _admit(self, sequence: Sequence) -> bool:
        """Give a waiting request the cached blocks it shares, if all its tokens would fit now."""
        size, cache = self.profile.block_size, self.cache
        # the last token is computed in any case, for what comes after it
        hits = cache.cached_prefix(sequence.hashes, (sequence.tokens - 1) // size)
        missing = -(-sequence.tokens // size) - hits
        if missing > cache.free_blocks:
            return False
        shared = cache.shared(sequence.hashes[:hits])
        if missing + cache.unheld(shared) > cache.free_blocks:
            return False
        cache.share(shared)
        sequence.blocks = shared
        sequence.remembered = hits
        sequence.computed = hits * size
        if sequence.cached_tokens is None:
            sequence.cached_tokens = sequence.computed
        return True

    def _make_room(self, sequence: Sequence, tokens: int) -> bool:
        """Preempt from the end until the tokens fit; False where ``sequence`` itself had to go."""
        slots = sequence.computed + tokens
        while -(-slots // self.profile.block_size) - len(sequence.blocks) > self.cache.free_blocks:
            last = self.running.pop()
            self.cache.release(last.blocks)
            last.blocks, last.computed, last.remembered = [], 0, 0
            self.waiting.appendleft(last)
            if last is sequence:
                return False
        return True

    def _compute(self, sequence: Sequence, tokens: int, step: Step) -> None:
        """Allocate the blocks of the next ``tokens``; the full ones can be shared at once."""
        size, before = self.profile.block_size, sequence.computed
        sequence.computed += tokens
        need = -(-sequence.computed // size) - len(sequence.blocks)
        if need > 0:
            sequence.blocks += self.cache.take(need)
        self._remember(sequence, sequence.computed // size)
        if tokens == 1 and before >= sequence.prompt_tokens:
            step.decoding += 1
            step.context_tokens += sequence.computed
        else:
            step.prefill_tokens += tokens
            step.pairs += tokens * (before + (tokens + 1) / 2)

    def _remember(self, sequence: Sequence, full: int) -> None:
        start, sequence.remembered = sequence.remembered, full
        if full > start:
            self.cache.remember(sequence.blocks[start:full], sequence.hashes[start:full])
