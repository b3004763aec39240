"""An engine that counts every step and compares every token. Slow, plain, and independent."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from agents.engine import Job
from market.profiles import EngineProfile
from market.prompt import Span

Token = tuple[int, int]


def tokens_of(spans: Iterable[Span]) -> tuple[Token, ...]:
    """The tokens themselves: each is a position in a content."""
    return tuple((content, position) for content, length in spans for position in range(length))


def full_blocks(tokens: Sequence[Token], block_size: int) -> list[tuple[Token, ...]]:
    """Of every full block, all tokens up to its end: what makes one block equal to another."""
    return [
        tuple(tokens[: block_size * (number + 1)]) for number in range(len(tokens) // block_size)
    ]


class NaiveCache:
    """Blocks in a row, each with its users and what it holds, and a queue of the free ones."""

    def __init__(self, blocks: int):
        self.users = [0] * blocks
        self.holds: list[tuple[Token, ...] | None] = [None] * blocks
        self.since = [0] * blocks
        self.clock = 0
        self.queue = list(range(blocks))

    def cached_prefix(self, contents: Sequence[tuple[Token, ...]]) -> int:
        """How many of the leading ``contents`` some block holds."""
        return next((n for n, content in enumerate(contents) if content not in self.holds),
                    len(contents))  # fmt: skip

    def allocate(
        self, contents: Sequence[tuple[Token, ...]], reusable: int, total: int
    ) -> tuple[list[int], int] | None:
        """The blocks of a request and how many of them were hits, or None where they lack."""
        hits = self.cached_prefix(contents[:reusable])
        reused = [self.oldest(content) for content in contents[:hits]]
        left = [block for block in self.queue if block not in reused]
        if len(left) < total - hits:
            return None
        fresh, self.queue = left[: total - hits], left[total - hits :]
        for block in fresh:
            self.holds[block] = None
        for block in reused + fresh:
            self.users[block] += 1
        self.remember(reused + fresh, contents)
        return reused + fresh, hits

    def oldest(self, content: tuple[Token, ...]) -> int:
        """Of the blocks that hold something, the one that has held it longest."""
        return min(
            (block for block, held in enumerate(self.holds) if held == content),
            key=self.since.__getitem__,
        )

    def remember(self, blocks: list[int], contents: Sequence[tuple[Token, ...]]) -> None:
        """A block that holds nothing known holds the content now, though another may too."""
        for block, content in zip(blocks, contents, strict=False):
            if self.holds[block] is None:
                self.holds[block] = content
                self.clock += 1
                self.since[block] = self.clock

    def release(self, blocks: list[int]) -> None:
        """The last block comes to the end of the queue first."""
        for block in blocks[::-1]:
            self.users[block] -= 1
            if not self.users[block]:
                self.queue.append(block)


@dataclass
class Served:
    """What came of a job."""

    first_token_s: float
    finish_s: float
    cached_tokens: int


def serve(profile: EngineProfile, jobs: Sequence[Job]) -> dict[str, Served]:
    """Serve jobs that fit, in the order of their submission, one step after the other."""
    cache, size = NaiveCache(profile.kv_blocks), profile.block_size
    waiting = list(jobs)
    running: list[tuple[Job, list[int], list[int]]] = []
    served: dict[str, Served] = {}
    now_s = 0.0
    while waiting or running:
        taken = None
        job = waiting[0] if waiting else None
        if job and job.submitted_s <= now_s and len(running) < profile.max_num_seqs:
            prompt = tokens_of(job.prompt)
            blocks = -(-(len(prompt) + job.output_tokens) // size)
            reusable = (len(prompt) - 1) // size
            taken = cache.allocate(full_blocks(prompt, size), reusable, blocks)
        if taken:
            blocks_held, hits = taken
            now_s += profile.step_s + profile.prefill_s_per_token * (len(prompt) - hits * size)
            served[job.request] = Served(now_s, now_s, hits * size)
            running.append((waiting.pop(0), blocks_held, [job.output_tokens - 1]))
        elif running:
            now_s += profile.step_s + profile.decode_s_per_seq * len(running)
            for _, _, left in running:
                left[0] -= 1
        else:
            now_s = job.submitted_s
        for done, blocks_held, _ in [entry for entry in running if entry[2][0] <= 0]:
            # the last token of the answer was never fed back, so its state is not there
            computed = tokens_of((*done.prompt, Span(done.answer, done.output_tokens)))[:-1]
            cache.remember(blocks_held, full_blocks(computed, size))
            cache.release(blocks_held)
            served[done.request].finish_s = now_s
        running = [entry for entry in running if entry[2][0] > 0]
    return served
