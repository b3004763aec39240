import math

import pytest
from pydantic import ValidationError

from hubs.params import HubParams, PredictorParams, PriorLearningParams, WorkflowHubParams


@pytest.mark.parametrize(
    ("kind", "wrong", "complaint"),
    [
        (
            HubParams,
            {"mechanism": "raffle"},
            "one of auction, auction_per_request, .*, matrix_factorization; got 'raffle'",
        ),
        (HubParams, {"count": -1}, "greater than or equal to 0"),
        (HubParams, {"cluster": "size"}, "one of capability, domain, random; got 'size'"),
        (HubParams, {"routing": "price"}, "one of content, domain, random; got 'price'"),
        (HubParams, {"admission": {"waiting": 0}}, "greater than or equal to 1"),
        (HubParams, {"exploration": {"rate": 1.5}}, "less than or equal to 1"),
        (HubParams, {"patience_rounds": 0}, "greater than or equal to 1"),
        (HubParams, {"ledger_entries": 0}, "greater than or equal to 1"),
        (HubParams, {"reserve": 1}, "reserve"),
        (HubParams, {"predictor": {"grace_period": 9}}, "greater than or equal to 10"),
        (PredictorParams, {"prior_labels": math.nan}, "finite number"),
        (PredictorParams, {"prior_labels": -1}, "greater than or equal to 0"),
        (PredictorParams, {"wait_cap": 1.0}, "greater than 1"),
        (PredictorParams, {"output_tokens": 0.5}, "greater than or equal to 1"),
        (WorkflowHubParams, {"solver": "toulbar"}, "'auto', 'elimination' or 'highs'"),
        (WorkflowHubParams, {"reserve": "high"}, "'support_top' or 'none'"),
        (WorkflowHubParams, {"mechanism": "raffle"}, "one of star, homogeneous, .*; got 'raffle'"),
        (WorkflowHubParams, {"workload": "omega"}, "'cost_bearing' or 'published'"),
        (WorkflowHubParams, {"payment_method": "newton"}, "'exact' or 'bisection'"),
        (
            WorkflowHubParams,
            {"mechanism": "myopic", "reserve": "none"},
            "reserve: expected support_top under myopic, since a lone provider leaves",
        ),
        (WorkflowHubParams, {"patience_rounds": 0}, "greater than or equal to 1"),
        (WorkflowHubParams, {"settle": "later"}, "'predicted' or 'realized'"),
        (WorkflowHubParams, {"prior": {"source": "own"}}, "'fixed', 'others' or 'disjoint_pool'"),
        (PriorLearningParams, {"min_samples": 0}, "greater than or equal to 1"),
        (PriorLearningParams, {"quantiles": 0}, "greater than or equal to 1"),
        (PriorLearningParams, {"window": 100_001}, "less than or equal to 100000"),
        (
            PriorLearningParams,
            {"min_samples": 30, "window": 59},
            r"at least 2 \* min_samples = 60, got 59",
        ),
    ],
)
def test_malformed_parameters_are_refused(kind, wrong, complaint):
    with pytest.raises(ValidationError, match=complaint):
        kind(**wrong)


@pytest.mark.parametrize(
    ("changes", "described", "truthful", "covers_cost"),
    [
        ({}, "star", True, True),
        ({"settle": "realized", "patience_rounds": 2}, "star", True, True),
        ({"charge_entry_input": False}, "star charge_entry_input=False", True, True),
        ({"charge_cached_input": True}, "star charge_cached_input=True", True, True),
        ({"reserve": "none"}, "star reserve=none", True, False),
        ({"workload": "published"}, "star workload=published", False, False),
        ({"payment_method": "bisection"}, "star payment_method=bisection", False, False),
        ({"mechanism": "pay_as_bid"}, "pay_as_bid", False, False),
        ({"mechanism": "greedy"}, "greedy", False, False),
        ({"mechanism": "homogeneous"}, "homogeneous", True, False),
    ],
)
def test_what_is_promised_of_a_rule(changes, described, truthful, covers_cost):
    hub = WorkflowHubParams(**changes)
    assert (hub.described, hub.truthful, hub.covers_cost) == (described, truthful, covers_cost)
