"""One real engine on this machine's CPUs; what it says, what it caches, how it fails."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

from agents.engine import Job
from agents.engine_params import VllmParams
from market.errors import BadInput, ParticipantLost
from market.messages import CHAT, Completion
from market.prompt import Span
from tests.vllm.models import build, engine_processes, on_cpu

#: What vLLM and its dependencies warn of in this process is not ours to mend.
pytestmark = [pytest.mark.vllm, pytest.mark.filterwarnings("ignore")]

MOST_ROUNDS = 120


class Served:
    """An engine, its time, and the one way to ask it in these tests."""

    def __init__(self, model: Path, **changes: Any):
        params = VllmParams.model_validate(on_cpu(model, **changes))
        profile = params.declared_profile(np.random.default_rng(0))
        self.engine = params.engine("p", profile)
        self.engine.start()
        self.now_s = 0.0
        self.jobs = 0

    def job(self, *prompt: Span, output_tokens: int = 8, **changes: Any) -> Job:
        self.jobs += 1
        name, answer = f"r{self.jobs}", 1000 + self.jobs
        job = Job(name, CHAT, prompt, output_tokens, answer, self.now_s)
        return replace(job, **changes)

    def submit(self, job: Job) -> None:
        self.engine.submit(job)

    def ask(self, job: Job) -> Completion:
        self.submit(job)
        (done,) = self.wait()
        return done

    def wait(self) -> list[Completion]:
        for _ in range(MOST_ROUNDS):
            self.now_s += 0.5
            done = self.engine.advance(self.now_s)
            if done:
                return done
        raise AssertionError("nothing came back")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("models")


@pytest.fixture(scope="module")
def smollm2(folder: Path) -> Iterator[Served]:
    served = Served(build("smollm2", folder))
    yield served
    served.engine.close()
    _, left = psutil.wait_procs(engine_processes(), timeout=30)
    assert left == []


def test_it_answers(smollm2: Served) -> None:
    question = {1: "What is the capital of France?"}
    done = smollm2.ask(smollm2.job(Span(1, 8), texts=question, output_tokens=40))
    assert done.text == "The capital of France is Paris."
    assert done.error is None
    assert 7 <= done.output_tokens < 12
    assert done.submitted_s < done.first_token_s < done.finish_s <= smollm2.now_s


def test_a_dialogue_in_words_finds_what_was_said_in_the_cache(smollm2: Served) -> None:
    document = "A ship called Alcyone left Bergen in May with forty crates of tea. " * 8
    texts = {11: document, 12: "What was the ship called?"}
    first = smollm2.ask(smollm2.job(Span(11, 100), Span(12, 6), texts=texts, output_tokens=30))
    assert first.text
    texts |= {first.answer: first.text, 13: "Where did it come from?"}
    prompt = (Span(11, 100), Span(12, 6), Span(first.answer, 10), Span(13, 6))
    second = smollm2.ask(smollm2.job(*prompt, texts=texts, output_tokens=30))
    said = first.prompt_tokens + first.output_tokens - 1  # the last token was never computed on
    assert second.cached_tokens == said // 32 * 32
    assert second.prompt_tokens > said


def test_a_prompt_that_is_repeated_is_cached_but_for_its_last_block(smollm2: Served) -> None:
    job = smollm2.job(Span(21, 1098), output_tokens=4)
    done = smollm2.ask(job)
    assert (done.prompt_tokens, done.cached_tokens, done.output_tokens) == (1098, 0, 4)
    again = smollm2.ask(smollm2.job(Span(21, 1098), output_tokens=4))
    assert (again.prompt_tokens, again.cached_tokens) == (1098, 1088)
    longer = (Span(21, 1098), Span(done.answer, 4), Span(22, 70))
    assert smollm2.ask(smollm2.job(*longer)).cached_tokens == 1098 // 32 * 32


def test_a_job_that_is_too_long_fails_and_says_so(smollm2: Served) -> None:
    done = smollm2.ask(smollm2.job(Span(31, 2040), output_tokens=9))
    assert done.error == "prompt and output of 2049 tokens exceed 2048"
    assert (done.output_tokens, done.cached_tokens, done.answer) == (0, None, None)


def test_an_answer_that_takes_too_long_fails_and_frees_its_place(folder: Path) -> None:
    served = Served(build("tiny_llama", folder), request_timeout_s=0.05)
    with closing(served.engine):
        done = served.ask(served.job(Span(1, 100), output_tokens=1900))
        assert done.error == "no answer within 0.05 s"
        is_lost_where_its_process_ends_without_work(served)


def is_lost_where_its_process_ends_without_work(served: Served) -> None:
    service = served.engine.service
    service.settings = replace(service.settings, request_timeout_s=100.0)
    assert served.ask(served.job(Span(2, 320))).error is None
    for process in engine_processes():
        process.kill()
    with pytest.raises(ParticipantLost, match=r"^the engine's process has ended$"):
        served.wait()


def test_an_engine_whose_process_hangs_is_lost_at_its_deadline(folder: Path) -> None:
    served = Served(build("tiny_llama", folder), deadline_s=3)
    with closing(served.engine):
        assert served.ask(served.job(Span(2, 320))).error is None
        served.submit(served.job(Span(3, 64), output_tokens=1900))
        for process in engine_processes():
            process.suspend()
        began_s = time.monotonic()
        with pytest.raises(ParticipantLost, match=r"^no sign of life within 3 s$"):
            served.wait()
        assert 2.5 < time.monotonic() - began_s < 10.0
        hung = engine_processes()
    _, left = psutil.wait_procs(hung, timeout=30)
    assert hung
    assert left == []


def test_an_engine_without_the_memory_it_needs_does_not_start(folder: Path) -> None:
    model = build("tiny_llama", folder)
    with pytest.raises(ParticipantLost, match=r"^the engine did not start: \w+: .+$"):
        Served(model, kv_cache_memory_bytes=2**50)


def test_a_model_that_is_not_there_is_bad_input(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"p: engine: vllm cannot serve the model .*nowhere"):
        Served(tmp_path / "nowhere")


def test_a_profile_that_declares_another_cache_is_told_once(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        served = Served(build("tiny_llama", folder), kv_blocks=None, kv_cache_memory_bytes=2**23)
    served.engine.close()
    said = [record.message for record in caplog.records if "KV blocks" in record.message]
    assert said == ["p: the engine has 256 KV blocks, its profile declares 57813"]
