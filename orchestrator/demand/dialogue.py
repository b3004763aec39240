"""Dialogues as demand: closed loops whose next turn waits for the last answer."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from agents.engine import Task
from market import seeding
from market.prompt import Prompt, Span


@dataclass(frozen=True, slots=True)
class Topic:
    """What a dialogue is about, and how hard it is, in [0, 1]."""

    domain: str
    difficulty: float


@dataclass(frozen=True, slots=True)
class TurnText:
    """A turn in words: the question, and the answer that somebody gave."""

    question: str
    reference: str


@dataclass(frozen=True, slots=True)
class DialogueText:
    """What a dialogue is about in words, for engines that can be asked in text.

    ``evaluator`` says by name how answers are compared with references, ``most_tokens`` how long
    they may be.
    """

    document: str
    evaluator: str
    most_tokens: int


@dataclass(frozen=True, slots=True)
class TurnPlan:
    """One turn as it will be asked: lengths in tokens, the words of the question.

    ``think_s`` is how long the client takes to ask it after the answer before, ``query`` its place
    among all queries of the domain, in [0, 1). Turns of a dialogue in text have ``text`` too.
    """

    question_tokens: int
    answer_tokens: int
    think_s: float
    terms: tuple[str, ...]
    query: float
    text: TurnText | None = None


@dataclass(frozen=True, slots=True)
class Dialogue:
    """A conversation, or a part of one: ``document`` is what its prompts begin with.

    A trace of single requests has a dialogue of one turn for each, ``first_turn`` counting on.
    """

    dialogue: str
    start_s: float
    document: Prompt
    topic: Topic
    turns: tuple[TurnPlan, ...]
    first_turn: int = 1
    text: DialogueText | None = None


@dataclass(frozen=True, slots=True)
class Spoken:
    """A prompt in words: the text of each of its contents, and how long the answer may be."""

    texts: Mapping[int, str]
    most_tokens: int


@dataclass(frozen=True, slots=True)
class Answer:
    """What a real engine answered, and its length in tokens."""

    text: str
    tokens: int


@dataclass(frozen=True, slots=True)
class Turn:
    """A turn that has arrived: nature's side of a request, which no hub sees whole.

    ``output_tokens`` is the length that the answer will have, ``answer`` the name of its content,
    ``terms`` the words of the whole prompt. ``spoken`` is there where the dialogue is in text.
    """

    request: str
    dialogue: str
    turn: int
    arrival_s: float
    prompt: Prompt
    output_tokens: int
    answer: int
    terms: tuple[str, ...]
    task: Task
    spoken: Spoken | None = None


@dataclass(slots=True)
class _Talk:
    """A dialogue under way: what has been said so far."""

    plan: Dialogue
    said: Prompt
    terms: tuple[str, ...] = ()
    next_turn: int = 0
    texts: dict[int, str] = field(default_factory=dict)

    @property
    def number(self) -> int:
        """The number of its next turn in the conversation."""
        return self.plan.first_turn + self.next_turn


@dataclass(slots=True)
class DialogueTape:
    """Plays dialogues in order of their start, up to a horizon.

    The tape fixes who starts when, what is asked and how long answers are; only the moment of a
    later turn depends on when the market answered the turn before. Where a real engine answers in
    text, its answer stands in the prompts that follow; else that of the file does.

    Args:
        dialogues: in order of ``start_s``.
        horizon_s: nothing arrives after it.
    """

    dialogues: Iterator[Dialogue]
    horizon_s: float
    _ahead: Dialogue | None = None
    _due: list[tuple[float, str, int, _Talk]] = field(default_factory=list)
    _talks: dict[str, _Talk] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._ahead = next(self.dialogues, None)

    def arrivals(self, until_s: float) -> list[Turn]:
        """The turns that arrive up to ``until_s``, in order of arrival."""
        while self._ahead is not None and self._ahead.start_s <= min(until_s, self.horizon_s):
            self._schedule(self._ahead.start_s, _begun(self._ahead))
            self._ahead = next(self.dialogues, None)
        turns = []
        while self._due and self._due[0][0] <= until_s:
            arrival_s, _, _, talk = heapq.heappop(self._due)
            turns.append(self._arrive(arrival_s, talk))
        return turns

    def answered(self, request: str, finish_s: float, answer: Answer | None = None) -> None:
        """A turn was served: the client reads the answer, thinks, and asks on."""
        talk = self._talks.pop(request, None)
        if talk is None or talk.next_turn == len(talk.plan.turns):
            return
        if answer is not None:
            *before, planned = talk.said
            talk.said = (*before, Span(planned.content, answer.tokens))
            talk.texts[planned.content] = answer.text
        self._schedule(finish_s + talk.plan.turns[talk.next_turn].think_s, talk)

    def lost(self, request: str) -> None:
        """A turn was refused or failed: the client gives the dialogue up."""
        self._talks.pop(request, None)

    def _schedule(self, arrival_s: float, talk: _Talk) -> None:
        if arrival_s <= self.horizon_s:
            heapq.heappush(self._due, (arrival_s, talk.plan.dialogue, talk.number, talk))

    def _arrive(self, arrival_s: float, talk: _Talk) -> Turn:
        number = talk.number
        plan = talk.plan.turns[talk.next_turn]
        request = f"{talk.plan.dialogue}.{number}"
        answer = seeding.content_id("answer", request)
        prompt = (*talk.said, *content("question", request, plan.question_tokens))
        talk.said = (*prompt, Span(answer, plan.answer_tokens))
        talk.terms += plan.terms
        talk.next_turn += 1
        self._talks[request] = talk
        task = Task(talk.plan.topic.domain, talk.plan.topic.difficulty, plan.query)
        spoken = None
        if talk.plan.text is not None and plan.text is not None:
            talk.texts[seeding.content_id("question", request)] = plan.text.question
            spoken = Spoken(dict(talk.texts), talk.plan.text.most_tokens)
            talk.texts[answer] = plan.text.reference
            references = (plan.text.reference,)
            task = replace(task, references=references, evaluator=talk.plan.text.evaluator)
        return Turn(
            request=request,
            dialogue=talk.plan.dialogue,
            turn=number,
            arrival_s=arrival_s,
            prompt=prompt,
            output_tokens=plan.answer_tokens,
            answer=answer,
            terms=talk.terms,
            task=task,
            spoken=spoken,
        )


def _begun(plan: Dialogue) -> _Talk:
    """A dialogue of which nothing but its document has been said."""
    texts = (
        {} if plan.text is None else {span.content: plan.text.document for span in plan.document}
    )
    return _Talk(plan, plan.document, texts=texts)


def content(kind: str, name: str, tokens: int) -> Prompt:
    """A piece of a prompt that nothing else repeats; no span where it has no tokens."""
    return (Span(seeding.content_id(kind, name), tokens),) if tokens else ()
