"""The four cluster schemes that IEMAS compares in Fig. 7 (App. B.1)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Scheme:
    """Names of a clustering and of a rule of routing, as a scenario gives them."""

    cluster: str
    routing: str


#: By the paper's names. Full-Mix: neither side is aligned. Ideal: providers are clustered by
#: specialty, and tasks go to theirs. Task-Mix: providers are clustered, every hub gets tasks of
#: all kinds. Agent-Mix: tasks are clustered, every hub has providers of all kinds.
SCHEMES: dict[str, Scheme] = {
    "full-mix": Scheme(cluster="random", routing="random"),
    "ideal": Scheme(cluster="domain", routing="content"),
    "task-mix": Scheme(cluster="domain", routing="random"),
    "agent-mix": Scheme(cluster="random", routing="domain"),
}
