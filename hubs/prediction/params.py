"""How hubs predict, as a scenario states it."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from hubs.validated import Params


class PredictorParams(Params):
    """How hubs predict.

    What is publicly known counts, in every leaf, for as many labels as the keys ``prior_...`` say.
    A grade is right or wrong and says little, a score sums up many.
    """

    kind: Literal["trees", "analytic", "mean", "last_value"] = "trees"
    """The predictor: online Hoeffding trees, what is publicly known alone, running means, or the
    last value seen."""
    features: Literal["reduced", "eq5"] = "reduced"
    """What the trees see: ``eq5`` has all of IEMAS, Eq. (5); ``reduced`` leaves out what repeats
    within one provider."""
    confidence: float = Field(0.0, ge=0, le=1000)
    """By how many standard errors predictions are worsened, to be careful; 0: not at all."""
    grace_period: int = Field(50, ge=10, le=10**9)
    """Labels that pass between two attempts to split a leaf."""
    max_depth: int = Field(8, ge=1, le=100)
    """The greatest depth of a tree."""
    split_delta: float = Field(0.01, gt=0, lt=1)
    """The error of the Hoeffding bound by which a leaf splits; river's default is far smaller, for
    more labels than a provider sees."""
    split_tau: float = Field(0.1, gt=0, lt=1)
    """The Hoeffding bound below which ties are split."""
    prior_labels: float = Field(5.0, ge=0, le=1e9)
    """Labels of latency and of the cache that public knowledge counts for."""
    prior_grades: float = Field(200.0, ge=0, le=1e9)
    """Labels of quality that public knowledge counts for."""
    output_tokens: float = Field(150.0, ge=1, le=1e9)
    """The length of answers in tokens until the first is learned."""
    wait_cap: float = Field(50.0, gt=1, le=1e9)
    """The longest wait for other prompts that is learned, over about the time of a prompt; longer
    ones count as this."""
    most_held: int = Field(500, ge=0, le=10**9)
    """Lengths are learned in the order of awards, until so many of them wait for one that does not
    come."""
