"""Measurements that the simulated engine makes itself, as files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from agents.engine import Job, SimulatedEngine
from market import seeding
from market.messages import CHAT
from market.profiles import EngineProfile
from market.prompt import Span

#: Every coefficient weighs, and not everything fits at once.
TRUTH = EngineProfile(
    "truth", block_size=16, kv_blocks=2000, max_num_seqs=12, max_num_batched_tokens=512,
    max_model_len=4096, step_s=0.02, prefill_s_per_token=2e-4, decode_s_per_seq=1.5e-3,
    context_s_per_token=2e-6, attention_s_per_pair=1e-7,
)  # fmt: skip
#: How far apart the clocks of arrivals and of the engine are.
APART_S = 1.7e9


def rows(profile: EngineProfile = TRUTH, requests: int = 100) -> list[dict[str, Any]]:
    """What an engine of this profile would report of random requests."""
    rng = seeding.stream(1, "calibration")
    arrival = np.cumsum(rng.exponential(0.25, requests))
    engine = SimulatedEngine("truth", profile)
    jobs = []
    for number, moment in enumerate(arrival):
        prompt, output = int(rng.integers(20, 1500)), int(rng.integers(1, 60))
        span = (Span(2 * number, prompt),)
        jobs.append(Job(f"r{number}", CHAT, span, output, 2 * number + 1, float(moment)))
        engine.submit(jobs[-1])
    done = {one.request: one for one in engine.advance(1e9)}
    return [
        {
            "request_id": job.request,
            "input_toks": done[job.request].prompt_tokens,
            "output_toks": job.output_tokens,
            "arrival_time": APART_S + job.submitted_s,
            "queued_ts": job.submitted_s,
            "scheduled_ts": job.submitted_s,
            "first_token_ts": done[job.request].first_token_s,
            "last_token_ts": done[job.request].finish_s,
        }
        for job in jobs
    ]


def meta(profile: EngineProfile = TRUTH) -> dict[str, Any]:
    """The ``meta.json`` of an engine of this profile."""
    return {
        "model": "truth",
        "engine_kwargs": {
            "max_num_seqs": profile.max_num_seqs,
            "max_num_batched_tokens": profile.max_num_batched_tokens,
            "max_model_len": profile.max_model_len,
        },
        "kv_cache": {"num_gpu_blocks": profile.kv_blocks, "block_size": profile.block_size},
    }


def write(folder: Path, lines: list[dict[str, Any]], said: object) -> Path:
    """The files of a run; returns that of the measurements."""
    (folder / "meta.json").write_text(json.dumps(said), encoding="utf-8")
    path = folder / "requests.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return path
