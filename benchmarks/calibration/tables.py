"""The tables of docs/calibration.md."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from agents.engine.profiles import ENGINE_PROFILES
from agents.engine.roofline import estimate
from benchmarks.calibration.published import Published
from benchmarks.calibration.runs import Run
from benchmarks.markdown import table
from market.profiles import EngineProfile
from orchestrator.calibration import Calibration
from orchestrator.calibration.fit import COEFFICIENTS
from orchestrator.calibration.report import untold

MINUS = "\N{MINUS SIGN}"
#: Of each coefficient: what tables call it, its unit, and how many of these a second is.
UNITS = {
    "step_s": ("step", "ms", 1e3),
    "prefill_s_per_token": ("prompt token", "µs", 1e6),
    "decode_s_per_seq": ("decoding request", "µs", 1e6),
    "context_s_per_token": ("token of context", "ns", 1e9),
    "attention_s_per_pair": ("pair of tokens", "ns", 1e9),
}


def errors(run: Run, found: Calibration, published: Mapping[str, Published]) -> str:
    """Measured, replayed, and the errors: all, unseen half, another simulator's."""
    rows = []
    for figure in found.figures():
        other = published.get(figure.name)
        rows.append(
            (
                figure.name,
                f"{1e3 * figure.measured_s:.1f}",
                f"{1e3 * figure.simulated_s:.1f}",
                _per_cent(figure.error),
                _per_cent(figure.unseen_error),
                "" if other is None else _per_cent(other.error),
            )
        )
    head = ("", "measured, ms", "replayed, ms", "error", "on the unseen half", "other simulator")
    return f"**{run.title}** ({len(found.measured.ttft_s)} requests)\n\n{table(head, rows)}"


def coefficients(found: Mapping[Run, Calibration]) -> str:
    """Fitted values, their relative deviations, and the roofline's beside them."""
    head = ("", *(f"{run.title}" for run in found))
    rows = []
    for index, name in enumerate(COEFFICIENTS):
        label, unit, scale = UNITS[name]
        cells = [
            _coefficient(run, one, name, scale, float(one.fit.deviation[index]))
            for run, one in found.items()
        ]
        rows.append((f"{label}, {unit}", *cells))
    return table(head, rows)


def _coefficient(run: Run, found: Calibration, name: str, scale: float, deviation: float) -> str:
    value = getattr(found.profile, name)
    text = f"{scale * value:.3g} ± {deviation:.0%}" if value else "0"
    if run.accelerator is None:
        return text
    return f"{text} (roofline {scale * getattr(_roofline(run), name):.3g})"


def identified(found: Mapping[Run, Calibration]) -> str:
    """What the measurements do not tell."""
    lines = [
        f"- {run.title}: {'; '.join(untold(one.fit)) or 'all five are told'}."
        for run, one in found.items()
    ]
    return "\n".join(lines)


def roofline(found: Mapping[Run, Calibration], cases: Sequence[tuple[str, int, int]]) -> str:
    """How far the estimates are off, for steps of these (name, decoding requests, prompt tokens).

    Every request that decodes has a context of 1,000 tokens.
    """
    rows: list[tuple[object, ...]] = []
    for run, one in found.items():
        if run.accelerator is None:
            continue
        guess = _roofline(run)
        if "kv_blocks" not in run.limits:
            ours, theirs = one.profile.kv_blocks, guess.kv_blocks
            rows.append((run.title, "KV blocks", ours, theirs, _per_cent(theirs / ours - 1)))
        for name, decoding, prompt in cases:
            fit_ms, guess_ms = (_step_ms(each, decoding, prompt) for each in (one.profile, guess))
            off = _per_cent(guess_ms / fit_ms - 1)
            rows.append((run.title, name, f"{fit_ms:.1f} ms", f"{guess_ms:.1f} ms", off))
    return table(("", "", "fitted", "estimated", "error"), rows, words=2)


def _roofline(run: Run) -> EngineProfile:
    return estimate(run.model, run.accelerator or "")


def _step_ms(profile: EngineProfile, decoding: int, prompt: int) -> float:
    pairs = prompt * (prompt + 1) / 2
    return 1e3 * profile.step_time_s(prompt, pairs, decoding, 1000.0 * decoding)


def shipped(found: Mapping[Run, Calibration]) -> str:
    """Every profile that a scenario can name, the fitted ones as they come out."""
    profiles = {run.profile: one.profile for run, one in found.items()} | ENGINE_PROFILES
    profiles |= {run.profile: one.profile for run, one in found.items()}
    rows = [
        (
            f"`{profile.name}`",
            profile.source,
            *(f"{scale * getattr(profile, name):.3g}" for name, (_, _, scale) in UNITS.items()),
            f"{profile.kv_blocks:,} of {profile.block_size}",
            profile.max_num_seqs,
            "" if profile.power_w is None else f"{profile.power_w:,.0f}",
        )
        for profile in profiles.values()
    ]
    units = (f"{label}, {unit}" for label, unit, _ in UNITS.values())
    return table(("profile", "source", *units, "KV blocks", "requests", "W"), rows, words=2)


def _per_cent(share: float) -> str:
    return f"{round(100 * share, 1) + 0.0:+.1f} %".replace("-", MINUS)
