"""What is publicly known of a provider: what it can do, its ratios, and how fast its engine is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class EngineProfile:
    """The timing and the cache of one engine; the public basis of latency estimates.

    Attributes:
        name: the profile's name.
        block_size: tokens in a KV block.
        kv_blocks: blocks in the KV cache.
        max_num_seqs: requests that decode together.
        max_model_len: longest prompt plus output, in tokens.
        step_s: time of a step that computes nothing.
        prefill_s_per_token: additional time for each prompt token that is not cached.
        decode_s_per_seq: additional time of a decode step for each running request.
    """

    name: str
    block_size: int
    kv_blocks: int
    max_num_seqs: int
    max_model_len: int
    step_s: float
    prefill_s_per_token: float
    decode_s_per_seq: float

    def prefill_s(self, tokens: int) -> float:
        """Time of the step that computes ``tokens`` prompt tokens."""
        return self.step_s + self.prefill_s_per_token * tokens

    def decode_step_s(self, running: int) -> float:
        """Time of a step that adds one token to each of ``running`` requests."""
        return self.step_s + self.decode_s_per_seq * running


@dataclass(frozen=True)
class ProviderProfile:
    """What a provider declares, and everyone may know.

    Attributes:
        provider: its id.
        tier: capability tier, 1 or higher; it can do workflow nodes up to this difficulty.
        domains: what it specialises in.
        scores: benchmark score in [0, 1] by domain.
        input_ratio: cost of an uncached input token over that of an output token (rho).
        hit_ratio: cost of a cached input token over that of an output token (eta).
        chat_slots: chat requests it serves at a time.
        workflow_slots: workflows it takes part in at a time.
        engine: its engine's public profile.
        model: the name of the model it serves; None where nobody named one.
    """

    provider: str
    tier: int
    domains: tuple[str, ...]
    scores: Mapping[str, float]
    input_ratio: float
    hit_ratio: float
    chat_slots: int
    workflow_slots: int
    engine: EngineProfile
    model: str | None = None

    def charged_tokens(
        self, prompt_tokens: int, cached_tokens: float, output_tokens: float
    ) -> float:
        """What a request costs in output-token equivalents: Eq. (6) at prices (rho, eta, 1)."""
        return (
            output_tokens
            + self.input_ratio * (prompt_tokens - cached_tokens)
            + self.hit_ratio * cached_tokens
        )
