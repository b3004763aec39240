"""The fit: least squares between measured and simulated spans, over positive coefficients."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import least_squares

from market.profiles import EngineProfile
from orchestrator.calibration.measurements import Measurements
from orchestrator.calibration.replay import Spans, measured_spans, replay
from orchestrator.calibration.start import linear_guess

Floats = npt.NDArray[np.float64]
Chosen = npt.NDArray[np.bool_]

COEFFICIENTS = (
    "step_s",
    "prefill_s_per_token",
    "decode_s_per_seq",
    "context_s_per_token",
    "attention_s_per_pair",
)

#: A coefficient is looked for where all that it stands for takes between these multiples of the
#: time of a usual step; what takes less than ``NOTHING`` of one is set to 0.
LEAST, NOTHING, MOST = 1e-4, 1e-3, 1e2
#: Starts give every coefficient at least these parts: from 0 no search would find away.
STARTS = (0.02, 0.3)
#: The steps of differences, of a logarithm, one search after the other: replays are not smooth, and
#: wide steps look over the small valleys.
DIFFERENCES = (0.1, 0.05, 0.02)
MOST_STEPS = 8
#: A direction in the space of coefficients is not told if it weighs this little beside the best.
UNTOLD = 1e-6


@dataclass(frozen=True)
class Fit:
    """Coefficients and how well they are known.

    Attributes:
        profile: with the coefficients.
        fitted: (requests,), those whose times were looked at.
        deviation: of each coefficient, relative to it; infinite where the data do not tell it.
        correlation: (5, 5), of the coefficients' errors.
    """

    profile: EngineProfile
    fitted: Chosen
    deviation: Floats
    correlation: Floats


def every_second(measurements: Measurements) -> Chosen:
    """(requests,), every second one in the order of arrival, the first among them."""
    chosen: Chosen = np.arange(len(measurements.requests)) % 2 == 0
    return chosen


def fit(measurements: Measurements, profile: EngineProfile, known: Chosen) -> Fit:
    """The coefficients under which the replay is closest to what was measured.

    Squared differences of time to first token, time per further token and latency are summed over
    the ``known`` requests, each over its mean. Arrivals and lengths are those of all requests. The
    search is Levenberg's and Marquardt's over logarithms within bounds (Branch, Coleman and Li,
    1999, as in scipy), from two starts, the better of which is followed with finer differences.

    Args:
        measurements: what to come close to.
        profile: what the engine is; its coefficients are replaced.
        known: (requests,), whose times may be looked at.
    """
    unit = _units(measurements, known)
    residuals = _residuals(measurements, profile, known)
    guess = linear_guess(measurements, known)

    def search(start: Floats, difference: float) -> Any:
        return least_squares(
            residuals,
            start,
            jac=_differences(residuals, difference),
            bounds=(np.log(LEAST * unit), np.log(MOST * unit)),
            max_nfev=MOST_STEPS,
            xtol=1e-4,
            ftol=1e-5,
        )

    coarse, *finer = DIFFERENCES
    starts = (np.log(np.clip(guess, least * unit, 0.5 * MOST * unit)) for least in STARTS)
    found = min((search(start, coarse) for start in starts), key=lambda one: float(one.cost))
    for difference in finer:
        found = search(found.x, difference)
    values = np.exp(found.x)
    nothing = values < NOTHING * unit
    nothing[0] = False  # a step takes some time
    values[nothing] = 0.0
    deviation, correlation = _errors(found.jac, found.fun)
    return Fit(with_coefficients(profile, values), known, deviation, correlation)


def with_coefficients(profile: EngineProfile, values: Floats) -> EngineProfile:
    """A profile with other ``COEFFICIENTS``."""
    changes: dict[str, Any] = dict(zip(COEFFICIENTS, map(float, values), strict=True))
    return replace(profile, **changes)


def _units(measurements: Measurements, known: Chosen) -> Floats:
    """Each coefficient's value at which all that it stands for takes a usual step's time."""
    spans = measured_spans(measurements).of(known)
    step_s = float(np.nanmedian(spans.tpot_s))
    prompt, output = measurements.column("input_tokens"), measurements.column("output_tokens")
    length = measurements.column("last_s")[known].max()
    decoding = max(1.0, float(np.nansum(spans.tpot_s * output[known]) / length * 2))
    context = float(np.mean(prompt + output / 2))
    amounts = [1.0, prompt.mean(), decoding, decoding * context, np.mean(prompt**2) / 2]
    return step_s / np.array(amounts)


def _residuals(
    measurements: Measurements, profile: EngineProfile, known: Chosen
) -> Callable[[Floats], Floats]:
    measured = measured_spans(measurements).of(known)

    def residuals(logarithms: Floats) -> Floats:
        simulated = replay(measurements, with_coefficients(profile, np.exp(logarithms)))
        return _relative(simulated.of(known), measured)

    return residuals


def _relative(simulated: Spans, measured: Spans) -> Floats:
    parts = []
    for name in ("ttft_s", "tpot_s", "latency_s"):
        ours, theirs = getattr(simulated, name), getattr(measured, name)
        there = ~np.isnan(theirs)
        parts.append((ours - theirs)[there] / theirs[there].mean() / np.sqrt(there.sum()))
    return np.concatenate(parts)


def _differences(
    residuals: Callable[[Floats], Floats], difference: float
) -> Callable[[Floats], Floats]:
    def jacobian(logarithms: Floats) -> Floats:
        steps = difference * np.eye(len(logarithms))
        columns = [
            (residuals(logarithms + step) - residuals(logarithms - step)) / (2 * difference)
            for step in steps
        ]
        return np.column_stack(columns)

    return jacobian


def _errors(jacobian: Floats, residuals: Floats) -> tuple[Floats, Floats]:
    """Relative deviations and correlations, from the linear theory at the solution."""
    information = jacobian.T @ jacobian
    size = np.sqrt(np.maximum(np.diag(information), np.finfo(float).tiny))
    told, directions = np.linalg.eigh(information / np.outer(size, size))
    nowhere = told < UNTOLD * told.max()
    inverse = (directions[:, ~nowhere] / told[~nowhere]) @ directions[:, ~nowhere].T
    noise = residuals @ residuals / max(1, len(residuals) - len(size))
    spread = np.sqrt(np.diag(inverse))
    correlation = inverse / np.maximum(np.outer(spread, spread), np.finfo(float).tiny)
    deviation = np.sqrt(noise) * spread / size
    deviation[np.sum(directions[:, nowhere] ** 2, axis=1) > UNTOLD] = np.inf
    return deviation, correlation
