"""A server on the loopback that speaks OpenAI's protocol as a script tells it to."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

#: Steps of a script beside texts to send: wait until the server ends; drop the connection.
HANG = "hang"
CUT = "cut"
DONE = "data: [DONE]\n\n"


@dataclass(frozen=True)
class Script:
    """The answer to one request: a number among the steps is a pause in seconds."""

    steps: Sequence[str | float] = ()
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Asked:
    """A request as it came."""

    path: str
    headers: Mapping[str, str]
    body: Mapping[str, Any]
    at_s: float


def event(data: Mapping[str, Any]) -> str:
    return f"data: {json.dumps(data)}\n\n"


def role() -> str:
    delta = {"role": "assistant", "content": ""}
    return event({"choices": [{"index": 0, "delta": delta, "finish_reason": None}]})


def chat(text: str | None = None, finish: str | None = None) -> str:
    delta = {} if text is None else {"content": text}
    return event({"choices": [{"index": 0, "delta": delta, "finish_reason": finish}]})


def completion(text: str, finish: str | None = None, **more: Any) -> str:
    return event({"choices": [{"index": 0, "text": text, "finish_reason": finish, **more}]})


def usage(prompt: int, output: int, cached: int | None = None) -> str:
    told: dict[str, Any] = {"prompt_tokens": prompt, "completion_tokens": output}
    if cached is not None:
        told["prompt_tokens_details"] = {"cached_tokens": cached}
    return event({"choices": [], "usage": told})


def answer(*pieces: str, cached: int | None = None, finish: str = "stop") -> Script:
    """A chat's answer without a pause; its prompt had 20 tokens, and each piece is one."""
    middle = [chat(piece) for piece in pieces]
    ends = [chat(finish=finish), usage(20, len(pieces), cached), DONE]
    return Script([role(), *middle, *ends])


def refusal(status: int, message: str = "not now", **headers: str) -> Script:
    error = json.dumps({"error": {"message": message, "type": "stub", "code": status}})
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Script([error], status, {"content-type": "application/json", **named})


class Stub(ThreadingHTTPServer):
    """Answers the first request by the first script and so on; the last script stays."""

    daemon_threads = True

    def __init__(self, scripts: Sequence[Script]):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.scripts = scripts
        self.asked: list[Asked] = []
        self.busy = self.most_busy = 0
        self.lock = threading.Lock()
        self.over = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/v1"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that has gone is no error; what else goes wrong shows in the client."""

    def next_script(self, asked: Asked) -> Script:
        with self.lock:
            self.asked.append(asked)
            self.busy += 1
            self.most_busy = max(self.most_busy, self.busy)
            return self.scripts[min(len(self.asked), len(self.scripts)) - 1]

    def leave(self) -> None:
        with self.lock:
            self.busy -= 1


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Stub

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        headers = {name.lower(): value for name, value in self.headers.items()}
        script = self.server.next_script(Asked(self.path, headers, body, time.monotonic()))
        try:
            self.send_response_only(script.status)
            for name, value in {"content-type": "text/event-stream", **script.headers}.items():
                self.send_header(name, value)
            self.send_header("transfer-encoding", "chunked")
            self.end_headers()
            self._play(script.steps)
        finally:
            self.server.leave()

    def _play(self, steps: Sequence[str | float]) -> None:
        for step in steps:
            if step == CUT:
                self.close_connection = True
                return
            if step == HANG:
                self.server.over.wait(30)
            elif isinstance(step, str):
                data = step.encode()
                self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
                self.wfile.flush()
            else:
                time.sleep(step)
        self.wfile.write(b"0\r\n\r\n")

    def log_message(self, *_: Any) -> None:
        """Nothing is printed."""


@contextmanager
def serving(*scripts: Script) -> Iterator[Stub]:
    """A server that plays the scripts."""
    with Stub(scripts) as stub:
        thread = threading.Thread(target=stub.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield stub
        finally:
            stub.over.set()
            stub.shutdown()
            thread.join()
