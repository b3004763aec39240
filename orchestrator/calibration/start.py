"""A first guess of the coefficients, without any simulation: non-negative linear least squares.

From its first token to its last, a request waits for a step for each further token, for the
requests and the context that are decoded beside it, and for the prompts that are computed
meanwhile. Averages over that span make one linear equation a request in the five coefficients.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.optimize import nnls

from orchestrator.calibration.measurements import Measurements

Floats = npt.NDArray[np.float64]

#: Moments at which it is looked who decodes.
MOMENTS = 2000


def linear_guess(measurements: Measurements, known: npt.NDArray[np.bool_]) -> Floats:
    """The five coefficients, in the order of ``COEFFICIENTS``; any may be 0.

    Args:
        measurements: all requests.
        known: (requests,), those whose times may be looked at. They stand for all: what is seen
            beside a request is scaled up.
    """
    first, last, prompt, output = (
        measurements.column(name)[known]
        for name in ("first_s", "last_s", "input_tokens", "output_tokens")
    )
    steps = output - 1
    decodes = last > first
    scale = len(known) / np.count_nonzero(known)
    moments = np.linspace(first.min(), last.max(), MOMENTS)
    span = np.where(decodes, last - first, 1.0)
    done = (moments[None, :] - first[:, None]) / span[:, None]
    active = (done >= 0) & (done <= 1) & decodes[:, None]
    context = np.where(active, prompt[:, None] + done * output[:, None], 0.0)
    beside = [scale * active.sum(axis=0), scale * context.sum(axis=0)]
    seen = np.maximum(active.sum(axis=1), 1)
    decoding, attended = ((active @ column) / seen for column in beside)
    computed = (first[None, :] > first[:, None]) & (first[None, :] <= last[:, None])
    tokens, pairs = (scale * (computed @ column) for column in (prompt, prompt**2 / 2))
    equations = np.column_stack([steps, tokens, steps * decoding, steps * attended, pairs])
    usable = decodes & (steps > 0) & (active.sum(axis=1) > 0)
    weighted = equations[usable] / span[usable, None]
    size = np.maximum(np.linalg.norm(weighted, axis=0), np.finfo(float).tiny)
    solution, _ = nnls(weighted / size, np.ones(np.count_nonzero(usable)))
    guess: Floats = solution / size
    return guess
