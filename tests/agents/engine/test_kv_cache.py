from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.engine.kv_cache import Allocation, KVCache, block_hashes
from market.prompt import Prompt, Span
from tests.agents.engine.naive import NaiveCache, full_blocks, tokens_of
from tests.strategies import examples

spans = st.builds(Span, st.integers(1, 3), st.integers(1, 7))
prompts = st.lists(spans, max_size=4).map(tuple)


def hashes_of(*lengths: int, content: int = 1) -> list[int]:
    """Hashes of the blocks of four tokens of a sequence of contents, one of each length."""
    return block_hashes([Span(content + k, length) for k, length in enumerate(lengths)], 4)


def take(cache: KVCache, hashes: list[int], total: int | None = None) -> Allocation:
    allocation = cache.allocate(hashes, len(hashes), len(hashes) if total is None else total)
    assert allocation is not None
    return allocation


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


def test_what_was_never_seen_is_not_cached():
    cache = KVCache(8)
    assert cache.cached_prefix(hashes_of(8)) == 0
    assert take(cache, hashes_of(8)).hits == 0


def test_a_repeated_sequence_finds_its_blocks():
    cache = KVCache(8)
    first = take(cache, hashes_of(8, 4))
    cache.release(first)
    again = take(cache, hashes_of(8, 4))
    assert again.hits == 3
    assert again.blocks == first.blocks
    assert take(cache, hashes_of(8, 8)).hits == 3


def test_only_reusable_blocks_are_reused():
    cache = KVCache(8)
    cache.release(take(cache, hashes_of(12)))
    allocation = cache.allocate(hashes_of(12), reusable=2, total=3)
    assert allocation is not None
    assert allocation.hits == 2


def test_running_requests_share_their_beginning():
    cache = KVCache(4)
    one, other = take(cache, hashes_of(8), 3), take(cache, hashes_of(8), 3)
    assert one.blocks[:2] == other.blocks[:2]
    assert one.blocks[2] != other.blocks[2]
    assert cache.free_blocks == 0
    cache.release(one)
    assert cache.free_blocks == 1
    cache.release(other)
    assert cache.free_blocks == 4


def test_a_request_that_does_not_fit_is_refused_and_takes_nothing():
    cache = KVCache(4)
    held = take(cache, hashes_of(12))
    assert cache.allocate(hashes_of(8, content=5), 2, 2) is None
    assert cache.free_blocks == 1
    cache.release(held)
    assert cache.allocate(hashes_of(20, content=5), 5, 5) is None
    assert cache.free_blocks == 4
    assert cache.cached_prefix(hashes_of(12)) == 3


def test_a_hit_on_a_free_block_is_not_counted_as_room():
    # Of four free blocks two are hits; the two that are left are too few for three more.
    cache = KVCache(4)
    cache.release(take(cache, hashes_of(8)))
    assert cache.allocate(hashes_of(8), 2, 5) is None
    assert take(cache, hashes_of(8), 4).hits == 2


@pytest.mark.parametrize(("taken", "left"), [(1, 2), (2, 1), (3, 0)])
def test_the_tail_of_a_request_is_forgotten_first(taken, left):
    cache = KVCache(3)
    cache.release(take(cache, hashes_of(12)))
    assert cache.allocate([], 0, taken) is not None
    assert cache.cached_prefix(hashes_of(12)) == left


def test_a_shared_beginning_outlives_private_tails():
    cache = KVCache(4)
    document = Span(1, 8)
    one, other = (block_hashes([document, Span(question, 4)], 4) for question in (2, 3))
    running = [take(cache, one), take(cache, other)]
    assert cache.free_blocks == 0
    for allocation in running:
        cache.release(allocation)
    assert cache.allocate([], 0, 2) is not None
    assert cache.cached_prefix(one) == cache.cached_prefix(other) == 2


def test_what_was_used_longest_ago_is_forgotten_first():
    cache = KVCache(4)
    for content in (1, 2, 1):  # the first is used again
        cache.release(take(cache, hashes_of(8, content=content)))
    assert cache.allocate([], 0, 1) is not None
    assert cache.cached_prefix(hashes_of(8, content=1)) == 2
    assert cache.cached_prefix(hashes_of(8, content=2)) == 1


def test_unused_blocks_are_taken_before_cached_ones():
    cache = KVCache(4)
    cache.release(take(cache, hashes_of(8)))
    assert cache.allocate([], 0, 2) is not None
    assert cache.cached_prefix(hashes_of(8)) == 2


def test_what_a_request_generated_is_remembered():
    cache = KVCache(4)
    allocation = take(cache, hashes_of(8), 3)
    cache.remember(allocation, hashes_of(8, 4), 2)
    cache.release(allocation)
    assert cache.cached_prefix(hashes_of(8, 4)) == 3


@dataclass
class Request:
    """One request in both caches."""

    allocation: Allocation
    blocks: list[int]
    hashes: list[int]
    contents: list


requests = st.tuples(st.just("take"), prompts, st.integers(1, 9))
ends = st.tuples(st.just("end"), st.integers(0, 5), st.booleans())


@given(
    blocks=st.integers(1, 9),
    block_size=st.integers(1, 3),
    events=st.lists(requests | ends, max_size=25),
)
@examples(500)
def test_the_cache_behaves_like_a_plain_row_of_blocks(blocks, block_size, events):
    cache, naive = KVCache(blocks), NaiveCache(blocks)
    running: list[Request] = []
    seen: list[Prompt] = []
    for what, one, other in events:
        if what == "take":
            whole = (*one, Span(99, other))
            seen.append(whole)
            length = len(tokens_of(one))
            reusable, total = max(0, (length - 1) // block_size), -(-(length + other) // block_size)
            hashes = block_hashes(whole, block_size)
            contents = full_blocks(tokens_of(whole), block_size)
            full = length // block_size
            allocation = cache.allocate(hashes[:full], reusable, total)
            expected = naive.allocate(contents[:full], reusable, total)
            assert (allocation is None) == (expected is None)
            if allocation is not None and expected is not None:
                assert allocation.hits == expected[1]
                assert len(allocation.blocks) == len(set(allocation.blocks)) == total
                running.append(Request(allocation, expected[0], hashes, contents))
        elif running:
            ended = running.pop(one % len(running))
            if other:
                cache.remember(ended.allocation, ended.hashes, ended.allocation.hits)
                naive.remember(ended.blocks, ended.contents)
            cache.release(ended.allocation)
            naive.release(ended.blocks)
        held = {block for request in running for block in request.allocation.blocks}
        assert held <= set(range(blocks))
        assert cache.free_blocks == len(naive.queue) == blocks - len(held)
        for prompt in seen:
            cached = cache.cached_prefix(block_hashes(prompt, block_size))
            assert cached == naive.cached_prefix(full_blocks(tokens_of(prompt), block_size))
