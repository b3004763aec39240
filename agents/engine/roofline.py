"""Engine profiles from data sheets: a roofline, where a step is bound by FLOPs or by bandwidth.

The roofline model of Williams, Waterman and Patterson (CACM 2009), in the form that is linear in
the work of a step: reading the weights takes the time of an empty step, a prompt token takes its
multiplications, a token of context the reading of its keys and values.

Sources: NVIDIA's data sheets of the L4, A10G, A100, H100 and H200, its white papers on the Ada
(RTX 4090) and Blackwell (RTX PRO 6000) GPUs, AMD's data sheet of the MI300X: dense BF16 rates with
FP32 accumulation, memory, bandwidth, board power. Models: the config.json and parameter counts
that their makers publish.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import floor

from market.profiles import EngineProfile

BYTES_PER_WEIGHT = 2  # BF16, as are keys and values
GIB = 2**30

#: The part of the printed rates that serving reaches, and what a step and a request cost besides.
COMPUTE_SHARE, BANDWIDTH_SHARE = 0.6, 0.8
STEP_OVERHEAD_S, REQUEST_OVERHEAD_S = 0.002, 2e-5
#: Of a layer's two sums over GPUs that share it, each.
ALL_REDUCE_S = 2e-5

#: vLLM's defaults: of blocks, of the memory that it takes, and of a server's batch.
BLOCK_SIZE, MEMORY_SHARE = 16, 0.9
MAX_NUM_SEQS, MAX_NUM_BATCHED_TOKENS = 256, 8192
#: What vLLM keeps on each GPU for activations and graphs.
ACTIVATION_BYTES = 1.5 * GIB


@dataclass(frozen=True)
class Accelerator:
    """One GPU: dense BF16 FLOP/s, bytes/s, bytes, and watts of the board."""

    flops: float
    bandwidth: float
    memory: float
    power_w: float


@dataclass(frozen=True)
class Model:
    """A transformer of ``parameters``, of which a token uses ``active``.

    ``context`` is the longest prompt plus output that it was made for, in tokens.
    """

    parameters: float
    active: float
    layers: int
    heads: int
    kv_heads: int
    head_size: int
    context: int

    @property
    def kv_bytes_per_token(self) -> int:
        """Of keys and values, all layers."""
        return 2 * self.layers * self.kv_heads * self.head_size * BYTES_PER_WEIGHT

    @property
    def flops_per_pair(self) -> float:
        """Of attention: a token's scores with one before it, and the sum of the values."""
        return 4.0 * self.layers * self.heads * self.head_size


ACCELERATORS = {
    "l4": Accelerator(121e12, 300e9, 24 * GIB, 72),
    "a10g": Accelerator(70e12, 600e9, 24 * GIB, 300),
    "rtx-4090": Accelerator(165.2e12, 1008e9, 24 * GIB, 450),
    "rtx-pro-6000": Accelerator(503.8e12, 1597e9, 96 * GIB, 600),
    "a100-40": Accelerator(312e12, 1555e9, 40 * GIB, 400),
    "a100-80": Accelerator(312e12, 2039e9, 80 * GIB, 400),
    "h100": Accelerator(989.4e12, 3350e9, 80 * GIB, 700),
    "h200": Accelerator(989.4e12, 4800e9, 141e9, 700),
    "mi300x": Accelerator(1307.4e12, 5300e9, 192 * GIB, 750),
}

MODELS = {
    "smollm2-135m": Model(0.135e9, 0.135e9, 30, 9, 3, 64, 8192),
    "llama-3.1-8b": Model(8.03e9, 8.03e9, 32, 32, 8, 128, 131072),
    "qwen3-8b": Model(8.19e9, 8.19e9, 36, 32, 8, 128, 40960),
    "qwen3-32b": Model(32.8e9, 32.8e9, 64, 64, 8, 128, 40960),
    "mixtral-8x7b": Model(46.7e9, 12.9e9, 32, 32, 8, 128, 32768),
    "llama-3.3-70b": Model(70.6e9, 70.6e9, 80, 64, 8, 128, 131072),
}

#: Of every model, the accelerators that it is estimated on, and how many of them serve it together.
_SERVED: dict[str, dict[str, int]] = {
    "smollm2-135m": {"l4": 1, "a10g": 1},
    "llama-3.1-8b": {
        "l4": 1, "a10g": 1, "a100-40": 1, "a100-80": 1, "h100": 1, "h200": 1, "mi300x": 1,
    },
    "qwen3-8b": {"l4": 1, "a10g": 1, "rtx-4090": 1, "a100-40": 1, "a100-80": 1, "h100": 1},
    "qwen3-32b": {"a100-80": 1, "h100": 1, "h200": 1, "mi300x": 1},
    "mixtral-8x7b": {"a100-80": 2, "h100": 2, "h200": 1, "mi300x": 1},
    "llama-3.3-70b": {"a100-80": 4, "h100": 4, "h200": 2, "mi300x": 1},
}  # fmt: skip


def estimates() -> Iterator[EngineProfile]:
    """An estimate for each of the usual pairs of a model and accelerators."""
    for model, places in _SERVED.items():
        for accelerator, gpus in places.items():
            yield estimate(model, accelerator, gpus)


def estimate(model: str, accelerator: str, gpus: int = 1) -> EngineProfile:
    """The profile of a model on ``gpus`` accelerators that share every layer (tensor parallel).

    In a mixture of experts every expert's weights are read in every step, as in a large batch.
    Prompts and batches go to vLLM's limits, or as far as the memory does.
    """
    one, net = ACCELERATORS[accelerator], MODELS[model]
    flops = COMPUTE_SHARE * one.flops * gpus
    bandwidth = BANDWIDTH_SHARE * one.bandwidth * gpus
    blocks = kv_blocks(model, accelerator, gpus)
    shared_s = 2 * net.layers * ALL_REDUCE_S if gpus > 1 else 0.0
    return EngineProfile(
        name=f"{model}@{gpus}x{accelerator}" if gpus > 1 else f"{model}@{accelerator}",
        block_size=BLOCK_SIZE,
        kv_blocks=blocks,
        max_num_seqs=MAX_NUM_SEQS,
        max_num_batched_tokens=MAX_NUM_BATCHED_TOKENS,
        max_model_len=min(net.context, (blocks - 1) * BLOCK_SIZE),
        step_s=STEP_OVERHEAD_S + net.parameters * BYTES_PER_WEIGHT / bandwidth + shared_s,
        prefill_s_per_token=2 * net.active / flops,
        decode_s_per_seq=REQUEST_OVERHEAD_S,
        context_s_per_token=net.kv_bytes_per_token / bandwidth,
        attention_s_per_pair=net.flops_per_pair / flops,
        gpus=gpus,
        power_w=one.power_w * gpus,
        source="estimate",
    )


def kv_blocks(model: str, accelerator: str, gpus: int = 1) -> int:
    """Blocks in what vLLM's share of the memory leaves beside weights and activations."""
    one, net = ACCELERATORS[accelerator], MODELS[model]
    free = gpus * (MEMORY_SHARE * one.memory - ACTIVATION_BYTES) - net.parameters * BYTES_PER_WEIGHT
    return floor(free / (net.kv_bytes_per_token * BLOCK_SIZE))
