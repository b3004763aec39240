"""What is publicly known of a provider: what it can do, its ratios, and how fast its engine is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class EngineProfile:
    """The timing and the cache of one engine; the public basis of latency estimates.

    A step of the engine that computes p prompt tokens and decodes for d requests, which read c
    tokens of context together, takes

        step_s + prefill_s_per_token p + attention_s_per_pair a + decode_s_per_seq d
               + context_s_per_token c

    seconds, where a counts the pairs of a prompt token that is computed and a token up to it.

    Attributes:
        name: the profile's name.
        block_size: tokens in a KV block.
        kv_blocks: blocks in the KV cache.
        max_num_seqs: requests that run together.
        max_num_batched_tokens: most tokens that one step computes, of prompts and of answers.
        max_model_len: longest prompt plus output, in tokens.
        step_s: time of a step that computes nothing.
        prefill_s_per_token: additional time for each prompt token that is computed.
        decode_s_per_seq: additional time for each request that decodes.
        context_s_per_token: additional time for each token that decoding requests attend to.
        attention_s_per_pair: additional time for each pair of a prompt token and one up to it.
        gpus: accelerators that the engine takes.
        power_w: what they draw under load, in watts; None where nobody said.
        source: where the numbers come from: measured, estimate, or made up for an example.
    """

    name: str
    block_size: int
    kv_blocks: int
    max_num_seqs: int
    max_num_batched_tokens: int
    max_model_len: int
    step_s: float
    prefill_s_per_token: float
    decode_s_per_seq: float
    context_s_per_token: float = 0.0
    attention_s_per_pair: float = 0.0
    gpus: int = 1
    power_w: float | None = None
    source: str = "example"

    def step_time_s(
        self, prefill_tokens: int, pairs: float, decoding: int, context_tokens: float
    ) -> float:
        """Time of a step; ``pairs`` and ``context_tokens`` as in the class's formula."""
        return (
            self.step_s
            + self.prefill_s_per_token * prefill_tokens
            + self.attention_s_per_pair * pairs
            + self.decode_s_per_seq * decoding
            + self.context_s_per_token * context_tokens
        )

    def prefill_s(self, prompt_tokens: float, cached_tokens: float = 0.0) -> float:
        """Time to compute a prompt alone on the engine, ``cached_tokens`` of it cached."""
        return float(
            prefill_s(
                self.step_s,
                self.prefill_s_per_token,
                self.attention_s_per_pair,
                self.max_num_batched_tokens,
                np.asarray(prompt_tokens),
                np.asarray(cached_tokens),
            )
        )

    def decode_tokens_per_s(self, decoding: int, context_tokens: float) -> float:
        """Output tokens a second while ``decoding`` requests read ``context_tokens`` in all."""
        return decoding / self.step_time_s(0, 0.0, decoding, context_tokens)


def prefill_s(
    step_s: Floats | float,
    prefill_s_per_token: Floats | float,
    attention_s_per_pair: Floats | float,
    max_num_batched_tokens: npt.NDArray[np.int64] | int,
    prompt_tokens: Floats,
    cached_tokens: Floats,
) -> Floats:
    """Time to compute prompts alone on engines, as arrays that broadcast together.

    Full steps of the token budget and one for the rest; see ``EngineProfile``.
    """
    computed = prompt_tokens - cached_tokens
    steps = np.ceil(computed / max_num_batched_tokens)
    pairs = computed * (cached_tokens + (computed + 1) / 2)
    total: Floats = steps * step_s + prefill_s_per_token * computed + attention_s_per_pair * pairs
    return total


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
