"""Traces of single requests: open loops that arrive when the trace says."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol, TypeVar

from market import seeding
from market.prompt import Prompt
from orchestrator.demand.dialogue import Dialogue, TurnPlan
from orchestrator.demand.shape import DialogueShape, draw_query, draw_terms, draw_topic

#: No request of a trace is longer.
MOST_TOKENS = 10_000_000


class TraceRow(Protocol):
    """One row of any trace."""

    @property
    def time_s(self) -> float:
        """When it arrives."""


Row = TypeVar("Row", bound=TraceRow)


@dataclass(frozen=True, slots=True)
class TraceRequest:
    """One request of any trace.

    No other has the same ``conversation`` and ``turn``. ``document`` is what its prompt is known
    to share, ``question_tokens`` what only it has.
    """

    conversation: str
    turn: int
    time_s: float
    document: Prompt
    question_tokens: int
    output_tokens: int


def until_horizon(rows: Iterable[Row], rate_scale: float, horizon_s: float) -> Iterator[Row]:
    """The rows that are played up to the horizon; none is read behind the first later one."""
    for row in rows:
        if row.time_s / rate_scale > horizon_s:
            return
        yield row


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
    difficulty and words. Each request is a query of its own.
    """
    for request in requests:
        name = f"{source}-{request.conversation}"
        rng = seeding.stream(seed, "dialogue", name)
        topic = draw_topic(domains, shape.difficulty, rng)
        terms = draw_terms(shape.terms, shape.topical, topic.domain, rng)
        query = draw_query(seed, name, request.turn)
        plan = TurnPlan(request.question_tokens, request.output_tokens, 0.0, terms, query)
        yield Dialogue(
            dialogue=name,
            start_s=request.time_s / rate_scale,
            document=request.document,
            topic=topic,
            turns=(plan,),
            first_turn=request.turn,
        )
