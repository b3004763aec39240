"""Routing requests to hubs (IEMAS, 4.4); one more rule is one file more."""

from hubs.routing.content import ByContent
from hubs.routing.domain import ByDomain
from hubs.routing.role import Rule, RuleMaker
from hubs.routing.slots import BySlots

#: Every rule by the name that a scenario gives it; made for hubs and domains.
ROUTINGS: dict[str, RuleMaker] = {
    "content": ByContent,
    "domain": ByDomain,
    "random": BySlots,
}

__all__ = ["ROUTINGS", "Rule", "RuleMaker"]
