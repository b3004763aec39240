"""How far predictions were off: the sums are those of awards and what came of them."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from hubs.prediction.prequential import PrequentialErrors
from orchestrator.verify.findings import Findings
from orchestrator.verify.trial_log import TrialLog

#: Sums of a few floats that are added up in another order.
_ROUNDING = 1e-12

_COLUMNS = tuple(field.name for field in fields(PrequentialErrors) if field.name != "provider")


def errors_of_predictions_add_up(log: TrialLog, found: Findings) -> None:
    """By round, hub and provider; a hub that lost its memory judges nothing from before."""
    expected: dict[tuple[int, str, str], dict[str, float]] = {}
    for done in log.of_kind("completions", "chat"):
        award = log.chat_awards[done["request"]]
        if done["error"] is None and not log.forgot(award["hub"], award["round"], done["round"]):
            key = done["round"], award["hub"], done["provider"]
            sums = expected.setdefault(key, dict.fromkeys(_COLUMNS, 0))
            for column, amount in _judged(log, award, done).items():
                sums[column] += amount
    for row in log.tables["prequential"]:
        sums = expected.pop((row["round"], row["hub"], row["provider"]), {})
        if not sums:
            found.add("prequential", row, "", "the row", "none, as no label came")
            continue
        for column in _COLUMNS:
            found.expect("prequential", row, column, sums[column], near=_ROUNDING)
    for (round_, hub, provider), sums in expected.items():
        at = {"round": round_, "hub": hub, "provider": provider}
        found.add("prequential", at, "", "no row", f"one of {sums['labels']} labels")


def _judged(log: TrialLog, award: dict[str, Any], done: dict[str, Any]) -> dict[str, float]:
    """What one answer adds to the sums."""
    own, cached, quality = log.providers[done["provider"]], done["cached_tokens"], done["quality"]
    prompt, output = done["prompt_tokens"], done["output_tokens"]

    def charged(cached_tokens: float, output_tokens: float) -> float:
        missed = own["input_ratio"] * (prompt - cached_tokens)
        return float(output_tokens + missed + own["hit_ratio"] * cached_tokens)

    ttft_s, expected_output = award["expected_ttft_s"], award["expected_output_tokens"]
    sums: dict[str, float] = {
        "labels": 1,
        "ttft_abs_error_s": abs(done["ttft_s"] - ttft_s),
        "ttft_s": done["ttft_s"],
        "output_abs_error_tokens": abs(output - expected_output),
        "output_tokens": float(output),
    }
    if cached is not None:
        cost, expected_cached = charged(cached, output), award["expected_cached_tokens"]
        sums |= {
            "reported": 1,
            "cached_abs_error_tokens": abs(cached - expected_cached),
            "cached_tokens": float(cached),
            "cost_abs_error_tokens": abs(cost - charged(expected_cached, expected_output)),
            "cost_tokens": cost,
        }
    if quality is not None:
        error = abs(quality - award["expected_quality"])
        sums |= {
            "graded": 1,
            "quality_abs_error": error,
            "quality_squared_error": error**2,
            "quality": quality,
        }
    return sums
