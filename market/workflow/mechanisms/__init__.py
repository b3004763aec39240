"""How a workflow can be bought: STAR, its paper's baselines, and two rules that are no good.

The last two, and the myopic rule as printed, are there so that an audit has something to catch.
"""

from market import plugins
from market.fields import shown
from market.workflow.mechanisms.critical_bids import critical_bids_by
from market.workflow.mechanisms.greedy import GreedyOutcome, critical_bids_of_greedy, greedy
from market.workflow.mechanisms.homogeneous import critical_bids_of_homogeneous, homogeneous
from market.workflow.mechanisms.myopic import MyopicOutcome, critical_bids_of_myopic, myopic
from market.workflow.mechanisms.myopic_as_printed import (
    critical_bids_of_myopic_as_printed,
    myopic_as_printed,
)
from market.workflow.mechanisms.pay_as_bid import critical_bids_of_pay_as_bid, pay_as_bid
from market.workflow.mechanisms.promises import guarded
from market.workflow.mechanisms.role import Mechanism, Outcome, Purchase, Rule, by_name
from market.workflow.mechanisms.star_bids import critical_bids_of_star
from market.workflow.star import star

#: Every built-in rule, by the name that it is asked for by.
MECHANISMS = by_name(
    Rule(
        "star",
        star,
        truthful=True,
        critical_bids=critical_bids_of_star,
        minimises=lambda offer: offer.virtual_cost,
    ),
    Rule(
        "homogeneous",
        homogeneous,
        truthful=True,
        critical_bids=critical_bids_by(critical_bids_of_homogeneous),
    ),
    Rule(
        "myopic",
        myopic,
        truthful=True,
        critical_bids=critical_bids_by(critical_bids_of_myopic),
        cost_basis="cold",
    ),
    Rule(
        "myopic_as_printed",
        myopic_as_printed,
        truthful=False,
        critical_bids=critical_bids_by(critical_bids_of_myopic_as_printed),
    ),
    Rule(
        "pay_as_bid",
        pay_as_bid,
        truthful=False,
        critical_bids=critical_bids_by(critical_bids_of_pay_as_bid),
        minimises=lambda offer: offer.bid,
    ),
    Rule("greedy", greedy, truthful=False, critical_bids=critical_bids_by(critical_bids_of_greedy)),
)

#: Names of rules: those built in and those of plug-ins.
NAMES = plugins.Role((plugins.WORKFLOW_MECHANISMS,), MECHANISMS)


def rule_named(name: str) -> Rule:
    """The rule of that name; what one of a plug-in buys is looked at.

    Raises:
        BadInput: nobody has the name, or a plug-in cannot be loaded, or names no such rule.
    """
    if name in MECHANISMS:
        return MECHANISMS[name]
    plugin = NAMES.get(name)
    assert plugin is not None  # it is not built in
    rule = plugins.load(plugin)
    if not isinstance(rule, Rule) or rule.name != name:
        raise plugin.wrong(f"expected a Rule of the name {name!r}, got {shown(rule)}")
    return guarded(rule, plugin)


__all__ = [
    "MECHANISMS",
    "NAMES",
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
    "rule_named",
]
