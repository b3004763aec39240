"""Every strategy, by the name that a scenario gives it."""

import pytest
from pydantic import TypeAdapter, ValidationError

from agents.strategy import (
    Aggressive,
    BestResponse,
    Conservative,
    NoRegret,
    Random,
    Ring,
    Strategy,
    Truthful,
)


@pytest.mark.parametrize(
    ("document", "strategy"),
    [
        ({"kind": "truthful"}, Truthful()),
        ({"kind": "aggressive", "by": 2}, Aggressive(by=2.0)),
        ({"kind": "conservative"}, Conservative(by=0.8)),
        ({"kind": "random", "between": [1, 2]}, Random(between=(1.0, 2.0))),
        ({"kind": "no_regret"}, NoRegret(factors=(0.7, 0.85, 1.0, 1.2, 1.5), rate=None)),
        (
            {"kind": "no_regret", "factors": [1, 2], "rate": 0.05},
            NoRegret(factors=(1.0, 2.0), rate=0.05),
        ),
        ({"kind": "best_response"}, BestResponse(most=10.0)),
        (
            {"kind": "ring", "members": ["a", "b"], "rest": 2},
            Ring(members=("a", "b"), turn=1.0, rest=2.0, period=1),
        ),
    ],
)
def test_a_strategy_is_named_by_its_kind(document, strategy):
    assert TypeAdapter(Strategy).validate_python(document) == strategy


@pytest.mark.parametrize(
    ("document", "complaint"),
    [
        ({"kind": "greedy"}, "greedy"),
        ({"by": 2}, "kind"),
        ({"kind": "truthful", "by": 2}, "by"),
        ({"kind": "aggressive", "by": 0.9}, "greater than or equal to 1"),
        ({"kind": "conservative", "by": 1.1}, "less than or equal to 1"),
        ({"kind": "conservative", "by": 0}, "greater than or equal to 0.001"),
        ({"kind": "random", "between": [2, 1]}, r"low <= high <= 1000, got \[2.0, 1.0\]"),
        ({"kind": "random", "between": [0, 1]}, r"low <= high <= 1000, got \[0.0, 1.0\]"),
        ({"kind": "no_regret", "factors": [1]}, "at least 2 items"),
        ({"kind": "no_regret", "factors": [1, 2, 1.0]}, "expected different factors, got 1 again"),
        ({"kind": "no_regret", "factors": [0, 1]}, "greater than or equal to 0.001"),
        ({"kind": "no_regret", "factors": [1, 1001]}, "less than or equal to 1000"),
        ({"kind": "no_regret", "rate": 0}, "greater than 0"),
        ({"kind": "no_regret", "rate": 1.1}, "less than or equal to 1"),
        ({"kind": "best_response", "most": 0.9}, "greater than or equal to 1"),
    ],
)
def test_a_malformed_strategy_is_refused(document, complaint):
    with pytest.raises(ValidationError, match=complaint):
        TypeAdapter(Strategy).validate_python(document)
