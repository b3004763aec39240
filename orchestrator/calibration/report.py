"""A calibration in words and figures."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from orchestrator.calibration.calibrate import Calibration
from orchestrator.calibration.fit import COEFFICIENTS, Fit

#: A coefficient of a relative deviation above it is not told by the data; two of more than
#: ``LOOSE``, whose errors are correlated above it, are told only together.
UNTOLD, LOOSE, TOGETHER = 0.5, 0.05, 0.9


def report_lines(calibration: Calibration) -> Iterator[str]:
    """Errors, coefficients, and what the data do not tell."""
    yield f"{'':16s}{'measured':>14s}{'simulated':>14s}{'error':>9s}{'on the other half':>19s}"
    for figure in calibration.figures():
        yield (
            f"{figure.name:16s}{1e3 * figure.measured_s:11.1f} ms{1e3 * figure.simulated_s:11.1f} "
            f"ms{figure.error:+9.2%}{figure.unseen_error:+19.2%}"
        )
    yield ""
    for name, deviation in zip(COEFFICIENTS, calibration.fit.deviation, strict=True):
        yield f"{name:22s}{getattr(calibration.profile, name):12.4g}  ± {deviation:.1%}"
    yield from untold(calibration.fit)


def untold(fit: Fit) -> Iterator[str]:
    """Which coefficients the data do not tell, or tell only together."""
    for name, deviation in zip(COEFFICIENTS, fit.deviation, strict=True):
        if getattr(fit.profile, name) == 0.0:
            yield f"{name} cannot be told from 0"
        elif deviation > UNTOLD:
            yield f"{name} is not told"
    for row, column in zip(*np.triu_indices(len(COEFFICIENTS), 1), strict=True):
        correlation = fit.correlation[row, column]
        loose = LOOSE < min(fit.deviation[row], fit.deviation[column]) < np.inf
        if loose and abs(correlation) > TOGETHER:
            yield (
                f"{COEFFICIENTS[row]} and {COEFFICIENTS[column]} are told only together "
                f"(correlation {correlation:.2f})"
            )
