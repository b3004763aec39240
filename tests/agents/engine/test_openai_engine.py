import logging
import pickle
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from pydantic import TypeAdapter, ValidationError

from agents.engine import Job
from agents.engine.pseudo_words import WORDS, pseudo_words
from agents.engine_params import EngineParams, OpenAIParams
from agents.openai_engine import OpenAIEngine
from market.errors import BadInput
from market.messages import CHAT, NODE, Completion
from market.profiles import EngineProfile
from market.prompt import Prompt, Span
from orchestrator.runs.run import in_this_process, plan
from orchestrator.scenario.model import load_scenario
from tests.agents.engine.openai_stub import (
    CUT,
    DONE,
    HANG,
    Script,
    Stub,
    answer,
    chat,
    completion,
    event,
    refusal,
    role,
    serving,
    usage,
)

KEY = "sk-Zr4q8-not-to-be-found"
ENV = "WALRAS_TEST_KEY"
PROFILE = EngineProfile("declared", 16, 1000, 8, 1000, 1000, 0.01, 0.0001, 0.0001)


def params(**values: Any) -> OpenAIParams:
    stated = {"kind": "openai", "base_url": "http://127.0.0.1:9/v1", "model": "m", "backoff_s": 0}
    made = TypeAdapter(EngineParams).validate_python(stated | values)
    assert isinstance(made, OpenAIParams)
    return made


#: A prompt, and one that goes on from its answer.
FIRST = (Span(1, 20),)
NEXT = (*FIRST, Span(77, 2), Span(2, 3))


def job(name: str = "r", prompt: Prompt = FIRST, **values: Any) -> Job:
    return Job(name, CHAT, prompt, 8, 77, 0.0, **values)


@contextmanager
def engine_at(url: str, **values: Any) -> Iterator[OpenAIEngine]:
    with closing(OpenAIEngine("p", params(base_url=url, **values))) as engine:
        engine.start()
        yield engine


def finished(engine: OpenAIEngine, count: int) -> list[Completion]:
    """The next completions, awaited in rounds of 10 ms."""
    done: list[Completion] = []
    for tick in range(1, 2000):
        done += engine.advance(tick * 0.01)
        if len(done) >= count:
            return done
    raise AssertionError(f"{len(done)} of {count} completions")


def ask(stub: Stub, *jobs: Job, **values: Any) -> list[Completion]:
    with engine_at(stub.url, **values) as engine:
        for one in jobs or (job(),):
            engine.submit(one)
        return finished(engine, len(jobs) or 1)


def test_the_first_token_is_the_first_text_and_not_the_role():
    slow = [role(), 0.15, chat("Par"), 0.1, chat("is"), chat(finish="stop"), usage(20, 2), DONE]
    with serving(Script(slow)) as stub:
        (done,) = ask(stub)
    assert done.error is None
    assert 0.15 <= done.ttft_s < done.finish_s
    assert done.finish_s >= 0.25
    assert (done.request, done.provider, done.kind) == ("r", "p", CHAT)
    assert (done.prompt_tokens, done.output_tokens, done.answer) == (20, 2, 77)


@pytest.mark.parametrize("cached", [None, 0, 16])
def test_cached_tokens_are_unknown_where_the_server_does_not_tell_them(cached):
    with serving(answer("a", cached=cached)) as stub:
        (done,) = ask(stub)
    assert done.cached_tokens == cached


def test_a_server_that_tells_no_usage_has_not_served():
    with serving(Script([chat("a"), chat(finish="stop"), DONE])) as stub:
        (done,) = ask(stub)
    assert done.error == "the server tells no usage, so the work cannot be charged"
    assert (done.output_tokens, done.answer) == (0, None)


@pytest.mark.parametrize(("prompt", "output"), [(-1, 2), (True, 2), (20, -2), (20, 10**30)])
def test_counts_that_cannot_be_are_no_usage(prompt, output):
    with serving(Script([chat("a"), chat(finish="stop"), usage(prompt, output), DONE])) as stub:
        (done,) = ask(stub)
    assert done.error == "the server tells no usage, so the work cannot be charged"


@pytest.mark.parametrize("cached", [-1, 21])
def test_a_count_of_cached_tokens_that_cannot_be_is_unknown(cached):
    with serving(answer("a", cached=cached)) as stub:
        (done,) = ask(stub)
    assert (done.error, done.cached_tokens) == (None, None)


def test_half_characters_which_no_log_can_hold_are_replaced_and_halves_joined():
    with serving(answer("a\ud800b", "\ud83d", "\ude00")) as stub:
        (done,) = ask(stub, job(texts={1: "Well?"}))
    assert done.text == "a\ufffdb\U0001f600"
    with serving(refusal(400, "no \udfff")) as stub:
        assert ask(stub)[0].error == "HTTP 400: no \ufffd"


def test_what_an_attempt_told_before_it_broke_off_is_forgotten():
    broken = Script([completion("", "length", token_ids=[7]), usage(9, 9), CUT])
    whole = Script([completion("x", token_ids=[8]), completion("", "length"), usage(20, 1), DONE])
    with (
        serving(broken, whole) as stub,
        engine_at(stub.url, endpoint="completions", token_ids=[100, 200]) as engine,
    ):
        engine.submit(job())
        (done,) = finished(engine, 1)
        engine.submit(job(prompt=(Span(77, 1),)))
        finished(engine, 1)
    assert (done.error, done.prompt_tokens, done.output_tokens) == (None, 20, 1)
    assert stub.asked[-1].body["prompt"] == [8]


def test_a_text_is_asked_as_messages_and_its_answer_is_told():
    prompt = tuple(Span(content, 5) for content in (1, 2, 3, 4))
    texts = {1: "A story.", 2: "Who?", 3: "Ann.", 4: "Where?"}
    with serving(answer("In ", "Rome.")) as stub:
        (done,) = ask(stub, job(prompt=prompt, texts=texts), extra_body={"temperature": 0})
    assert done.text == "In Rome."
    (asked,) = stub.asked
    assert asked.path == "/v1/chat/completions"
    assert asked.body == {
        "messages": [
            {"role": "system", "content": "A story."},
            {"role": "user", "content": "Who?"},
            {"role": "assistant", "content": "Ann."},
            {"role": "user", "content": "Where?"},
        ],
        "model": "m",
        "max_tokens": 8,
        "stream": True,
        "stream_options": {"include_usage": True},
        "temperature": 0,
    }


def test_the_largest_output_goes_under_the_name_that_the_server_knows():
    with serving(answer("a")) as stub:
        ask(stub, length_key="max_completion_tokens")
    assert stub.asked[0].body["max_completion_tokens"] == 8
    assert "max_tokens" not in stub.asked[0].body


def test_completions_get_a_text_as_paragraphs():
    with serving(Script([completion("Rome", "length"), usage(9, 1), DONE])) as stub:
        spoken = job(prompt=(Span(1, 3), Span(2, 2)), texts={1: "A story.", 2: "Where?"})
        (done,) = ask(stub, spoken, endpoint="completions")
    assert (done.text, done.prompt_tokens) == ("Rome", 9)
    assert stub.asked[0].path == "/v1/completions"
    assert stub.asked[0].body["prompt"] == "A story.\n\nWhere?"


def test_contents_without_text_are_words_that_depend_on_nothing_but_the_content():
    assert len(set(WORDS)) == 64
    long = pseudo_words(Span(5, 200))
    assert long.startswith(pseudo_words(Span(5, 30)) + " ")
    assert len(long.split(" ")) == 201
    assert set(long.split()) <= set(WORDS)
    assert pseudo_words(Span(5, 8)) != pseudo_words(Span(6, 8))
    with serving(answer("a")) as stub:
        (done,) = ask(stub, job(prompt=(Span(5, 30), Span(6, 2))))
    said = pseudo_words(Span(5, 30)) + pseudo_words(Span(6, 2))
    assert stub.asked[0].body["messages"] == [{"role": "user", "content": said}]
    assert done.text is None


def ask_twice(script: Script, second: Job, **values: Any) -> Any:
    """The body of a request whose prompt repeats the answer to the one before."""
    with serving(script) as stub, engine_at(stub.url, **values) as engine:
        for one in (job(), second):
            engine.submit(one)
            finished(engine, 1)
    return stub.asked[1].body


def test_an_answer_is_repeated_word_by_word_by_the_prompts_that_go_on_from_it():
    body = ask_twice(answer("Why ", "not"), job(prompt=NEXT))
    assert body["messages"] == [
        {"role": "user", "content": pseudo_words(Span(1, 20))},
        {"role": "assistant", "content": "Why not"},
        {"role": "user", "content": pseudo_words(Span(2, 3))},
    ]
    spoken = Script([completion(" Why"), completion(" not", "length"), usage(20, 2), DONE])
    body = ask_twice(spoken, job(prompt=NEXT), endpoint="completions")
    assert body["prompt"] == pseudo_words(Span(1, 20)) + " Why not" + pseudo_words(Span(2, 3))


def test_what_a_workflow_node_gets_from_its_parents_is_asked_by_the_user():
    node = Job("w/n", NODE, (Span(1, 20), Span(77, 2)), 8, 78, 0.0)
    messages = ask_twice(answer("Why ", "not"), node)["messages"]
    assert [message["role"] for message in messages] == ["user", "user"]
    assert messages[1]["content"] == "Why not"


def test_token_ids_have_the_length_of_the_prompt_and_repeat_the_ids_that_were_told():
    told = Script([completion("x", "length", token_ids=[501, 502]), usage(20, 2), DONE])
    wanted = {"endpoint": "completions", "token_ids": [100, 200]}
    first, answered, question = 20, 2, 3
    ids = ask_twice(told, job(prompt=NEXT), **wanted)["prompt"]
    assert len(ids) == first + answered + question
    assert ids[first : first + answered] == [501, 502]
    drawn = ids[:first] + ids[first + answered :]
    assert all(100 <= token < 200 for token in drawn)
    untold = Script([completion("x", "length"), usage(20, 2), DONE])
    again = ask_twice(untold, job(prompt=NEXT), **wanted)["prompt"]
    assert again[:first] == ids[:first]
    assert all(100 <= token < 200 for token in again)


@pytest.mark.parametrize(
    "trouble",
    [refusal(429), refusal(500), refusal(503), Script([CUT]), Script([role(), CUT])],
    ids=["429", "500", "503", "cut", "cut after the role"],
)
def test_what_fails_before_any_text_is_asked_again(trouble):
    with serving(trouble, trouble, answer("a")) as stub:
        (done,) = ask(stub, retries=2)
    assert (done.error, len(stub.asked)) == (None, 3)


def test_it_is_asked_no_more_often_than_said_and_the_last_reason_is_told():
    with serving(refusal(503, "too\n many")) as stub:
        (done,) = ask(stub, retries=2)
    assert done.error == "HTTP 503: too many, at attempt 3"
    assert len(stub.asked) == 3
    assert done.finish_s == done.first_token_s > 0


@pytest.mark.parametrize("status", [400, 401, 404, 422])
def test_what_the_server_refuses_for_good_is_not_asked_again(status):
    with serving(refusal(status, "no such thing"), answer("a")) as stub:
        (done,) = ask(stub)
    assert (done.error, len(stub.asked)) == (f"HTTP {status}: no such thing", 1)


DATE = "Tue, 15 Nov 1994 08:12:31 GMT"


@pytest.mark.parametrize(
    ("headers", "wait_s"),
    [
        ({"retry_after": "0.3"}, 0.3),
        ({"retry_after": "Tue, 15 Nov 1994 08:12:32 GMT", "date": DATE}, 1.0),
    ],
)
def test_the_wait_before_the_next_attempt_is_what_the_server_asks_for(headers, wait_s):
    with serving(refusal(429, **headers), answer("a")) as stub:
        (done,) = ask(stub)
    assert done.error is None
    assert stub.asked[1].at_s - stub.asked[0].at_s >= wait_s


def test_without_a_word_from_the_server_the_wait_doubles():
    with serving(refusal(500), refusal(500), answer("a")) as stub:
        ask(stub, backoff_s=0.1)
    times = [asked.at_s for asked in stub.asked]
    assert times[1] - times[0] >= 0.1
    assert times[2] - times[1] >= 0.2


def test_a_server_that_asks_for_more_time_than_there_is_is_not_waited_for():
    with serving(refusal(429, "tomorrow", retry_after="86400")) as stub:
        (done,) = ask(stub)
    assert (done.error, len(stub.asked)) == ("HTTP 429: tomorrow", 1)


def test_an_answer_that_breaks_off_is_a_failure_and_is_not_asked_again():
    with serving(Script([role(), chat("Par"), 0.05, CUT]), answer("a")) as stub:
        (done,) = ask(stub)
    assert done.error is not None
    assert done.error.startswith("cut off after 1 pieces of text: Connection error.")
    assert (done.output_tokens, done.cached_tokens, done.text) == (0, None, None)
    assert len(stub.asked) == 1


def test_a_server_that_nobody_hears_is_asked_again_and_then_given_up():
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))  # bound, but nobody listens
        with engine_at(f"http://127.0.0.1:{held.getsockname()[1]}/v1", retries=1) as engine:
            engine.submit(job())
            (done,) = finished(engine, 1)
    assert done.error is not None
    assert done.error.startswith("Connection error.")
    assert done.error.endswith("at attempt 2")


def test_time_runs_out_for_the_first_token_and_for_the_whole():
    with serving(Script([role(), HANG])) as stub:
        (done,) = ask(stub, first_token_timeout_s=0.1)
    assert done.error == "no token within 0.1 s"
    with serving(Script([role(), chat("a"), HANG])) as stub:
        (done,) = ask(stub, first_token_timeout_s=1, request_timeout_s=1.5)
    assert done.error == "no whole answer within 1.5 s"
    with serving(refusal(500, "oops")) as stub:
        (done,) = ask(stub, request_timeout_s=1, backoff_s=10)
    assert done.error == "no whole answer within 1 s, last trouble: HTTP 500: oops"


@pytest.mark.parametrize("finish", ["length", "stop"])
def test_an_answer_may_end_at_its_length_or_by_itself(finish):
    with serving(answer("a", finish=finish)) as stub:
        assert ask(stub)[0].error is None


@pytest.mark.parametrize("finish", ["content_filter", "tool_calls", "error"])
def test_any_other_end_is_a_failure(finish):
    with serving(answer("a", finish=finish)) as stub:
        assert ask(stub)[0].error == f"finish reason: {finish}"


def test_an_answer_without_any_text_has_its_first_token_at_its_end():
    end = Script([role(), 0.1, chat(finish="length"), usage(20, 1), DONE])
    with serving(end) as stub:
        (done,) = ask(stub)
    assert (done.error, done.output_tokens) == (None, 1)
    assert done.first_token_s == done.finish_s >= 0.1


@pytest.mark.parametrize(
    ("steps", "error"),
    [
        ([chat("a"), DONE], "the stream ended before the answer did"),
        (["<html>Welcome</html>"], "the stream ended before the answer did"),
        (["data: {nonsense\n\n"], "the stream is not JSON"),
        (['data: {"choices": [{"delta": null}]}\n\n'], "a chunk of the stream is not of OpenAI's"),
        ([event({"choices": [{"delta": {"content": ["a"]}}]})], "a chunk of the stream is not of"),
        (['data: {"answer": 42}\n\n'], "a chunk of the stream is not of OpenAI's form"),
        (['data: {"error": {"message": "engine died"}}\n\n'], "engine died"),
    ],
)
def test_a_stream_that_is_none_is_told_as_what_it_is(steps, error):
    with serving(Script(steps)) as stub:
        (done,) = ask(stub)
    assert done.error is not None
    assert done.error.startswith(error)


def test_no_more_requests_are_under_way_than_said_and_all_are_served():
    slow = [role(), 0.1, chat("a"), chat(finish="stop"), usage(20, 1), DONE]
    with serving(Script(slow)) as stub:
        done = ask(stub, *(job(f"r{number}") for number in range(6)), max_concurrent=2)
    assert {one.request for one in done} == {f"r{number}" for number in range(6)}
    assert stub.most_busy == 2
    assert [one.finish_s for one in done] == sorted(one.finish_s for one in done)


def true_soon(told: Callable[[], bool]) -> bool:
    return any(told() or time.sleep(0.01) for _ in range(1000))


def test_an_engine_is_closed_while_it_serves_and_leaves_no_thread():
    before = threading.active_count()
    with serving(Script([role(), HANG])) as stub, engine_at(stub.url) as engine:
        engine.submit(job())
        assert true_soon(lambda: stub.busy == 1)
        assert engine.advance(0.1) == []
    assert true_soon(lambda: threading.active_count() == before)


def everything_said(done: Sequence[Completion], caplog: pytest.LogCaptureFixture) -> str:
    return repr(done) + caplog.text + "".join(repr(record.args) for record in caplog.records)


def test_the_key_goes_to_the_server_and_nowhere_else(monkeypatch, caplog):
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv(ENV, KEY)
    echo = refusal(401, f"Incorrect API key provided: {KEY}.")
    for script in (answer("a"), echo, refusal(500, KEY), Script([chat("a"), CUT])):
        with serving(script) as stub:
            made = params(base_url=stub.url, api_key_env=ENV, retries=1)
            engine = OpenAIEngine("p", made)
            texts = [repr(made), str(vars(made)), made.model_dump_json(), repr(engine)]
            texts.append(repr(pickle.dumps(engine)))
            with closing(engine):
                engine.start()
                engine.submit(job())
                done = finished(engine, 1)
                texts += [repr(engine.service), repr(pickle.dumps(engine.service))]
                with pytest.raises(TypeError) as unpicklable:
                    pickle.dumps(engine)
                texts.append(repr(unpicklable.value))
            texts.append(everything_said(done, caplog))
        assert stub.asked[0].headers["authorization"] == f"Bearer {KEY}"
        assert KEY not in "".join(texts)
    assert caplog.records


def test_a_key_that_is_echoed_is_struck_out(monkeypatch):
    monkeypatch.setenv(ENV, KEY)
    with serving(refusal(401, f"Incorrect API key provided: {KEY}.")) as stub:
        (done,) = ask(stub, api_key_env=ENV)
    assert done.error == "HTTP 401: Incorrect API key provided: ***."


def test_an_end_by_which_the_server_says_too_much_is_one_line_without_the_key(monkeypatch):
    monkeypatch.setenv(ENV, KEY)
    with serving(answer("a", finish=f"{KEY}\n\udfff{'x' * 1000}")) as stub:
        (done,) = ask(stub, api_key_env=ENV)
    assert done.error == f"finish reason: *** \ufffd{'x' * 280}..."


def test_without_a_named_variable_nothing_of_the_environment_is_sent(monkeypatch):
    for name in ("OPENAI_API_KEY", "OPENAI_ADMIN_KEY", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID"):
        monkeypatch.setenv(name, KEY)
    with serving(answer("a")) as stub:
        ask(stub)
    assert stub.asked[0].headers["authorization"] == "Bearer none"
    assert KEY not in repr(stub.asked)


@pytest.mark.parametrize("value", [None, "", "  ", "two words", "sch\u00f6n"])
def test_a_key_that_is_missing_or_is_none_is_one_line_that_does_not_show_it(monkeypatch, value):
    monkeypatch.delenv(ENV, raising=False)
    if value is not None:
        monkeypatch.setenv(ENV, value)
    with pytest.raises(BadInput) as caught:
        params(api_key_env=ENV).engine("p0", PROFILE)
    line = str(caught.value)
    assert line.startswith(
        f"p0: engine.api_key_env: expected the key in the environment variable {ENV}"
    )
    assert "\n" not in line
    assert not (value or "").strip() or value not in line


def test_without_the_client_it_says_what_to_install(monkeypatch):
    monkeypatch.delitem(sys.modules, "agents.openai_engine")
    monkeypatch.setitem(sys.modules, "openai", None)
    with pytest.raises(BadInput, match=r"p0: engine: openai needs the client: pip install -e '"):
        params().engine("p0", PROFILE)


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        (
            {"base_url": "localhost:8000/v1"},
            r"expected http://HOST\[:PORT\]/PATH or https://\.\.\.",
        ),
        ({"base_url": "https:///v1"}, r"expected http://HOST.*got 'https:///v1'"),
        ({"base_url": "http://host:0/v1"}, "expected http://HOST"),
        ({"base_url": "http://host:port/v1"}, "Port could not be cast"),
        ({"base_url": f"https://me:{KEY}@host/v1"}, "expected a URL without a user, a key"),
        ({"base_url": f"https://host/v1?key={KEY}"}, "expected a URL without a user, a key"),
        ({"api_key_env": KEY}, "expected the name of an environment variable in capital letters"),
        ({"model": ""}, "at least 1 character"),
        ({"token_ids": [1, 5]}, "token_ids: expected endpoint completions, chat takes only text"),
        ({"token_ids": [5, 5], "endpoint": "completions"}, r"0 <= low < high, got \(5, 5\)"),
        (
            {"length_key": "max_completion_tokens", "endpoint": "completions"},
            "length_key: expected max_tokens",
        ),
        ({"extra_body": {"stream": False}}, "extra_body: stream cannot be set, the engine sets it"),
        ({"request_timeout_s": 0}, "greater than 0"),
        ({"retries": -1}, "greater than or equal to 0"),
        ({"api_key": "x"}, "api_key"),
    ],
)
def test_a_parameter_out_of_bounds_is_told_and_no_secret_shown(values, problem):
    with pytest.raises(ValidationError, match=problem) as caught:
        params(**values)
    assert KEY not in "".join(one["msg"] for one in caught.value.errors())


EXAMPLE = Path(__file__).resolve().parents[3] / "examples" / "openai.yaml"


def everything_written(folder: Path) -> str:
    files = [file for file in sorted(folder.rglob("*")) if file.is_file()]
    tables = [repr(pq.read_table(file).to_pylist()) for file in files if file.suffix == ".parquet"]
    return "".join(tables) + "".join(file.read_bytes().decode("latin-1") for file in files)


def test_the_example_is_served_over_http_and_the_key_is_in_no_file_of_it(monkeypatch, tmp_path):
    monkeypatch.setenv("VLLM_API_KEY", KEY)
    with serving(answer("a", "b", cached=16), refusal(401, f"bad key {KEY}"), answer("a")) as stub:
        url = f"providers.0.engine.base_url={stub.url}"
        fewer = ("rounds=6", "round_s=0.2", "demand.0.shape.turns=1", "demand.0.rate_per_s=10")
        scenario = load_scenario(EXAMPLE, (*fewer, "providers.1.count=1", url))
        in_this_process(scenario)("openai", tmp_path, lambda _: None)
    written = everything_written(tmp_path)
    assert "'cached_tokens': 16" in written
    assert "HTTP 401: bad key ***" in written
    assert "VLLM_API_KEY" in written
    assert KEY not in written


def test_a_missing_key_is_told_before_the_run(monkeypatch):
    monkeypatch.delenv("VLLM_API_KEY", raising=False)
    with pytest.raises(BadInput, match="environment variable VLLM_API_KEY, which is not set"):
        plan(load_scenario(EXAMPLE))
