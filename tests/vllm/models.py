"""Real engines in tests: their models, built by the scripts that users build them with."""

from __future__ import annotations

import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil

SCRIPTS = Path(__file__).resolve().parents[2] / "examples" / "models"


def build(name: str, folder: Path) -> Path:
    """Build ``name`` below ``folder``."""
    model = folder / name
    subprocess.run([sys.executable, SCRIPTS / f"{name}.py", model], check=True)
    return model


def on_cpu(model: Path, **changes: Any) -> dict[str, Any]:
    """A small engine for a machine without a GPU, as a scenario tells it."""
    usual = {
        "kind": "vllm",
        "model": str(model),
        "profile": "smollm2-135m@l4",
        "dtype": "float32",
        "load_format": "dummy" if model.name == "tiny_llama" else "auto",
        "block_size": 32,
        "kv_blocks": 128,
        "kv_cache_memory_bytes": 2**28,
        "max_model_len": 2048,
        "max_num_seqs": 8,
        "max_num_batched_tokens": 2048,
        "enforce_eager": True,
        "cpus": 0.5,
        "request_timeout_s": 60,
    }
    return usual | changes


def engine_processes(of: int | None = None) -> list[psutil.Process]:
    """The processes of all engines of this process, or of another one."""
    found = []
    for child in psutil.Process(of).children(recursive=True):
        with suppress(psutil.NoSuchProcess):  # it has ended meanwhile
            if child.name().startswith("VLLM"):
                found.append(child)
    return found
