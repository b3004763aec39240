"""The providers of the markets that benchmarks make."""

from __future__ import annotations

from typing import Any

#: Models of 8, 32 and 70 billion parameters; each keeps a small part of its cache for the market.
ENGINES: dict[str, dict[str, Any]] = {
    "small": {"profile": "llama-3.1-8b@h100", "kv_blocks": 4096, "max_num_seqs": 32},
    "medium": {"profile": "qwen3-32b@h200", "kv_blocks": 3072, "max_num_seqs": 24},
    "large": {"profile": "llama-3.3-70b@4xh100", "kv_blocks": 2048, "max_num_seqs": 16},
}


def group(
    name: str, tier: int, base_usd_per_mtok: float, count: int, **keys: Any
) -> dict[str, Any]:
    """A group as a scenario states it; bases are drawn from half to three halves of the one given.

    ``keys`` are more of the group's.
    """
    base = {"uniform": [base_usd_per_mtok / 2, base_usd_per_mtok * 3 / 2]}
    return {"name": name, "tier": tier, "count": count, "cost": {"base": base}, **keys}
