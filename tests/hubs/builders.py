"""Providers, requests and completions with usual values, for tests to change."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from market.messages import CHAT, Bid, ChatRequest, Completion, Valuation
from market.profiles import ProviderProfile
from market.prompt import Prompt, Span, prompt_tokens
from tests.engine_profiles import MEDIUM

DOMAINS = ("code", "law")


def provider(name: str, **changes: Any) -> ProviderProfile:
    """A provider that knows law, with two chat slots and one workflow slot."""
    usual = ProviderProfile(name, 1, ("law",), {"code": 0.4, "law": 0.8}, 0.25, 0.025, 2, 1, MEDIUM)
    return replace(usual, **changes)


def bid(name: str, usd_per_mtok: float = 1.0, **changes: Any) -> Bid:
    """The same bid in both markets, in the lower half of its support."""
    usual = Bid(name, usd_per_mtok, usd_per_mtok, usd_per_mtok / 2, usd_per_mtok * 2)
    return replace(usual, **changes)


def request(name: str = "d-1.1", prompt: Prompt | None = None, **changes: Any) -> ChatRequest:
    """A first turn of 100 tokens that is worth much more than it costs."""
    prompt = prompt if prompt is not None else (Span(1, 100),)
    usual = ChatRequest(
        request=name,
        client=f"client of {name}",
        dialogue=name.rsplit(".", 1)[0],
        turn=1,
        arrival_s=0.0,
        prompt=prompt,
        prompt_tokens=prompt_tokens(prompt),
        terms=(),
        reported=Valuation(0.8, 1.0, 0.01),
    )
    return replace(usual, **changes)


def completion(name: str = "d-1.1", by: str = "p", **changes: Any) -> Completion:
    """What came of a request that was served with a right answer of 50 tokens."""
    usual = Completion(
        name, by, CHAT, 1.0, 1.5, 2.0, 100, 0, 50, quality=1.0, domain="law"
    )  # fmt: skip
    return replace(usual, **changes)
