"""The last label: the usual baseline of online forecasting, which follows whatever drifts."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from hubs.prediction.mean import RunningMean
from hubs.prediction.running_mean import RunningMeans

Floats = npt.NDArray[np.float64]


class LastValue(RunningMean):
    """What a provider's last answer showed; the length of the hub's last. Errors are the mean's."""

    def _taken(self, labels: RunningMeans) -> Floats:
        return labels.last
