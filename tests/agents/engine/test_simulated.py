from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.engine import Job, SimulatedEngine, Task
from agents.engine.kv_cache import block_hashes
from market.messages import CHAT, NODE, Completion
from market.profiles import EngineProfile
from market.prompt import Prompt, Span, prompt_tokens
from tests.agents.engine.naive import NaiveEngine, full_blocks, tokens_of
from tests.engine_profiles import MEDIUM
from tests.strategies import examples

FAR = 1e9
#: Times that binary fractions hold exactly.
PLAIN = EngineProfile(
    "plain", block_size=4, kv_blocks=100, max_num_seqs=4, max_num_batched_tokens=64,
    max_model_len=64, step_s=1.0, prefill_s_per_token=0.25, decode_s_per_seq=0.5,
)  # fmt: skip


def job(name: str, prompt: Prompt | int, output_tokens: int, submitted_s: float = 0.0) -> Job:
    """A job with an answer of its own; a prompt given by its length has a content of its own."""
    number = sum(ord(letter) * 1000**place for place, letter in enumerate(name))
    if isinstance(prompt, int):
        prompt = (Span(number, prompt),)
    return Job(name, CHAT, prompt, output_tokens, 10**9 + number, submitted_s)


def run(jobs: Sequence[Job], profile: EngineProfile = PLAIN) -> dict[str, Completion]:
    engine = SimulatedEngine("p", profile)
    for one in jobs:
        engine.submit(one)
    return {done.request: done for done in engine.advance(FAR)}


def times(completion: Completion) -> tuple[float, float]:
    return completion.first_token_s, completion.finish_s


def test_a_job_alone_takes_its_prompt_and_a_step_for_every_further_token():
    # 1 + 8 / 4 for the prompt and the first token, two steps of 1.5 for the others.
    done = run([job("a", 8, 3)])["a"]
    assert times(done) == (3.0, 6.0)
    assert (done.ttft_s, done.tpot_s) == (3.0, 1.5)


def test_an_answer_of_one_token_ends_with_its_prompt():
    assert times(run([job("a", 8, 1)])["a"]) == (3.0, 3.0)


def test_two_jobs_that_come_together_are_computed_and_decode_together():
    # 1 + 12 / 4 for both prompts; a step of 2 for both; a, alone, needs 1.5 for its last token.
    done = run([job("a", 8, 3), job("b", 4, 2)])
    assert times(done["a"]) == (4.0, 7.5)
    assert times(done["b"]) == (4.0, 6.0)
    assert list(done) == ["b", "a"]


def test_jobs_that_end_in_the_same_step_come_in_the_order_of_their_admission():
    done = run([job("b", 4, 2), job("a", 4, 2)])
    assert done["a"].finish_s == done["b"].finish_s
    assert list(done) == ["b", "a"]


def test_an_arrival_waits_for_the_step_under_way_and_then_shares_the_next():
    # a decodes from 3; b comes at 4. From 4.5 on b's prompt and a's last token: 1 + 1 + 0.5.
    done = run([job("a", 8, 3), job("b", 4, 2, submitted_s=4.0)])
    assert times(done["a"]) == (3.0, 7.0)
    assert times(done["b"]) == (7.0, 8.5)
    assert done["b"].ttft_s == 3.0


def test_an_arrival_in_the_future_finds_the_engine_idle_and_waits_for_its_time():
    done = run([job("a", 8, 3, submitted_s=10.0)])
    assert times(done["a"]) == (13.0, 16.0)
    assert done["a"].ttft_s == 3.0


def test_a_prompt_longer_than_the_budget_is_computed_in_chunks():
    # 8, 8 and 4 tokens, then a token.
    done = run([job("a", 20, 2)], replace(PLAIN, max_num_batched_tokens=8))
    assert times(done["a"]) == (8.0, 9.5)


def test_those_who_run_get_the_budget_before_the_prompt_that_is_cut():
    # Of b's 15 tokens 4 fit beside a's prompt, 7 beside its second token, 4 beside its third.
    done = run([job("a", 4, 5), job("b", 15, 2)], replace(PLAIN, max_num_batched_tokens=8))
    assert times(done["a"]) == (3.0, 12.25)
    assert times(done["b"]) == (8.75, 10.75)


def test_context_and_pairs_take_their_time():
    # The prompt: 10 pairs. Then a token that attends to 5, and one that attends to 6.
    slow = replace(PLAIN, context_s_per_token=0.125, attention_s_per_pair=0.0625)
    assert times(run([job("a", 4, 3)], slow)["a"]) == (2.625, 2.625 + 2.125 + 2.25)


def test_a_completion_says_what_was_asked():
    task = Task("law", 0.5, 0.25)
    engine = SimulatedEngine("p", PLAIN)
    engine.submit(Job("w/n", NODE, (Span(1, 5), Span(2, 6)), 3, 9, 2.0, task))
    (done,) = engine.advance(FAR)
    assert done == Completion("w/n", "p", NODE, 2.0, 5.75, 8.75, 11, 0, 3, 9)


def test_no_more_than_the_largest_batch_run_at_once():
    # Four prompts until 9; a step of 3 s ends them at 12, and only then the fifth begins.
    done = run([job(name, 8, 2) for name in "abcde"])
    assert {times(done[name]) for name in "abcd"} == {(9.0, 12.0)}
    assert times(done["e"]) == (15.0, 16.5)


def test_a_job_waits_until_its_blocks_are_free_and_those_behind_it_wait_too():
    # Of 6 blocks a holds 3; b needs 4, so c does not overtake it though it needs 1.
    done = run([job("a", 12, 3), job("b", 16, 3), job("c", 2, 2)], replace(PLAIN, kv_blocks=7))
    assert times(done["a"]) == (4.0, 7.0)
    assert times(done["b"]) == (12.5, 16.0)
    assert times(done["c"]) == (12.5, 14.5)


def test_where_blocks_run_out_the_last_is_preempted_and_goes_on_from_what_is_still_cached():
    # Of 5 blocks each holds 2 until 6.5; a takes the fifth. b waits until a is done at 12.5, finds
    # its two blocks, and generates its last four tokens alone.
    done = run([job("a", 7, 6), job("b", 7, 6)], replace(PLAIN, kv_blocks=6))
    assert times(done["a"]) == (4.5, 12.5)
    assert times(done["b"]) == (4.5, 18.5)
    assert done["b"].cached_tokens == 0


def test_a_preempted_job_computes_its_answer_again_where_its_blocks_are_gone():
    # As above, but a goes on until it has taken b's blocks: 5 of them for 7 + 14 - 1 tokens.
    done = run([job("a", 7, 14), job("b", 7, 6)], replace(PLAIN, kv_blocks=6))
    assert times(done["a"]) == (4.5, 24.5)
    # 9 tokens at once from 24.5 on, and three single ones
    assert times(done["b"]) == (4.5, 24.5 + 3.25 + 4.5)


def test_equal_prompts_that_come_together_share_their_full_blocks_in_the_same_step():
    # a computes 12 tokens, b the last 4: 1 + 16 / 4.
    prompt = (Span(1, 12),)
    done = run([job("a", prompt, 1), job("b", prompt, 1)])
    assert (done["a"].cached_tokens, done["b"].cached_tokens) == (0, 8)
    assert times(done["b"]) == (5.0, 5.0)


@pytest.mark.parametrize(
    ("block_size", "tokens", "cached"),
    [
        (32, 1098, 1088),  # as measured on vLLM
        (16, 1098, 1088),
        (32, 1088, 1056),  # the last token is computed again, and its block with it
        (32, 1089, 1088),
        (16, 16, 0),
        (16, 17, 16),
        (16, 15, 0),
        (16, 1, 0),
    ],
)
def test_a_repeated_prompt_finds_its_full_blocks_but_never_its_last_token(
    block_size, tokens, cached
):
    profile = EngineProfile("e", block_size, 1000, 4, 8192, 8192, 0.012, 0.0001, 0.0004)
    prompt = (Span(1, tokens),)
    first, again = run(
        [job("first", prompt, 10), job("again", prompt, 10, submitted_s=100.0)], profile
    ).values()
    assert first.cached_tokens == 0
    assert again.cached_tokens == cached
    expected = profile.prefill_s(tokens - cached)
    assert again.ttft_s == pytest.approx(expected)
    assert first.ttft_s == pytest.approx(profile.prefill_s(tokens))


def next_turn(before: Job, question_tokens: int, submitted_s: float) -> Job:
    said = (*before.prompt, Span(before.answer, before.output_tokens))
    return job("next", (*said, Span(77, question_tokens)), 5, submitted_s)


@pytest.mark.parametrize(
    ("prompt", "answer", "cached"),
    [
        (30, 21, 48),  # 50 of 51 tokens were computed: three blocks
        (30, 18, 32),  # 48 tokens fill three blocks, but the state of the last is not there
        (30, 19, 48),
        (32, 1, 32),
    ],
)
def test_the_next_turn_finds_the_answer_cached_all_but_its_last_token(prompt, answer, cached):
    profile = EngineProfile("e", 16, 1000, 4, 8192, 8192, 0.012, 0.0001, 0.0004)
    first = job("first", prompt, answer)
    done = run([first, next_turn(first, 40, submitted_s=100.0)], profile)
    assert done["next"].cached_tokens == cached


def test_another_question_finds_the_document_it_shares():
    document = Span(1, 10)
    done = run([job("a", (document, Span(2, 6)), 2), job("b", (document, Span(3, 6)), 2, 50.0)])
    assert done["b"].cached_tokens == 8


def test_a_request_finds_the_prompt_of_one_that_is_still_running():
    done = run([job("a", (Span(1, 12),), 40), job("b", (Span(1, 13),), 2, 4.0)])
    assert done["b"].finish_s < done["a"].finish_s
    assert done["b"].cached_tokens == 12


def test_what_was_pushed_out_of_the_cache_is_computed_again():
    small = replace(PLAIN, kv_blocks=6)
    prompt = (Span(1, 12),)
    jobs = [job("a", prompt, 2), job("b", 17, 3, 100.0), job("again", prompt, 2, 200.0)]
    assert run(jobs, small)["again"].cached_tokens == 0
    without = [jobs[0], jobs[2]]
    assert run(without, small)["again"].cached_tokens == 8


@pytest.mark.parametrize(
    ("tokens", "output", "reason"),
    [
        (60, 5, "prompt and output of 65 tokens exceed 64"),
        (20, 21, "10 KV blocks needed, the engine has 9"),
    ],
)
def test_a_job_that_can_never_fit_fails_with_the_reason_and_holds_nobody_up(tokens, output, reason):
    engine = EngineProfile("short", 4, 10, 4, 64, 64, 1.0, 0.25, 0.5)
    done = run([job("long", tokens, output, 2.0), job("a", 8, 3, 2.0)], engine)
    failed = done["long"]
    assert failed == Completion("long", "p", CHAT, 2.0, 2.0, 2.0, tokens, None, 0, error=reason)
    assert done["a"].error is None
    assert times(done["a"]) == (5.0, 8.0)


@pytest.mark.parametrize(("blocks", "longest"), [(11, 64), (50, 41)])
def test_a_job_that_just_fits_is_served(blocks, longest):
    # The state of the last token is never computed, so 41 tokens need ten blocks.
    engine = replace(PLAIN, kv_blocks=blocks, max_model_len=longest)
    assert run([job("a", 20, 21)], engine)["a"].error is None
    assert run([job("a", 20, 22)], engine)["a"].error is not None


def test_nothing_comes_back_before_it_is_finished_and_nothing_twice():
    engine = SimulatedEngine("p", PLAIN)
    engine.submit(job("a", 8, 3))
    assert engine.advance(5.999) == []
    assert [done.request for done in engine.advance(6.0)] == ["a"]
    assert engine.advance(FAR) == []


def test_a_job_that_comes_during_a_step_that_outlasts_the_round_starts_after_it():
    engine = SimulatedEngine("p", PLAIN)
    engine.submit(job("a", 8, 3))
    assert engine.advance(1.0) == []
    engine.submit(job("b", 4, 2, submitted_s=1.0))
    done = {completion.request: completion for completion in engine.advance(FAR)}
    assert times(done["b"]) == (5.5, 7.5)
    assert times(done["a"]) == (3.0, 7.5)


# Steps of odd lengths: no arrival falls together with the end of a step by accident.
ODD = {"step_s": 0.0314159, "prefill_s_per_token": 0.00271828, "decode_s_per_seq": 0.0057721}


@st.composite
def workloads(draw: st.DrawFn) -> tuple[EngineProfile, list[Job]]:
    """A small engine and jobs that share beginnings and go on from each other's answers."""
    profile = EngineProfile(
        "odd",
        block_size=draw(st.integers(1, 4)),
        kv_blocks=draw(st.integers(8, 40)),
        max_num_seqs=draw(st.integers(1, 5)),
        max_num_batched_tokens=draw(st.integers(1, 9) | st.integers(10, 100)),
        max_model_len=36,
        context_s_per_token=draw(st.sampled_from([0.0, 0.000173])),
        attention_s_per_pair=draw(st.sampled_from([0.0, 0.0000917])),
        **ODD,
    )
    jobs: list[Job] = []
    arrival_s = 0.0
    for number in range(draw(st.integers(1, 12))):
        arrival_s += draw(st.sampled_from([0.0, 0.01, 0.1, 0.5, 3.0]))
        spans = draw(st.lists(st.builds(Span, st.integers(1, 3), st.integers(1, 6)), max_size=3))
        if jobs and draw(st.booleans()):
            before = draw(st.sampled_from(jobs))
            spans = [*before.prompt, Span(before.answer, before.output_tokens), *spans]
        if not spans or draw(st.booleans()):
            spans.append(Span(500 + draw(st.integers(0, 20)), draw(st.integers(1, 3))))
        # some say what another says, so that equal blocks are computed at the same time
        answer = 100 + draw(st.just(number) | st.integers(0, number))
        jobs.append(
            Job(f"j{number}", CHAT, tuple(spans), draw(st.integers(1, 12)), answer, arrival_s)
        )
    return profile, jobs


def fits(profile: EngineProfile, one: Job) -> bool:
    tokens = prompt_tokens(one.prompt) + one.output_tokens
    room = profile.block_size * (profile.kv_blocks - 1)
    return tokens <= profile.max_model_len and tokens - 1 <= room


def close(one: Completion, other: Completion) -> bool:
    if one.error is not None:
        return one.error == other.error
    same = (one.request, one.cached_tokens, one.output_tokens, one.error) == (
        other.request, other.cached_tokens, other.output_tokens, other.error,
    )  # fmt: skip
    return same and times(one) == pytest.approx(times(other), abs=1e-9)


@given(workload=workloads())
@examples(300)
def test_jumping_from_event_to_event_is_like_counting_every_step(workload):
    profile, jobs = workload
    engine, naive = (
        SimulatedEngine("p", profile),
        NaiveEngine(profile, [one for one in jobs if fits(profile, one)]),
    )
    for one in jobs:
        engine.submit(one)
    done = {completion.request: completion for completion in engine.advance(FAR)}
    assert set(done) == {one.request for one in jobs}
    expected = naive.run()
    served = {name: completion for name, completion in done.items() if completion.error is None}
    assert list(served) == list(expected)
    for name, completion in served.items():
        assert completion.cached_tokens == expected[name].cached_tokens
        assert completion.first_token_s == pytest.approx(expected[name].first_token_s, rel=1e-9)
        assert completion.finish_s == pytest.approx(expected[name].finish_s, rel=1e-9)
    wholes = [(*one.prompt, Span(one.answer, one.output_tokens)) for one in jobs]
    ours, theirs = engine.scheduler.cache, naive.cache
    hashes = [block_hashes(whole, profile.block_size) for whole in wholes]
    contents = [full_blocks(tokens_of(whole), profile.block_size) for whole in wholes]
    assert ours.free_blocks == len(theirs.queue) == profile.kv_blocks - 1
    while theirs.queue:  # what is forgotten first
        found = [len(theirs.cached_prefix(of)) for of in contents]
        assert [ours.cached_prefix(of) for of in hashes] == found
        ours.take(1)
        theirs.take()


@given(workload=workloads(), cuts=st.lists(st.floats(0.001, 0.7), min_size=1, max_size=40))
@examples(300)
def test_many_small_advances_are_like_one_and_every_job_completes_once(workload, cuts):
    profile, jobs = workload
    engine = SimulatedEngine("p", profile)
    waiting = list(jobs)
    completed: list[Completion] = []
    now_s = 0.0
    for cut in [*cuts, FAR]:
        until_s = now_s + cut
        # a job may be submitted as late as its time comes
        while waiting and waiting[0].submitted_s < until_s:
            engine.submit(waiting.pop(0))
        finished = engine.advance(until_s)
        assert all(done.finish_s <= until_s for done in finished)
        completed += finished
        now_s = until_s
    assert sorted(done.request for done in completed) == sorted(one.request for one in jobs)
    at_once = run(jobs, profile)
    assert all(close(done, at_once[done.request]) for done in completed)


@given(workload=workloads())
@examples(200)
def test_the_batch_is_never_larger_than_it_may_be_and_no_block_is_left_behind(workload):
    profile, jobs = workload
    engine = SimulatedEngine("p", profile)
    for one in jobs:
        engine.submit(one)
    done = [completion for completion in engine.advance(FAR) if completion.error is None]
    for moment in [completion.first_token_s for completion in done]:
        running = sum(
            completion.first_token_s <= moment < completion.finish_s for completion in done
        )
        assert running <= profile.max_num_seqs
    assert engine.scheduler.cache.free_blocks == profile.kv_blocks - 1


def test_documents_that_are_asked_about_again_and_again_stay_in_a_gpu_s_cache():
    profile = MEDIUM
    jobs = [
        job(f"r{number}", (Span(number % 8, 4000), Span(1000 + number, 30)), 400, 1.0 * number)
        for number in range(1000)
    ]
    done = run(jobs, profile)
    cached = [done[one.request].cached_tokens for one in jobs]
    assert cached == [0] * 8 + [4000] * 992
