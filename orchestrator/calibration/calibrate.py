"""One calibration: fit on half of the requests, replay all, and compare."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass

import numpy as np
import numpy.typing as npt

from agents.engine.profiles import profile_from
from market.errors import BadInput
from market.profiles import EngineProfile
from orchestrator.calibration.fit import COEFFICIENTS, Fit, every_second, fit
from orchestrator.calibration.measurements import Measurements
from orchestrator.calibration.replay import Spans, measured_spans, replay

Floats = npt.NDArray[np.float64]

SOURCE = "measured"


@dataclass(frozen=True)
class Figure:
    """One statistic of all requests, in seconds; errors are relative.

    Attributes:
        name: such as TTFT mean.
        measured_s: as it was measured.
        simulated_s: as it is replayed.
        error: of all requests.
        unseen_error: of those whose times the fit did not look at.
    """

    name: str
    measured_s: float
    simulated_s: float
    error: float
    unseen_error: float


@dataclass(frozen=True)
class Calibration:
    """A fit, with what was measured and what the fitted profile's replay gives."""

    fit: Fit
    measured: Spans
    simulated: Spans

    @property
    def profile(self) -> EngineProfile:
        """The fitted profile."""
        return self.fit.profile

    def figures(self) -> Iterator[Figure]:
        """Mean and quantiles of every span."""
        everyone = np.ones_like(self.fit.fitted)
        for label, spans in SPANS.items():
            for name, statistic in STATISTICS.items():
                values = [
                    statistic(getattr(source.of(which), spans))
                    for which in (everyone, ~self.fit.fitted)
                    for source in (self.measured, self.simulated)
                ]
                error, unseen_error = values[1] / values[0] - 1, values[3] / values[2] - 1
                yield Figure(f"{label} {name}", values[0], values[1], error, unseen_error)


#: What is compared, and by which statistics; requests of one token have no time of a further one.
SPANS = {"TTFT": "ttft_s", "TPOT": "tpot_s", "Latency": "latency_s"}
STATISTICS: dict[str, Callable[[Floats], float]] = {
    "mean": lambda values: float(np.nanmean(values)),
    "median": lambda values: float(np.nanmedian(values)),
    "P90": lambda values: float(np.nanquantile(values, 0.90)),
    "P99": lambda values: float(np.nanquantile(values, 0.99)),
}


def calibrate(
    measurements: Measurements, name: str, gpus: int = 1, power_w: float | None = None
) -> Calibration:
    """Fit the timing model on every second request, and replay all of them.

    Args:
        measurements: of one engine.
        name: of the profile.
        gpus: that the engine took.
        power_w: that they drew under load, where it is known.

    Raises:
        BadInput: names a limit that no profile can have, or a span that was hardly measured.
    """
    said = {"name": name, "gpus": gpus, "power_w": power_w, "source": SOURCE}
    unfitted = dict.fromkeys(COEFFICIENTS, 1.0)
    profile = profile_from(said | asdict(measurements.limits) | unfitted)
    known = every_second(measurements)
    measured = measured_spans(measurements)
    for half in (known, ~known):
        _check_spans(measured.of(half))
    found = fit(measurements, profile, known)
    return Calibration(found, measured, replay(measurements, found.profile))


def _check_spans(measured: Spans) -> None:
    """There must be something to fit to, and to compare with."""
    for label, name in SPANS.items():
        spans = getattr(measured, name)
        there = spans[~np.isnan(spans)]
        if not there.size or np.median(there) <= 0:
            got = "0 s" if there.size else "none"
            problem = f"expected a median above 0 s in either half of the requests, got {got}"
            raise BadInput(label, problem)
