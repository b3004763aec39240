"""What an edge of a workflow took in execution: what the auction assumed, what the cache did.

The auction takes what a node reads from a node of its own provider as cached. An engine caches
prefixes: a prompt can go on from one session, so of several parents at its provider a node goes on
from one, and the others' outputs are recomputed behind it unless the very same prompt up to there
was seen before.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from market.prompt import Prompt, prompt_tokens


@dataclass(frozen=True)
class Handoff:
    """One edge of a workflow, once its target is done. Tokens are as executed, scaled down.

    Attributes:
        workflow: the request.
        source: the node that wrote the context.
        target: the node that read it.
        source_provider: who ran the source.
        target_provider: who ran the target; the auction assumed a reuse where it is the same.
        continued: whether the target's prompt went on from the source's session.
        transfer_tokens: the context that the auction counts, as long as the source turned out.
        prompt_tokens: the part of the target's prompt that stands for the source: the session, with
            all that it had read itself, or the transferred output. 0 where the edge closes a loop
            or a cycle: a node runs once, before whatever feeds back to it.
        cached_tokens: those of them that were cached; None where the engine does not say.
    """

    workflow: str
    source: str
    target: str
    source_provider: str
    target_provider: str
    continued: bool
    transfer_tokens: int
    prompt_tokens: int
    cached_tokens: int | None

    @property
    def switched(self) -> bool:
        """Whether the auction charged the context as sent again."""
        return self.source_provider != self.target_provider

    @property
    def assumed_cached_tokens(self) -> int:
        """The tokens that the auction took as cached."""
        return 0 if self.switched else self.transfer_tokens

    @property
    def recomputed_tokens(self) -> int | None:
        """The tokens of the prompt's part that were computed anew; None where nobody says."""
        return None if self.cached_tokens is None else self.prompt_tokens - self.cached_tokens


class ContextPart(NamedTuple):
    """What stands in a node's prompt for one of its parents."""

    source: str
    spans: Prompt
    continued: bool


def cached_by_part(
    parts: Sequence[ContextPart], cached_tokens: int | None
) -> dict[str, int | None]:
    """How much of each part was cached, by source, where the first tokens of the prompt were."""
    start, cached = 0, {}
    for part in parts:
        tokens = prompt_tokens(part.spans)
        cached[part.source] = (
            None if cached_tokens is None else min(max(cached_tokens - start, 0), tokens)
        )
        start += tokens
    return cached
