"""Turns played by a real vLLM engine that is stepped by hand: a program of its own.

``python stepped_vllm.py MODEL PLAY SERVED`` reads limits and sequences of turns (JSON) and writes
what came of them. It imports nothing of ours: vLLM on a CPU looks at every module of its process,
and fails at the start where numba is one of them.
"""

from __future__ import annotations

import heapq
import json
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

VOCABULARY = 32768

Record = dict[str, Any]


def write_tiny_llama(folder: Path) -> None:
    """The configuration of a Llama of two layers; its weights are made up as it is loaded."""
    config = {
        "architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": 64,
        "intermediate_size": 128, "num_hidden_layers": 2, "num_attention_heads": 2,
        "num_key_value_heads": 2, "head_dim": 32, "hidden_act": "silu", "rms_norm_eps": 1e-5,
        "rope_theta": 10000.0, "max_position_embeddings": 4096, "vocab_size": VOCABULARY,
        "tie_word_embeddings": True, "bos_token_id": 0, "eos_token_id": 2, "torch_dtype": "float32",
    }  # fmt: skip
    (folder / "config.json").write_text(json.dumps(config))


def real_engine(model: Path, limits: Record) -> Any:
    """A vLLM engine in this process, which computes nothing unless it is stepped."""
    from vllm.engine.arg_utils import EngineArgs
    from vllm.v1.engine.llm_engine import LLMEngine

    return LLMEngine.from_engine_args(
        EngineArgs(
            model=str(model),
            load_format="dummy",
            skip_tokenizer_init=True,
            dtype="float32",
            enforce_eager=True,
            enable_prefix_caching=True,
            block_size=limits["block_size"],
            num_gpu_blocks_override=limits["blocks"],
            kv_cache_memory_bytes=2**26,
            max_num_seqs=limits["max_num_seqs"],
            max_num_batched_tokens=limits["max_num_batched_tokens"],
            max_model_len=limits["max_model_len"],
        )
    )


def token_ids(spans: Sequence[tuple[int, int]], answers: dict[int, list[int]]) -> list[int]:
    """The tokens of a prompt: what was generated, or any that belong to the content."""
    tokens: list[int] = []
    for content, length in spans:
        known = answers.get(content)
        if known is None:
            known = np.random.default_rng(content).integers(3, VOCABULARY, 1024).tolist()
        tokens += known[:length]
    return tokens


class Arrivals:
    """The turns that have not arrived, by step; those of one step in the order of the list."""

    def __init__(self, turns: Sequence[Record]):
        self._turns = turns
        self._ahead = [(turn["step"], n) for n, turn in enumerate(turns) if not turn["after"]]
        heapq.heapify(self._ahead)

    @property
    def next_step(self) -> int:
        """When the next turn comes that is known to come."""
        return self._ahead[0][0]

    def due(self, step: int) -> Iterator[Record]:
        """Those that have come by ``step``."""
        while self._ahead and self._ahead[0][0] <= step:
            _, number = heapq.heappop(self._ahead)
            yield self._turns[number]

    def finished(self, name: str, step: int) -> None:
        """Turns that wait for ``name`` come their steps later."""
        for number, turn in enumerate(self._turns):
            if turn["after"] == name:
                heapq.heappush(self._ahead, (step + turn["step"], number))


def submit(engine: Any, turn: Record, answers: dict[int, list[int]]) -> None:
    """One request, which generates as many tokens as it is told, drawn at random."""
    from vllm import SamplingParams

    parameters = SamplingParams(
        max_tokens=turn["output_tokens"], min_tokens=turn["output_tokens"], ignore_eos=True,
        temperature=1.0, detokenize=False,
    )  # fmt: skip
    prompt = {"prompt_token_ids": token_ids(turn["prompt"], answers)}
    engine.add_request(turn["name"], prompt, parameters)


def play(engine: Any, turns: Sequence[Record]) -> dict[str, Record]:
    """What came of the turns on an engine whose prefix cache is emptied; in order of arrival."""
    if not engine.reset_prefix_cache():
        raise RuntimeError("blocks are still held after the last sequence")
    ahead, by_name = Arrivals(turns), {turn["name"]: turn for turn in turns}
    answers: dict[int, list[int]] = {}
    served: dict[str, Record] = {}
    step = done = 0
    while done < len(turns):
        if not engine.has_unfinished_requests():
            step = max(step, ahead.next_step)
        for turn in ahead.due(step):
            served[turn["name"]] = {"arrived": step}
            submit(engine, turn, answers)
        step += 1
        for output in engine.step():
            one = served[output.request_id]
            one.setdefault("first_token", step)
            if output.finished:
                turn = by_name[output.request_id]
                answers[turn["answer"]] = list(output.outputs[0].token_ids)
                one |= {"cached_tokens": output.num_cached_tokens, "finished": step}
                ahead.finished(output.request_id, step)
                done += 1
    return served


def main(model: Path, told: Path, out: Path) -> None:
    """Play all sequences of the file on one engine, or on its scheduler alone."""
    write_tiny_llama(model)
    task = json.loads(told.read_text())
    if task["computes"]:
        engine = real_engine(model, task["limits"])
    else:
        from scheduler_alone import SchedulerAlone

        engine = SchedulerAlone(model, task["limits"])
    out.write_text(json.dumps([play(engine, turns) for turns in task["sequences"]]))


if __name__ == "__main__":
    os.environ |= {
        "VLLM_ENABLE_V1_MULTIPROCESSING": "0",
        "VLLM_CPU_OMP_THREADS_BIND": "nobind",
        "OMP_NUM_THREADS": "1",
    }
    main(*map(Path, sys.argv[1:]))
