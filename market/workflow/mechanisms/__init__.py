"""How a workflow can be bought: STAR, its paper's baselines, and two rules that are no good.

The last two, and the myopic rule as printed, are there so that an audit has something to catch.
"""

from market.workflow.mechanisms.greedy import GreedyOutcome, greedy
from market.workflow.mechanisms.homogeneous import homogeneous
from market.workflow.mechanisms.myopic import MyopicOutcome, myopic
from market.workflow.mechanisms.myopic_as_printed import myopic_as_printed
from market.workflow.mechanisms.pay_as_bid import pay_as_bid
from market.workflow.mechanisms.role import Mechanism, Outcome, Purchase, Rule, by_name
from market.workflow.star import star

#: Every rule, by the name that it is asked for by.
MECHANISMS = by_name(
    Rule("star", star, exact=True, truthful=True),
    Rule("homogeneous", homogeneous, exact=False, truthful=True),
    Rule("myopic", myopic, exact=False, truthful=True),
    Rule("myopic_as_printed", myopic_as_printed, exact=False, truthful=False),
    Rule("pay_as_bid", pay_as_bid, exact=True, truthful=False),
    Rule("greedy", greedy, exact=False, truthful=False),
)

__all__ = [
    "MECHANISMS",
    "GreedyOutcome",
    "Mechanism",
    "MyopicOutcome",
    "Outcome",
    "Purchase",
    "Rule",
    "greedy",
    "homogeneous",
    "myopic",
    "myopic_as_printed",
    "pay_as_bid",
]
