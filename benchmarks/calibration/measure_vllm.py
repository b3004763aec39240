"""Measures a vLLM engine: writes what ``walras calibrate`` reads.

Runs where vLLM is installed, and needs nothing else of this repository:

    python benchmarks/calibration/measure_vllm.py MODEL DIR --requests 80 --rate 0.7 \
        --engine '{"max_num_seqs": 16, "max_num_batched_tokens": 512}'

Prompts are random tokens that share nothing, arrivals are a Poisson process, and answers have the
lengths that they are asked for. Arrivals, lengths and tokens depend on the seed alone. A few
requests warm the engine up before.
"""

from __future__ import annotations

import argparse
import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from vllm import SamplingParams
from vllm.engine.arg_utils import AsyncEngineArgs
from vllm.sampling_params import RequestOutputKind
from vllm.v1.engine.async_llm import AsyncLLM

WARM_UP = 3
#: The deviation of the logarithm of a length, and the least length.
SPREAD, SHORTEST = 0.7, 8
TIMES = ("arrival_time", "queued_ts", "scheduled_ts", "first_token_ts", "last_token_ts")


@dataclass(frozen=True)
class Planned:
    """One request: when to send it, its prompt, and the length of its answer."""

    name: str
    after_s: float
    prompt: list[int]
    output_tokens: int


def plan(options: argparse.Namespace, vocabulary: int, longest: int) -> list[Planned]:
    """The requests of a run; lengths are log-normal about the medians, ``longest`` at most."""
    rng = np.random.default_rng(options.seed)
    after_s = np.cumsum(rng.exponential(1 / options.rate, options.requests))
    planned = []
    for number, moment in enumerate(after_s):
        prompt, answer = (
            int(min(longest / 2, max(SHORTEST, median * np.exp(SPREAD * rng.standard_normal()))))
            for median in (options.prompt_tokens, options.output_tokens)
        )
        tokens = rng.integers(100, vocabulary - 100, prompt).tolist()
        planned.append(Planned(f"r{number}", float(moment), tokens, answer))
    return planned


async def serve(engine: AsyncLLM, request: Planned) -> dict[str, Any]:
    """Ask one request at its time; a line of the measurements."""
    await asyncio.sleep(request.after_s)
    length = request.output_tokens
    params = SamplingParams(
        temperature=0.0,
        min_tokens=length,
        max_tokens=length,
        ignore_eos=True,
        detokenize=False,
        output_kind=RequestOutputKind.FINAL_ONLY,
    )
    prompt = {"prompt_token_ids": request.prompt}
    async for output in engine.generate(prompt, params, request.name):
        last = output
    times = {name: getattr(last.metrics, name) for name in TIMES}
    lengths = {"input_toks": len(request.prompt), "output_toks": len(last.outputs[0].token_ids)}
    return {"request_id": request.name, **lengths, **times}


async def measure(options: argparse.Namespace) -> None:
    """Start the engine, warm it up, send the requests, and write the two files."""
    kwargs = {"model": options.model, **json.loads(options.engine)}
    engine = AsyncLLM.from_engine_args(AsyncEngineArgs(**kwargs))
    try:
        config = engine.vllm_config
        vocabulary = config.model_config.get_vocab_size()
        requests = plan(options, vocabulary, config.model_config.max_model_len)
        for number, request in enumerate(requests[:WARM_UP]):
            await serve(engine, Planned(f"warm-{number}", 0.0, request.prompt, SHORTEST))
        await engine.reset_prefix_cache()
        rows = await asyncio.gather(*(serve(engine, request) for request in requests))
    finally:
        engine.shutdown()
    write(options.directory, config, rows)


def write(directory: Path, config: Any, rows: Sequence[dict[str, Any]]) -> None:
    """The measurements, and what the engine was."""
    directory.mkdir(parents=True, exist_ok=True)
    lines = "".join(json.dumps(row) + "\n" for row in rows)
    (directory / "requests.jsonl").write_text(lines, encoding="utf-8")
    cache, scheduler = config.cache_config, config.scheduler_config
    meta = {
        "model": config.model_config.served_model_name,
        "engine_kwargs": {
            "max_num_seqs": scheduler.max_num_seqs,
            "max_num_batched_tokens": scheduler.max_num_batched_tokens,
            "max_model_len": config.model_config.max_model_len,
            "tensor_parallel_size": config.parallel_config.tensor_parallel_size,
        },
        "kv_cache": {"num_gpu_blocks": cache.num_gpu_blocks, "block_size": cache.block_size},
    }
    (directory / "meta.json").write_text(json.dumps(meta, indent=2) + "\n", encoding="utf-8")


def main() -> None:
    """Read the options and measure."""
    parser = argparse.ArgumentParser(description="Measure a vLLM engine for walras calibrate.")
    parser.add_argument("model", help="a name or a folder, as vLLM takes it")
    parser.add_argument("directory", type=Path, help="where the files go")
    parser.add_argument("--requests", type=int, default=80)
    parser.add_argument("--rate", type=float, default=1.0, help="arrivals a second")
    parser.add_argument("--prompt-tokens", type=float, default=200, help="median")
    parser.add_argument("--output-tokens", type=float, default=40, help="median")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--engine", default="{}", help="JSON of vLLM's engine arguments")
    asyncio.run(measure(parser.parse_args()))


if __name__ == "__main__":
    main()
