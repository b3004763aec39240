"""Request sequences that try every rule of the cache, told without an engine.

Arrivals are counted in engine steps, so that any engine that is stepped by hand can play them.
"""

from __future__ import annotations

from dataclasses import dataclass
from zlib import crc32

import numpy as np

from market.prompt import Span, prompt_tokens


@dataclass(frozen=True)
class Turn:
    """A request that arrives at a step, or that many steps after ``after`` is done."""

    name: str
    prompt: tuple[Span, ...]
    output_tokens: int
    step: int = 0
    after: str | None = None

    @property
    def answer(self) -> int:
        """The content of what it generates."""
        return answer_of(self.name)


def answer_of(name: str) -> int:
    """The content of a turn's answer, which later prompts may repeat."""
    return 2**40 + crc32(name.encode())


@dataclass(frozen=True)
class Limits:
    """What bounds an engine; ``blocks`` with the null block."""

    block_size: int
    blocks: int
    max_num_seqs: int
    max_num_batched_tokens: int
    max_model_len: int


ROOMY = Limits(32, 200, 8, 512, 1024)
#: Few blocks, so that content is pushed out and requests are preempted.
TIGHT = Limits(32, 20, 6, 96, 512)
#: A budget that cuts nearly every prompt.
CHUNKED = Limits(32, 26, 4, 40, 512)
#: The blocks that are vLLM's own choice on a CPU.
WIDE = Limits(128, 14, 8, 200, 1024)
LIMITS = {"roomy": ROOMY, "tight": TIGHT, "chunked": CHUNKED, "wide": WIDE}


def document(turns: int, length: int) -> list[Turn]:
    """Questions about one document, one after the other, then the document alone."""
    return [Turn(f"q{n}", (Span(1, length), Span(100 + n, 9)), 5, 12 * n) for n in range(turns)] + [
        Turn("again", (Span(1, length),), 3, 12 * turns)
    ]


def dialogue(name: str, turns: int, question: int, answer: int, start: int = 0) -> list[Turn]:
    """A growing dialogue: every turn repeats all that was said."""
    said: tuple[Span, ...] = ()
    told: list[Turn] = []
    for n in range(turns):
        prompt = (*said, Span(hash_of(name) + n, question + n))
        before = told[-1].name if told else None
        told.append(Turn(f"{name}{n}", prompt, answer + n, 2 if told else start, before))
        said = (*prompt, Span(told[-1].answer, answer + n))
    return told


def hash_of(name: str) -> int:
    """A content of the name's own."""
    return 2**42 + 1000 * crc32(name.encode())


def boundaries(block_size: int) -> list[Turn]:
    """Every prompt length around one and two blocks, each asked twice."""
    turns, step = [], 0
    for length in [1, 2, *range(block_size - 2, block_size + 3),
                   *range(2 * block_size - 1, 2 * block_size + 2)]:  # fmt: skip
        for again in "ab":
            turns.append(Turn(f"{length}{again}", (Span(5000 + length, length),), 4, step))
            step += 8
    return turns


def same_step(count: int, length: int) -> list[Turn]:
    """Requests with one prompt that arrive together, then some more while they run."""
    prompt = (Span(7, length),)
    return [Turn(f"s{n}", (*prompt, Span(200 + n, n % 3)), 6 + n) for n in range(count)] + [
        Turn(f"late{n}", (*prompt, Span(300 + n, n)), 4, 3 + n) for n in range(count)
    ]


def long_answers(count: int, prompt: int, answer: int) -> list[Turn]:
    """Together they outgrow the cache, so that the last ones are preempted; then all go on."""
    first = [Turn(f"g{n}", (Span(400 + n, prompt),), answer, n) for n in range(count)]
    return first + [
        Turn(f"h{n}", (*one.prompt, Span(one.answer, answer), Span(450 + n, 5)), 3, n, one.name)
        for n, one in enumerate(first)
    ]


NAMED: dict[str, tuple[Limits, list[Turn]]] = {
    "shared prefix": (ROOMY, document(6, 150)),
    "shared prefix under eviction": (TIGHT, [*document(4, 400), *boundaries(32)]),
    "growing dialogue": (ROOMY, dialogue("d", 6, 20, 30)),
    "interleaved conversations": (
        ROOMY, [turn for name in "abcd" for turn in dialogue(name, 5, 25, 20, ord(name) % 3)],
    ),
    "conversations that push each other out": (
        TIGHT, [turn for name in "abcd" for turn in dialogue(name, 4, 30, 25, ord(name) % 3)],
    ),
    "prompts around a block": (ROOMY, boundaries(32)),
    "prompts around a block, cut by the budget": (CHUNKED, boundaries(32)),
    "prompts around a wide block": (WIDE, boundaries(128)),
    "one prompt at once": (ROOMY, same_step(6, 130)),
    "one prompt at once, cut by the budget": (CHUNKED, same_step(6, 130)),
    "one prompt of whole blocks at once": (ROOMY, same_step(4, 128)),
    "preemption": (TIGHT, long_answers(5, 70, 90)),
    "preemption in chunks": (CHUNKED, long_answers(4, 100, 150)),
    "preemption of wide blocks": (WIDE, long_answers(6, 200, 130)),
}  # fmt: skip


def random_turns(seed: int, limits: Limits, count: int) -> list[Turn]:
    """Turns that go on from each other, share beginnings, and come in crowds or alone."""
    rng = np.random.default_rng(seed)
    most = min(limits.max_model_len, (limits.blocks - 1) * limits.block_size)
    longest_answer = min(3 * limits.block_size, 96)
    turns: list[Turn] = []
    step = 0
    while len(turns) < count:
        number = len(turns)
        spans = [Span(10 + int(rng.integers(3)), int(rng.integers(1, 3 * limits.block_size)))]
        after = None
        if turns and rng.random() < 0.6:
            before = turns[int(rng.integers(max(0, number - 12), number))]
            repeated = before.output_tokens - int(rng.integers(3) * (rng.random() < 0.2))
            spans = [*before.prompt, Span(before.answer, max(1, repeated))]
            after = before.name
        if rng.random() < 0.8:
            spans.append(Span(1000 + number, int(rng.integers(1, limits.block_size + 4))))
        output = int(rng.integers(1, longest_answer))
        if prompt_tokens(spans) + output > most:
            continue
        step += int(rng.choice([0, 0, 0, 1, 5, 40]))
        at = int(rng.integers(8)) if after else step
        turns.append(Turn(f"r{number}", tuple(spans), output, at, after))
    return turns
