"""A job in words: the messages of a chat, as a real engine is asked them."""

from __future__ import annotations

from dataclasses import dataclass

from agents.engine.role import Job


@dataclass(frozen=True, slots=True)
class Message:
    """One message; ``content`` names it, 64 bits as in the prompt's span."""

    role: str
    text: str
    content: int


def in_words(job: Job) -> bool:
    """Whether every part of the prompt has a text."""
    return bool(job.texts) and all(span.content in job.texts for span in job.prompt)


def chat_messages(job: Job) -> list[Message]:
    """The messages of a job that is ``in_words``.

    The last is the user's question. Before it answers and questions take turns; what is left at the
    beginning, where their number is even, is the document that they are about: the system's.
    """
    count = len(job.prompt)
    messages = []
    for place, span in enumerate(job.prompt):
        role = "user" if (count - place) % 2 else "assistant"
        if place == 0 and role == "assistant":
            role = "system"
        messages.append(Message(role, job.texts[span.content], span.content))
    return messages
