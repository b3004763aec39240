"""An engine that counts every step and compares every token. Slow, plain, and independent."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from agents.engine import Job
from market.profiles import EngineProfile
from market.prompt import Span

Token = tuple[int, int]
Content = tuple[Token, ...]


def tokens_of(spans: Iterable[Span]) -> Content:
    """The tokens themselves: each is a position in a content."""
    return tuple((content, position) for content, length in spans for position in range(length))


def full_blocks(tokens: Sequence[Token], block_size: int) -> list[Content]:
    """Of every full block, all tokens up to its end: what makes one block equal to another."""
    return [
        tuple(tokens[: block_size * (number + 1)]) for number in range(len(tokens) // block_size)
    ]


class NaiveCache:
    """Blocks in a row, each with its users and what it holds, and a queue of the free ones.

    Block 0 is the null block, which nobody gets.
    """

    def __init__(self, blocks: int):
        self.users = [0] * blocks
        self.holds: list[Content | None] = [None] * blocks
        self.since = [0] * blocks
        self.clock = 0
        self.queue = list(range(1, blocks))

    def cached_prefix(self, contents: Sequence[Content]) -> list[int]:
        """The blocks that hold the leading ``contents``, as far as there are any."""
        found: list[int] = []
        for content in contents:
            if content not in self.holds:
                break
            found.append(self.oldest(content))
        return found

    def oldest(self, content: Content) -> int:
        """Of the blocks that hold something, the one that has held it longest."""
        holders = [block for block, held in enumerate(self.holds) if held == content]
        return min(holders, key=self.since.__getitem__)

    def share(self, blocks: Sequence[int]) -> None:
        """Blocks that are found are out of the queue."""
        for block in blocks:
            if block in self.queue:
                self.queue.remove(block)
            self.users[block] += 1

    def take(self) -> int:
        """The first block of the queue, emptied."""
        block = self.queue.pop(0)
        self.holds[block] = None
        self.users[block] = 1
        return block

    def remember(self, block: int, content: Content) -> None:
        """The block holds the content now, though another may too."""
        self.holds[block] = content
        self.clock += 1
        self.since[block] = self.clock

    def release(self, blocks: list[int]) -> None:
        """The last block comes to the end of the queue first; one that holds nothing, in front."""
        for block in blocks[::-1]:
            self.users[block] -= 1
            if not self.users[block]:
                self.queue.insert(0 if self.holds[block] is None else len(self.queue), block)


@dataclass(eq=False)
class Request:
    """A job, its tokens as they will be, and how far it has come."""

    job: Job
    prompt: int
    whole: Content
    known: int
    computed: int = 0
    blocks: list[int] = field(default_factory=list)
    cached_tokens: int | None = None
    first_token_s: float = 0.0
    finish_s: float = 0.0
    preempted: int = 0


class NaiveEngine:
    """Serves jobs that fit, in the order of their submission, step by step."""

    def __init__(self, profile: EngineProfile, jobs: Sequence[Job]):
        self.profile = profile
        self.cache = NaiveCache(profile.kv_blocks)
        self.coming = [self.request(job) for job in jobs]
        self.waiting: list[Request] = []
        self.running: list[Request] = []
        self.done: list[Request] = []
        self.now_s = 0.0

    @staticmethod
    def request(job: Job) -> Request:
        prompt = tokens_of(job.prompt)
        answer = tokens_of([Span(job.answer, job.output_tokens)])
        return Request(job, len(prompt), prompt + answer, len(prompt))

    def run(self) -> dict[str, Request]:
        """All of them, in the order of finish."""
        while self.coming or self.waiting or self.running:
            if not self.waiting and not self.running:
                self.now_s = max(self.now_s, self.coming[0].job.submitted_s)
            while self.coming and self.coming[0].job.submitted_s <= self.now_s:
                self.waiting.append(self.coming.pop(0))
            self.step()
        return {request.job.request: request for request in self.done}

    def step(self) -> None:
        """Schedule, compute, sample."""
        profile = self.profile
        work: list[tuple[Request, int]] = []
        budget = profile.max_num_batched_tokens
        preempted = False
        for request in list(self.running):
            if request not in self.running or budget == 0:
                continue
            new = min(request.known - request.computed, budget)
            while request in self.running and self.lacking(request, request.computed + new) > 0:
                self.preempt()
                preempted = True
            if request not in self.running:
                break
            self.compute(request, new)
            work.append((request, new))
            budget -= new
        most = profile.max_num_seqs
        while self.waiting and not preempted and budget and len(self.running) < most:
            request = self.waiting[0]
            contents = full_blocks(request.whole[: request.known - 1], profile.block_size)
            found = self.cache.cached_prefix(contents)
            free = [block for block in self.cache.queue if block not in found]
            if -(-request.known // profile.block_size) - len(found) > len(free):
                break
            self.running.append(self.waiting.pop(0))
            self.cache.share(found)
            request.blocks = found
            request.computed = len(found) * profile.block_size
            if request.preempted == 0:
                request.cached_tokens = request.computed
            new = min(request.known - request.computed, budget)
            self.compute(request, new)
            work.append((request, new))
            budget -= new
        self.now_s += profile.step_s + sum(map(self.cost_s, work))
        for request, _ in work:
            if request.computed == request.known:
                self.sample(request)

    def lacking(self, request: Request, slots: int) -> int:
        needed = -(-slots // self.profile.block_size) - len(request.blocks)
        return needed - len(self.cache.queue)

    def preempt(self) -> None:
        """The last running request loses everything and is the first to wait."""
        last = self.running.pop()
        self.cache.release(last.blocks)
        last.blocks, last.computed = [], 0
        last.preempted += 1
        self.waiting.insert(0, last)

    def compute(self, request: Request, new: int) -> None:
        """Token by token: a block for the first of a block, a content after the last."""
        size = self.profile.block_size
        needed = -(-(request.computed + new) // size) - len(request.blocks)
        request.blocks += [self.cache.take() for _ in range(needed)]
        for _ in range(new):
            request.computed += 1
            if request.computed % size == 0:
                content = request.whole[: request.computed]
                self.cache.remember(request.blocks[request.computed // size - 1], content)

    def cost_s(self, work: tuple[Request, int]) -> float:
        """What its tokens add to the time of the step in which they were computed."""
        request, new = work
        profile = self.profile
        context = range(request.computed - new + 1, request.computed + 1)
        if new == 1 and request.computed > request.prompt:
            return profile.decode_s_per_seq + profile.context_s_per_token * sum(context)
        return profile.prefill_s_per_token * new + profile.attention_s_per_pair * sum(context)

    def sample(self, request: Request) -> None:
        """One more token is known; the last one ends it."""
        request.known += 1
        if request.known == request.prompt + 1:
            request.first_token_s = self.now_s
        if request.known == len(request.whole):
            request.finish_s = self.now_s
            self.running.remove(request)
            self.cache.release(request.blocks)
            self.done.append(request)
