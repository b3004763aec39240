"""How hubs predict, as a scenario states it."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from hubs.validated import Params


class PredictorParams(Params):
    """How hubs predict.

    ``kind`` is the predictor, ``features`` those of the trees: ``eq5`` has all of Eq. (5),
    ``reduced`` leaves out B_i and u_i, see ``hubs.prediction.features``. ``confidence`` is how many
    standard errors predictions are moved by to the bad, see ``hubs.pricing``; at 0 none are
    computed.

    ``split_delta`` and ``split_tau`` are the Hoeffding bound's error and its tie threshold, more
    eager than river's defaults because a provider sees few labels. ``grace_period`` labels pass
    between two attempts to split a leaf.

    What is publicly known counts, in every leaf, for ``prior_labels`` labels of latency and of the
    cache, and for ``prior_grades`` of quality: a grade is right or wrong and says little, a score
    sums up many. ``output_tokens`` is the length of answers until the first is learned. Lengths
    are learned in the order of awards, until ``most_held`` of them wait for one that does not
    come. ``wait_cap`` bounds the labels of the latency trees, see ``hubs.prediction.trees``.
    """

    kind: Literal["trees", "analytic", "mean", "last_value"] = "trees"
    features: Literal["reduced", "eq5"] = "reduced"
    confidence: float = Field(0.0, ge=0, le=1000)
    grace_period: int = Field(50, ge=10, le=10**9)
    max_depth: int = Field(8, ge=1, le=100)
    split_delta: float = Field(0.01, gt=0, lt=1)
    split_tau: float = Field(0.1, gt=0, lt=1)
    prior_labels: float = Field(5.0, ge=0, le=1e9)
    prior_grades: float = Field(200.0, ge=0, le=1e9)
    output_tokens: float = Field(150.0, ge=1, le=1e9)
    wait_cap: float = Field(50.0, gt=1, le=1e9)
    most_held: int = Field(500, ge=0, le=10**9)
