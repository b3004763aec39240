from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.engine.kv_cache import KVCache, block_hashes
from market.prompt import Prompt, Span
from tests.agents.engine.naive import Content, NaiveCache, full_blocks, tokens_of
from tests.strategies import examples

spans = st.builds(Span, st.integers(1, 3), st.integers(1, 7))
prompts = st.lists(spans, max_size=4).map(tuple)


def hashes_of(*lengths: int, content: int = 1) -> list[int]:
    """Hashes of the blocks of four tokens of a sequence of contents, one of each length."""
    return block_hashes([Span(content + k, length) for k, length in enumerate(lengths)], 4)


def hold(cache: KVCache, hashes: list[int], others: int = 0) -> list[int]:
    """The blocks of a request: what is cached of its full blocks, and what it fills, and others."""
    hits = cache.cached_prefix(hashes)
    blocks = cache.shared(hashes[:hits])
    cache.share(blocks)
    blocks += cache.take(len(hashes) - hits + others)
    cache.remember(blocks[hits : len(hashes)], hashes[hits:])
    return blocks


def use(cache: KVCache, hashes: list[int], others: int = 0) -> None:
    """A request that comes and goes."""
    cache.release(hold(cache, hashes, others))


@given(beginning=prompts, one=prompts, other=prompts, block_size=st.integers(1, 6))
@examples(500)
def test_two_sequences_share_as_many_hashes_as_full_blocks(
    beginning: Prompt, one: Prompt, other: Prompt, block_size: int
):
    first, second = beginning + one, beginning + other
    tokens = tokens_of(first), tokens_of(second)
    hashes = block_hashes(first, block_size), block_hashes(second, block_size)
    assert [len(of) for of in hashes] == [len(of) // block_size for of in tokens]
    blocks = [full_blocks(of, block_size) for of in tokens]
    equal_blocks = [a == b for a, b in zip(*blocks, strict=False)]
    equal_hashes = [a == b for a, b in zip(*hashes, strict=False)]
    assert equal_hashes == equal_blocks


def test_a_hash_covers_all_tokens_before_it():
    one, other = (block_hashes([Span(content, 4), Span(3, 4)], 4) for content in (1, 2))
    assert one[1] != other[1]


def test_where_a_block_stands_in_a_content_matters():
    in_a_row, again = block_hashes([Span(1, 8)], 4), block_hashes([Span(1, 4), Span(1, 4)], 4)
    assert in_a_row[0] == again[0]
    assert in_a_row[1] != again[1]


def test_hashes_of_many_blocks_do_not_collide():
    documents = [block_hashes([Span(content, 6400)], 16) for content in range(100)]
    assert len({block_hash for hashes in documents for block_hash in hashes}) == 100 * 400


@given(prompt=prompts, empty=st.integers(0, 4), block_size=st.integers(1, 6))
@examples(100)
def test_spans_without_tokens_change_nothing(prompt: Prompt, empty: int, block_size: int):
    padded = (*prompt[:empty], Span(9, 0), *prompt[empty:])
    assert block_hashes(padded, block_size) == block_hashes(prompt, block_size)


def test_one_block_of_the_pool_is_never_used():
    cache = KVCache(8)
    assert cache.usable_blocks == cache.free_blocks == 7
    assert len(set(cache.take(7))) == 7
    assert cache.free_blocks == 0


def test_what_was_never_seen_is_not_cached():
    assert KVCache(9).cached_prefix(hashes_of(8)) == 0


def test_a_repeated_sequence_finds_its_blocks():
    cache = KVCache(9)
    first = hold(cache, hashes_of(8, 4))
    cache.release(first)
    assert cache.cached_prefix(hashes_of(8, 4)) == 3
    assert hold(cache, hashes_of(8, 4)) == first
    assert cache.cached_prefix(hashes_of(8, 8)) == 3


def test_no_more_is_found_than_is_asked_for():
    cache = KVCache(9)
    use(cache, hashes_of(12))
    assert cache.cached_prefix(hashes_of(12), 2) == 2


def test_running_requests_share_their_beginning():
    cache = KVCache(5)
    one, other = hold(cache, hashes_of(8), 1), hold(cache, hashes_of(8), 1)
    assert one[:2] == other[:2]
    assert one[2] != other[2]
    assert cache.free_blocks == cache.unheld(one + other) == 0
    cache.release(one)
    assert cache.free_blocks == 1
    cache.release(other)
    assert cache.free_blocks == 4
    assert cache.unheld(one[:2]) == 2


@pytest.mark.parametrize(("taken", "left"), [(1, 2), (2, 1), (3, 0)])
def test_the_tail_of_a_request_is_forgotten_first(taken, left):
    cache = KVCache(4)
    use(cache, hashes_of(12))
    cache.take(taken)
    assert cache.cached_prefix(hashes_of(12)) == left


def test_a_shared_beginning_outlives_private_tails():
    cache = KVCache(5)
    document = Span(1, 8)
    one, other = (block_hashes([document, Span(question, 4)], 4) for question in (2, 3))
    running = [hold(cache, one), hold(cache, other)]
    assert cache.free_blocks == 0
    for blocks in running:
        cache.release(blocks)
    cache.take(2)
    assert cache.cached_prefix(one) == cache.cached_prefix(other) == 2


def test_what_was_used_longest_ago_is_forgotten_first():
    cache = KVCache(5)
    for content in (1, 2, 1):  # the first is used again
        use(cache, hashes_of(8, content=content))
    cache.take(1)
    assert cache.cached_prefix(hashes_of(8, content=1)) == 2
    assert cache.cached_prefix(hashes_of(8, content=2)) == 1


def test_unused_blocks_are_taken_before_cached_ones():
    cache = KVCache(5)
    use(cache, hashes_of(8))
    cache.take(2)
    assert cache.cached_prefix(hashes_of(8)) == 2


def test_a_block_that_was_not_full_is_taken_again_before_all_others():
    cache = KVCache(6)
    blocks = hold(cache, hashes_of(8), 1)
    cache.release(blocks)
    assert cache.take(1) == blocks[2:]
    assert cache.cached_prefix(hashes_of(8)) == 2


def test_of_two_blocks_with_one_content_the_later_serves_when_the_first_is_gone():
    cache = KVCache(5)
    (block_hash,) = hashes_of(4)
    one, other = cache.take(1), cache.take(1)
    cache.remember(one, [block_hash])
    cache.remember(other, [block_hash])
    assert cache.shared([block_hash]) == one
    cache.release(one)
    cache.take(3)
    assert cache.shared([block_hash]) == other
    cache.release(other)
    cache.take(1)
    assert cache.cached_prefix([block_hash]) == 0


@dataclass
class Request:
    """One request in both caches."""

    blocks: list[int]
    naive: list[int]


requests = st.tuples(st.just("hold"), prompts, st.integers(0, 2))
ends = st.tuples(st.just("end"), st.just(()), st.integers(0, 5))


def naive_hold(cache: NaiveCache, contents: list[Content], others: int) -> list[int]:
    found = cache.cached_prefix(contents)
    cache.share(found)
    blocks = found + [cache.take() for _ in range(len(contents) - len(found) + others)]
    for block, content in list(zip(blocks, contents, strict=False))[len(found) :]:
        cache.remember(block, content)
    return blocks


@given(
    blocks=st.integers(2, 10),
    block_size=st.integers(1, 3),
    events=st.lists(requests | ends, max_size=25),
)
@examples(300)
def test_the_cache_behaves_like_a_plain_row_of_blocks(blocks, block_size, events):
    cache, naive = KVCache(blocks), NaiveCache(blocks)
    running: list[Request] = []
    seen: list[Prompt] = []
    for what, prompt, number in events:
        if what == "hold":
            hashes = block_hashes(prompt, block_size)
            contents = full_blocks(tokens_of(prompt), block_size)
            if len(hashes) + number > cache.free_blocks:
                continue
            seen.append(prompt)
            running.append(
                Request(hold(cache, hashes, number), naive_hold(naive, contents, number))
            )
        elif running:
            ended = running.pop(number % len(running))
            cache.release(ended.blocks)
            naive.release(ended.naive)
        held = {block for request in running for block in request.blocks}
        assert cache.free_blocks == len(naive.queue) == blocks - 1 - len(held)
        for before in seen:
            cached = cache.cached_prefix(block_hashes(before, block_size))
            found = naive.cached_prefix(full_blocks(tokens_of(before), block_size))
            assert cached == len(found)
