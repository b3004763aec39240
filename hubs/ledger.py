"""The prefix ledger: which provider last saw which dialogue (IEMAS, section 4.1 and App. C.2.2).

The paper keeps the last prompt; here the answer is added when it comes, because an engine caches
what it generates too, and the next turn repeats it.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from market.messages import ChatRequest, Completion
from market.prompt import Prompt, common_prefix_tokens, prompt_tokens

# An entry is dropped where an engine reports that it no longer holds what the ledger expects.
EVICTED_BELOW = 0.1
EXPECTED_ABOVE = 0.8
FEWEST_PROMPT_TOKENS = 64


class PrefixLedger:
    """What every (dialogue, provider) last said, at most ``capacity`` entries.

    The entry that was touched longest ago goes first.
    """

    def __init__(self, capacity: int):
        self._capacity = capacity
        self._last: OrderedDict[tuple[str, str], Prompt] = OrderedDict()
        self._providers: dict[str, set[str]] = {}
        self._tokens = 0

    def matches(
        self, requests: Sequence[ChatRequest], column: Mapping[str, int]
    ) -> npt.NDArray[np.int64]:
        """Tokens of each request's prompt that each provider has seen last in its dialogue.

        Args:
            requests: the rows.
            column: every provider's column.

        Returns:
            (requests, providers), tokens.
        """
        tokens = np.zeros((len(requests), len(column)), dtype=np.int64)
        for row, request in enumerate(requests):
            for provider in self._providers.get(request.dialogue, ()):
                last = self._last[request.dialogue, provider]
                tokens[row, column[provider]] = common_prefix_tokens(request.prompt, last)
        return tokens

    def record(self, provider: str, dialogue: str, prompt: Prompt) -> None:
        """``provider`` has been sent ``prompt``, or has gone on to the end of it."""
        key = dialogue, provider
        self._drop(key)
        self._last[key] = prompt
        self._tokens += prompt_tokens(prompt)
        self._providers.setdefault(dialogue, set()).add(provider)
        if len(self._last) > self._capacity:
            self._drop(next(iter(self._last)))

    def observe(self, request: ChatRequest, matched_tokens: int, completion: Completion) -> None:
        """Drop the entry if the engine cached far fewer tokens than the ledger had expected.

        An engine that does not report cached tokens says nothing; silence is not zero.
        """
        if completion.cached_tokens is None or request.turn == 1:
            return
        length = request.prompt_tokens
        expected = matched_tokens / length
        observed = completion.cached_tokens / length
        if (
            length >= FEWEST_PROMPT_TOKENS
            and expected >= EXPECTED_ABOVE
            and observed <= EVICTED_BELOW
        ):
            self._drop((request.dialogue, completion.provider))

    def summary(self) -> tuple[int, int]:
        """How many prompts, and how many tokens in all, the ledger believes cached."""
        return len(self._last), self._tokens

    def _drop(self, key: tuple[str, str]) -> None:
        forgotten = self._last.pop(key, None)
        if forgotten is None:
            return
        self._tokens -= prompt_tokens(forgotten)
        dialogue, provider = key
        self._providers[dialogue].discard(provider)
        if not self._providers[dialogue]:
            del self._providers[dialogue]
