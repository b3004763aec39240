from collections.abc import Sequence

import numpy as np
import pytest

from hubs.prediction import Forecast
from hubs.pricing import Priced, Pricing
from market.matching import clear
from market.messages import Bid, Valuation
from tests.hubs.builders import provider, request

#: The second charges more for what is cached than for what is not.
MEMBERS = [
    provider("p", input_ratio=0.5, hit_ratio=0.1),
    provider("q", input_ratio=0.2, hit_ratio=0.6),
]
WORTH = Valuation(quality_weight=0.8, quality_usd=1.0, latency_usd_per_s=0.01)


def forecast(rng: np.random.Generator, requests: int) -> Forecast:
    shape = (requests, len(MEMBERS))
    return Forecast(
        matched_tokens=np.zeros(shape, dtype=np.int64),
        output_tokens=rng.uniform(1, 500, requests),
        cached_tokens=rng.uniform(0, 50, shape),
        ttft_s=rng.uniform(0.01, 3, shape),
        quality=rng.random(shape),
        output_error=rng.uniform(0, 100, requests),
        cached_error=rng.uniform(0, 20, shape),
        ttft_error=rng.uniform(0, 1, shape),
        quality_error=rng.uniform(0, 0.4, shape),
        features=np.empty((*shape, 0)),
    )


def priced(
    predicted: Forecast,
    confidence: float,
    worth: Sequence[Valuation],
    bids: Sequence[float] = (1.0, 2.0),
) -> Priced:
    """Requests of 100 tokens at providers whose cost is below 3."""
    asked = [request(f"d-{number}.1", reported=one) for number, one in enumerate(worth)]
    offered = [
        Bid(member.provider, bid, bid, 0.1, 3.0) for member, bid in zip(MEMBERS, bids, strict=True)
    ]
    return Pricing(MEMBERS, confidence).price(asked, offered, predicted)


def test_a_pair_is_priced_by_equations_1_and_6():
    predicted = forecast(np.random.default_rng(1), 1)
    pair = priced(predicted, 0.0, [WORTH])
    output, cached = predicted.output_tokens[0], predicted.cached_tokens[0]
    charged = output + np.array([0.5, 0.2]) * (100 - cached) + np.array([0.1, 0.6]) * cached
    assert pair.costs[0] == pytest.approx(np.array([1.0, 2.0]) * charged * 1000, abs=1)
    assert pair.top_costs[0] == pytest.approx(3.0 * charged * 1000, abs=1)
    worth = 0.8 * predicted.quality[0] - 0.2 * 0.01 * predicted.ttft_s[0]
    assert pair.values[0] == pytest.approx(worth * 1e9, abs=1)
    assert pair.errors is None


def test_the_error_of_the_tokens_charged_is_that_of_the_output_and_of_the_cache():
    predicted = forecast(np.random.default_rng(2), 3)
    errors = priced(predicted, 1.0, [WORTH] * 3).errors
    assert errors is not None
    spared = np.array([0.5 - 0.1, 0.2 - 0.6]) * predicted.cached_error
    expected = np.sqrt(predicted.output_error[:, None] ** 2 + spared**2)
    assert errors.charged_tokens == pytest.approx(expected)
    assert errors.ttft_s.tolist() == predicted.ttft_error.tolist()
    assert errors.quality.tolist() == predicted.quality_error.tolist()


def test_however_cautious_no_answer_is_worse_than_wrong():
    predicted = forecast(np.random.default_rng(3), 2)
    for_quality_alone = Valuation(1.0, 1.0, 0.0)
    assert not priced(predicted, 1e6, [for_quality_alone] * 2).values.any()


@pytest.mark.parametrize("confidence", [0.0, 2.0])
def test_nobody_gains_by_a_lie_who_believes_what_the_hub_reckons_with(confidence: float):
    for seed in range(300):
        rng = np.random.default_rng(seed)
        predicted = forecast(rng, 5)
        clients, slots = rng.choice(["a", "b"], 5).tolist(), rng.integers(0, 3, 2)
        worth, bids = [drawn(rng) for _ in clients], rng.uniform(0.1, 3.0, 2)
        truth = priced(predicted, confidence, worth, bids.tolist())
        own = [row for row, client in enumerate(clients) if client == "a"]
        lies = [drawn(rng) if row in own else one for row, one in enumerate(worth)]
        dear = [float(bids[0] * rng.uniform(0.2, 3.0)), float(bids[1])]

        honest, lied, asked = (
            utilities(truth, reports, clients, slots)
            for reports in (
                truth,
                priced(predicted, confidence, lies, bids.tolist()),
                priced(predicted, confidence, worth, dear),
            )
        )
        assert lied[0] <= honest[0]
        assert asked[1] <= honest[1]


def utilities(
    truth: Priced, reports: Priced, clients: list[str], slots: np.ndarray
) -> tuple[int, int]:
    """What client a and the first provider have of the reports in truth, nano-USD."""
    allowed = np.ones(reports.values.shape, dtype=bool)
    found = clear(reports.values, reports.costs, allowed, slots, clients, payments="two_sided")
    won = [row for row, one in enumerate(clients) if one == "a" and found.match[row] >= 0]
    of_client = truth.values[won, found.match[won]].sum() - found.payments[won].sum()
    jobs = np.flatnonzero(found.match == 0)
    of_provider = found.provider_receives[jobs].sum() - truth.costs[jobs, 0].sum()
    return int(of_client), int(of_provider)


def drawn(rng: np.random.Generator) -> Valuation:
    return Valuation(rng.random(), rng.uniform(0, 0.002), rng.uniform(0, 1e-4))
