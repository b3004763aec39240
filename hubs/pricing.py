"""From predictions and reports to the integers that are cleared (IEMAS, Eq. 1 and 6)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hubs.prediction import Forecast
from market.messages import Bid, ChatRequest, Valuation
from market.money import TOKENS_PER_MTOK, nano_usd_array
from market.profiles import ProviderProfile

Floats = npt.NDArray[np.float64]
Nano = npt.NDArray[np.int64]


@dataclass(frozen=True)
class ForecastErrors:
    """Standard errors of what was predicted, each (requests, providers)."""

    ttft_s: Floats
    quality: Floats
    charged_tokens: Floats


@dataclass(frozen=True)
class Priced:
    """The pairs of one clearing in nano-USD, each (requests, providers).

    Attributes:
        values: what an answer is worth by its client's report.
        costs: what the provider asks for it.
        top_costs: the same at the top of the public support of the provider's cost.
        errors: what caution was taken by; None where there is none.
    """

    values: Nano
    costs: Nano
    top_costs: Nano
    errors: ForecastErrors | None


class Pricing:
    """Prices pairs.

    With a ``confidence`` k > 0 bids and asks are aware of uncertainty (IEMAS, Fig. 2): quality is
    taken to be k standard errors lower than predicted, latency and the tokens charged k higher, so
    that what is maximised is a lower confidence bound of welfare. Values stay linear in what
    clients report and costs in what providers bid, so whoever takes the cautious predictions for
    its beliefs has no better report than the truth.

    Args:
        members: the hub's providers; columns follow their order.
        confidence: how many standard errors predictions are moved by.
    """

    def __init__(self, members: Sequence[ProviderProfile], confidence: float):
        self._input_ratio = np.array([member.input_ratio for member in members])
        self._hit_ratio = np.array([member.hit_ratio for member in members])
        self._confidence = confidence

    def price(
        self, requests: Sequence[ChatRequest], bids: Sequence[Bid], forecast: Forecast
    ) -> Priced:
        """Every pair of ``requests`` and the members who bid ``bids``."""
        reported = [request.reported for request in requests]
        charged, errors = self._charged_tokens(requests, forecast), None
        if self._confidence:
            errors = self._errors(forecast)
            charged += self._confidence * errors.charged_tokens
            values = cautious_values_usd(
                reported, forecast.quality, forecast.ttft_s, errors, self._confidence
            )
        else:
            values = predicted_values_usd(reported, forecast.quality, forecast.ttft_s)
        asked, top = (np.array(usd) for usd in zip(*((b.chat, b.high) for b in bids), strict=True))
        return Priced(
            nano_usd_array(values),
            nano_usd_array(asked * charged / TOKENS_PER_MTOK),
            nano_usd_array(top * charged / TOKENS_PER_MTOK),
            errors,
        )

    def _charged_tokens(self, requests: Sequence[ChatRequest], forecast: Forecast) -> Floats:
        """(requests, providers), output-token equivalents: Eq. (6) with prices (rho, eta, 1)."""
        prompt = np.array([request.prompt_tokens for request in requests])[:, None]
        charged: Floats = (
            forecast.output_tokens[:, None]
            + self._input_ratio * (prompt - forecast.cached_tokens)
            + self._hit_ratio * forecast.cached_tokens
        )
        return charged

    def _errors(self, forecast: Forecast) -> ForecastErrors:
        cached = (self._input_ratio - self._hit_ratio) * forecast.cached_error
        charged = np.hypot(forecast.output_error[:, None], cached)
        return ForecastErrors(forecast.ttft_error, forecast.quality_error, charged)


def predicted_values_usd(reported: Sequence[Valuation], quality: Floats, ttft_s: Floats) -> Floats:
    """(requests, providers), what an answer is predicted to be worth: Eq. (1)."""
    weight = np.array([one.quality_weight for one in reported])[:, None]
    for_quality = np.array([one.quality_usd for one in reported])[:, None]
    for_latency = np.array([one.latency_usd_per_s for one in reported])[:, None]
    values: Floats = weight * for_quality * quality - (1 - weight) * for_latency * ttft_s
    return values


def cautious_values_usd(
    reported: Sequence[Valuation],
    quality: Floats,
    ttft_s: Floats,
    errors: ForecastErrors,
    confidence: float,
) -> Floats:
    """The same with quality and latency ``confidence`` standard errors to the bad."""
    low = np.maximum(quality - confidence * errors.quality, 0.0)
    return predicted_values_usd(reported, low, ttft_s + confidence * errors.ttft_s)
