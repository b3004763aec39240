"""Traces of single requests: open loops that arrive when the trace says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from market import seeding
from market.prompt import Prompt
from orchestrator.demand.dialogue import Dialogue, TurnPlan
from orchestrator.demand.shape import DialogueShape, draw_task, draw_terms

#: No request of a trace is longer.
MOST_TOKENS = 10_000_000


@dataclass(frozen=True, slots=True)
class TraceRequest:
    """One request of any trace.

    ``document`` is what its prompt is known to share, ``question_tokens`` what only it has.
    """

    conversation: str
    time_s: float
    document: Prompt
    question_tokens: int
    output_tokens: int


def trace_dialogues(
    requests: Iterable[TraceRequest],
    rate_scale: float,
    shape: DialogueShape,
    domains: Mapping[str, float],
    seed: int,
    source: str,
) -> Iterator[Dialogue]:
    """The requests, each a dialogue of one turn under its conversation's name.

    What traces lack is drawn as in the built-in source, once for each conversation: domain,
    difficulty and words.
    """
    turns: Counter[str] = Counter()
    for request in requests:
        name = f"{source}-{request.conversation}"
        rng = seeding.stream(seed, "dialogue", name)
        task = draw_task(domains, shape.difficulty, rng)
        terms = draw_terms(shape.terms, shape.topical, task.domain, rng)
        turns[request.conversation] += 1
        yield Dialogue(
            dialogue=name,
            start_s=request.time_s / rate_scale,
            document=request.document,
            task=task,
            turns=(TurnPlan(request.question_tokens, request.output_tokens, 0.0, terms),),
            first_turn=turns[request.conversation],
        )
