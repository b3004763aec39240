"""The role of an engine: what serves a provider's work."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from market.messages import Completion
from market.prompt import Prompt, prompt_tokens


@dataclass(frozen=True, slots=True)
class Task:
    """What a grader knows of a chat turn: its domain, and its difficulty in [0, 1].

    ``query`` in [0, 1) is its place among all queries of the domain. An answer in text is compared
    with the ``references`` that people gave, by the ``evaluator`` of that name.
    """

    domain: str
    difficulty: float
    query: float
    references: tuple[str, ...] = ()
    evaluator: str = "token_span"


@dataclass(frozen=True, slots=True)
class Job:
    """One piece of work as the engine gets it.

    ``output_tokens`` is the length that the answer will have; ``answer`` names its content, so
    that a later prompt that repeats the answer finds it cached. ``task`` is None for nodes of a
    workflow, which nobody grades. ``pays_nano`` is what the provider receives if it serves a chat
    turn; 0 for nodes, which are paid for by the workflow. ``texts`` are those of the prompt's
    contents that have one, which a real engine asks with; its answer is then as long as it turns
    out, ``output_tokens`` at most. ``cost_usd_per_mtok`` is the provider's own cost when it made
    the bid that won a node; None for a chat turn, which its last bid has won.
    """

    request: str
    kind: str
    prompt: Prompt
    output_tokens: int
    answer: int
    submitted_s: float
    task: Task | None = None
    pays_nano: int = 0
    texts: Mapping[int, str] = field(default_factory=dict)
    cost_usd_per_mtok: float | None = None


def failed(job: Job, provider: str, at_s: float, error: str) -> Completion:
    """A job that ``provider`` gave up at ``at_s``, before its first token; ``error`` says why."""
    return Completion(
        request=job.request,
        provider=provider,
        kind=job.kind,
        submitted_s=job.submitted_s,
        first_token_s=at_s,
        finish_s=at_s,
        prompt_tokens=prompt_tokens(job.prompt),
        cached_tokens=None,
        output_tokens=0,
        error=error,
    )


class Engine(Protocol):
    """Serves jobs in trial time.

    A simulated engine's time is the trial's. A real one's is the wall clock, which counts from the
    time of its start as soon as it is first used; it returns from ``advance`` when that has come to
    ``until_s``.
    """

    def start(self, now_s: float = 0.0) -> None:
        """Get ready to serve from ``now_s`` on, which takes a real engine a minute; once started it
        only learns that it is ``now_s``, before the first ``advance``."""

    def submit(self, job: Job) -> None:
        """Queue a job; jobs are submitted in the order of their ``submitted_s``."""

    def advance(self, until_s: float) -> list[Completion]:
        """Run until ``until_s``; what has finished by then, in order of finish.

        A job that cannot be served comes back as a completion with an ``error``.
        """

    def close(self) -> None:
        """Give back what it holds; nothing is asked of it afterwards."""
