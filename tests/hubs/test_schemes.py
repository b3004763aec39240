"""What each scheme of Fig. 7 means: which side is of one kind within a hub."""

from collections import Counter
from dataclasses import dataclass

import numpy as np
import pytest

from hubs.clustering import CLUSTERINGS
from hubs.routing.router import Router
from hubs.schemes import SCHEMES, Scheme
from tests.hubs.builders import provider, request

DOMAINS = ("code", "law", "medicine", "writing")


@dataclass(frozen=True)
class Mix:
    """The mean share of the commonest domain in a hub, and of tasks in a hub of specialists."""

    providers: float
    tasks: float
    aligned: float


def commonest(domains: list[str]) -> float:
    return max(Counter(domains).values()) / len(domains)


def mix_of(scheme: Scheme, hubs: int) -> Mix:
    """160 specialists and 2,000 dialogues, whose domains are known."""
    profiles = [provider(f"p{number}", domains=(DOMAINS[number % 4],)) for number in range(160)]
    clusters = CLUSTERINGS[scheme.cluster](profiles, hubs, np.random.default_rng(5))
    members = {
        f"hub-{number}": [profiles[index] for index in cluster]
        for number, cluster in enumerate(clusters)
    }
    router = Router(members, DOMAINS, scheme.routing)
    own = {hub: [one.domains[0] for one in those] for hub, those in members.items()}
    tasks: dict[str, list[str]] = {hub: [] for hub in members}
    for number in range(2000):
        domain = DOMAINS[number % 4]
        tasks[router.route(request(f"d-{number}.1"), domain)].append(domain)
    return Mix(
        float(np.mean([commonest(those) for those in own.values()])),
        float(np.mean([commonest(those) for those in tasks.values()])),
        float(np.mean([own[hub].count(one) / len(own[hub]) for hub in own for one in tasks[hub]])),
    )


@pytest.mark.parametrize("hubs", [4, 8])
@pytest.mark.parametrize(
    ("name", "providers_alike", "tasks_alike"),
    [
        ("full-mix", False, False),
        ("ideal", True, True),
        ("task-mix", True, False),
        ("agent-mix", False, True),
    ],
)
def test_a_scheme_clusters_the_sides_that_it_says(name, providers_alike, tasks_alike, hubs):
    mix = mix_of(SCHEMES[name], hubs)
    assert mix.providers == 1.0 if providers_alike else mix.providers < 0.5
    assert mix.tasks == 1.0 if tasks_alike else mix.tasks < 0.4


def test_only_the_ideal_brings_tasks_to_their_specialists():
    aligned = {name: mix_of(scheme, 4).aligned for name, scheme in SCHEMES.items()}
    assert aligned.pop("ideal") == 1.0
    assert all(share == pytest.approx(0.25, abs=0.1) for share in aligned.values())


def test_the_four_schemes_of_the_paper_differ():
    assert list(SCHEMES) == ["full-mix", "ideal", "task-mix", "agent-mix"]
    assert len(set(SCHEMES.values())) == 4
