import numpy as np
import pytest

from hubs.prediction import Load
from hubs.prediction.features import PairFeatures
from market.prompt import Span
from tests.hubs.builders import DOMAINS, provider, request

MEMBERS = [provider("p", chat_slots=4), provider("q", chat_slots=2)]
REQUESTS = [request("a.1", (Span(1, 400),)), request("b.3", (Span(2, 100),), turn=3)]
LOAD = Load(3, 5, np.array([2, 0]), np.array([1, 4]))
MATCHES = np.array([[100, 0], [0, 50]])


def table(*, with_capacity: bool) -> tuple[tuple[str, ...], np.ndarray]:
    features = PairFeatures(MEMBERS, DOMAINS, with_capacity=with_capacity)
    return features.names, features.of(REQUESTS, ("law", "code"), MATCHES, LOAD)


def test_features_tell_requests_loads_and_affinities_apart():
    names, of_pairs = table(with_capacity=False)
    assert of_pairs.shape == (2, 2, len(names))
    assert dict(zip(names, of_pairs[0, 0], strict=True)) == pytest.approx(
        {
            "log_prompt": np.log1p(400),
            "log_turn": np.log1p(1),
            "domain=law": 1.0,
            "log_hub_inflight": np.log1p(3),
            "log_hub_rate": np.log1p(5),
            "affinity": 0.25,
            "log_inflight": np.log1p(2),
            "log_rate": np.log1p(1),
        }
    )
    last = dict(zip(names, of_pairs[1, 1], strict=True))
    assert (last["log_turn"], last["domain=law"], last["affinity"]) == (np.log1p(3), 0.0, 0.5)
    assert (last["log_inflight"], last["log_rate"]) == (0.0, np.log1p(4))


def test_all_of_equation_5_has_the_capacity_and_the_utilisation_too():
    fewer, without = table(with_capacity=False)
    names, of_pairs = table(with_capacity=True)
    assert names == (*fewer, "log_slots", "utilisation")
    assert of_pairs[:, :, :-2].tolist() == without.tolist()
    assert of_pairs[0, :, -2:] == pytest.approx(np.array([[np.log1p(4), 0.5], [np.log1p(2), 0.0]]))


def test_what_a_request_has_anywhere_comes_first():
    features = PairFeatures(MEMBERS, DOMAINS, with_capacity=True)
    assert features.names[: len(features.of_request)] == features.of_request
    _, of_pairs = table(with_capacity=True)
    at_one, at_other = of_pairs[:, 0], of_pairs[:, 1]
    width = len(features.of_request)
    assert at_one[:, :width].tolist() == at_other[:, :width].tolist()
