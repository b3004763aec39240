"""The openai engine against vLLM's own server, which asks for a key and tells cached tokens."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from agents.engine import Job, SimulatedEngine
from agents.engine_params import OpenAIParams
from agents.openai_engine import OpenAIEngine
from market.messages import CHAT, Completion
from market.profiles import EngineProfile
from market.prompt import Prompt, Span

pytestmark = pytest.mark.vllm

ROOT = Path(__file__).resolve().parents[2]
ENV = "WALRAS_TEST_KEY"
KEY = "sk-of-the-test"
LONGEST = 2048
BLOCK = 32
START_S = 200.0
SERVER = "vllm.entrypoints.openai.api_server"
OPTIONS = (
    f"--served-model-name tiny --load-format dummy --dtype float32 --enforce-eager "
    f"--block-size {BLOCK} --max-model-len {LONGEST} --max-num-seqs 8 "
    f"--kv-cache-memory-bytes 67108864 --host 127.0.0.1 --api-key {KEY} "
    f"--enable-prompt-tokens-details"
)
FORCED: dict[str, Any] = {"ignore_eos": True, "return_token_ids": True}
#: All of the tiny model's tokens but its three special ones.
IDS = (3, 512)


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("tiny-llama")
    script = ROOT / "examples" / "models" / "tiny_llama.py"
    subprocess.run([sys.executable, script, folder], check=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    said = folder / "server.log"
    with said.open("w") as log:
        server = subprocess.Popen(
            [
                sys.executable,
                "-m",
                SERVER,
                *OPTIONS.split(),
                "--model",
                folder,
                "--port",
                str(port),
            ],
            stdout=log,
            stderr=log,
            env=os.environ | {"VLLM_CPU_OMP_THREADS_BIND": "nobind", "OMP_NUM_THREADS": "1"},
        )
        try:
            await_health(f"http://127.0.0.1:{port}/health", server, said)
            yield f"http://127.0.0.1:{port}/v1"
        finally:
            server.terminate()
            server.wait(60)


def await_health(address: str, server: subprocess.Popen[bytes], said: Path) -> None:
    end = time.monotonic() + START_S
    while server.poll() is None and time.monotonic() < end:
        try:
            with urlopen(address, timeout=5):
                return
        except (URLError, TimeoutError):
            time.sleep(0.5)
    pytest.fail(f"the server does not answer: {said.read_text()[-3000:]}")


def job(name: str, prompt: Prompt, output_tokens: int, answer: int = 9, **values: Any) -> Job:
    return Job(name, CHAT, prompt, output_tokens, answer, 0.0, **values)


def ask(url: str, *jobs: Job, **values: Any) -> list[Completion]:
    """The completions of jobs that are asked one after the other."""
    params = OpenAIParams(kind="openai", base_url=url, model="tiny", **values)
    done: list[Completion] = []
    with closing(OpenAIEngine("p", params)) as engine:
        engine.start()
        tick = 0
        for one in jobs:
            engine.submit(one)
            count = len(done)
            while len(done) == count and tick < 3000:
                tick += 1
                done += engine.advance(tick * 0.02)
    return done


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ENV, KEY)


@pytest.mark.parametrize("endpoint", ["chat", "completions"])
def test_a_repeated_prompt_in_words_is_cached_but_for_its_last_block(url, endpoint):
    prompt = (Span(101 if endpoint == "chat" else 102, 150),)
    jobs = [job("first", prompt, 12), job("again", prompt, 12)]
    first, again = ask(url, *jobs, endpoint=endpoint, api_key_env=ENV, extra_body=FORCED)
    assert (first.error, again.error) == (None, None)
    assert first.prompt_tokens == again.prompt_tokens >= 150
    assert (first.cached_tokens, first.output_tokens) == (0, 12)
    assert again.cached_tokens == (again.prompt_tokens - 1) // BLOCK * BLOCK
    assert 0 < first.ttft_s < first.finish_s


def test_a_dialogue_in_token_ids_is_cached_as_in_the_simulated_engine(url):
    first, second = (Span(201, 70),), (Span(201, 70), Span(9, 45), Span(202, 20))
    third = (*second, Span(10, 40), Span(203, 30))
    jobs = [job("1", first, 45, 9), job("2", second, 40, 10), job("3", third, 5, 11)]
    real = ask(
        url, *jobs, endpoint="completions", token_ids=IDS, api_key_env=ENV, extra_body=FORCED
    )
    simulated = SimulatedEngine("p", EngineProfile("e", BLOCK, 999, 8, 8192, LONGEST, 0.01, 0, 0))
    expected = []
    for number, one in enumerate(jobs):
        simulated.submit(one)
        expected += simulated.advance(100.0 * (number + 1))
    assert [one.error for one in real] == [None, None, None]
    assert [counts(one) for one in real] == [counts(one) for one in expected]
    assert [one.cached_tokens for one in real] == [0, 96, 160]


def counts(done: Completion) -> tuple[int, int | None, int]:
    return done.prompt_tokens, done.cached_tokens, done.output_tokens


def test_a_dialogue_in_words_finds_its_answers_cached_too(url):
    prompt = (Span(301, 100),)
    on = (*prompt, Span(9, 40), Span(302, 10))
    first, second = ask(
        url, job("1", prompt, 40), job("2", on, 4), api_key_env=ENV, extra_body=FORCED
    )
    assert (first.error, second.error) == (None, None)
    assert second.cached_tokens >= first.prompt_tokens // BLOCK * BLOCK > 0


def test_a_question_in_words_is_answered_in_words(url):
    texts = {401: "You are a helpful assistant.", 402: "Answer the question about the order."}
    (done,) = ask(url, job("r", (Span(401, 5), Span(402, 7)), 6, texts=texts), api_key_env=ENV)
    assert done.error is None
    assert done.text
    assert 1 <= done.output_tokens <= 6


@pytest.mark.parametrize("wrong", [None, "sk-wrong"])
def test_without_the_right_key_nothing_is_served(url, monkeypatch, wrong):
    values = {}
    if wrong is not None:
        monkeypatch.setenv(ENV, wrong)
        values = {"api_key_env": ENV}
    (done,) = ask(url, job("r", (Span(1, 20),), 4), **values)
    assert done.error is not None
    assert done.error.startswith("HTTP 401: ")
    assert wrong is None or wrong not in done.error


def test_a_prompt_that_is_too_long_is_a_failure_with_the_servers_reason(url):
    (done,) = ask(
        url, job("r", (Span(1, LONGEST + 10),), 4),
        endpoint="completions", token_ids=IDS, api_key_env=ENV,
    )  # fmt: skip
    assert done.error is not None
    assert done.error.startswith("HTTP 400: ")
    assert str(LONGEST) in done.error
