"""Online prediction of quality, latency and cost; one more predictor is one file more."""

from collections.abc import Callable, Sequence

from hubs.prediction.analytic import Analytic
from hubs.prediction.last_value import LastValue
from hubs.prediction.mean import RunningMean
from hubs.prediction.params import PredictorParams
from hubs.prediction.prequential import Prequential, PrequentialErrors
from hubs.prediction.role import Forecast, Length, Load, Outcome, Predictor
from hubs.prediction.trees import HubTrees
from market.profiles import ProviderProfile

#: Every predictor by the name that a scenario gives it.
PREDICTORS: dict[
    str, Callable[[Sequence[ProviderProfile], Sequence[str], PredictorParams], Predictor]
] = {
    "trees": HubTrees,
    "analytic": Analytic,
    "mean": RunningMean,
    "last_value": LastValue,
}

__all__ = [
    "PREDICTORS",
    "Forecast",
    "Length",
    "Load",
    "Outcome",
    "Predictor",
    "PredictorParams",
    "Prequential",
    "PrequentialErrors",
]
