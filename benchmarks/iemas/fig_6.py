"""Figure 6: welfare and clearing time as the market is cut into more and more hubs."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import numpy as np

from benchmarks.iemas.domains import domain_market
from benchmarks.iemas.played import play
from benchmarks.iemas.publish import COLOURS, Publication, seeds_option, tell, write_option
from benchmarks.markdown import table
from hubs.host import HubsReply, HubsRound
from hubs.matching_hub import ChatReply
from market.matching import clear
from orchestrator.analysis.statistics import Interval, interval, paired
from orchestrator.runtime import Cleared, InProcess

#: Numbers of hubs.
HUBS = (1, 2, 4, 6, 8, 10, 12, 16, 20)
#: Ways to put providers into hubs, each with its way to put requests there; ours first.
CLUSTERS = {"domain": "content", "capability": "content", "random": "random"}
TIMED = "domain"
PROVIDERS, REQUESTS, ROUNDS = 100, 200, 20


@dataclass(frozen=True)
class Cut:
    """One market cut into hubs.

    Attributes:
        welfare_usd: realised, a request that was asked.
        served: the share of requests that were served.
        requests: that took part in a clearing of all hubs, on average.
        rounds_ms: for a round, predicting and clearing in all hubs one after the other.
        slowest_ms: for a round, in the slowest hub, as where each has a machine of its own.
        matching_ms: for a round, matching and payments alone, all hubs one after the other.
    """

    welfare_usd: float
    served: float
    requests: float
    rounds_ms: float
    slowest_ms: float
    matching_ms: float


class _Timed(InProcess):
    """Clears hub by hub with a watch, and keeps the markets that were cleared."""

    def __init__(self) -> None:
        super().__init__()
        self.seconds: list[list[float]] = []
        self.cleared: list[list[ChatReply]] = []

    def clear_hubs(self, round_: HubsRound) -> Cleared:
        """One hub after the other, then the workflow hub."""
        seconds: list[float] = []
        chat: dict[str, ChatReply] = {}
        for hub, asked in round_.chat.items():
            started = time.perf_counter()
            chat |= self.hubs.clear(HubsRound({hub: asked}, None)).chat
            seconds.append(time.perf_counter() - started)
        self.seconds.append(seconds)
        self.cleared.append(list(chat.values()))
        workflow = self.hubs.clear(HubsRound({}, round_.workflow)).workflow
        return Cleared(HubsReply(chat, workflow))

    def matching_s(self, rounds: slice) -> list[float]:
        """Seconds that matching and payments take in every round, held again."""
        return [sum(map(_matching_s, replies)) for replies in self.cleared[rounds]]


def _matching_s(reply: ChatReply) -> float:
    cleared = reply.market
    if cleared is None:
        return 0.0
    allowed = np.ones(cleared.values_nano.shape, dtype=bool)
    started = time.perf_counter()
    clear(cleared.values_nano, cleared.costs_nano, allowed, cleared.capacities, cleared.clients)
    return time.perf_counter() - started


@dataclass(frozen=True)
class Size:
    """Of every market; ``requests`` arrive in a round, about."""

    seeds: int
    providers: int
    requests: int
    rounds: int

    @property
    def hubs(self) -> list[int]:
        """The numbers of hubs that there are providers for."""
        return [number for number in HUBS if number <= self.providers]


def cut(cluster: str, hubs: int, seed: int, size: Size) -> Cut:
    """Play one market; the first half of its rounds warms it up and is not timed."""
    runtime = _Timed()
    rounds = size.rounds
    played = play(
        domain_market(
            hubs,
            seed,
            providers=size.providers,
            requests=size.requests,
            rounds=rounds,
            cluster=cluster,
            routing=CLUSTERS[cluster],
        ),
        runtime=runtime,
    )
    timed = slice(rounds // 2, rounds)
    asked = [
        sum(len(reply.market.requests) for reply in replies if reply.market)
        for replies in runtime.cleared[timed]
    ]
    return Cut(
        welfare_usd=played.welfare_usd / played.asked,
        served=len(played.answers) / played.asked,
        requests=float(np.mean(asked)),
        rounds_ms=1e3 * float(np.mean([sum(one) for one in runtime.seconds[timed]])),
        slowest_ms=1e3 * float(np.mean([max(one) for one in runtime.seconds[timed]])),
        matching_ms=1e3 * float(np.mean(runtime.matching_s(timed))),
    )


#: (seeds,) of one clustering, by the number of hubs.
Cuts = Mapping[int, Sequence[Cut]]


def _of(cuts: Cuts, hubs: int, field: str) -> list[float]:
    return [getattr(one, field) for one in cuts[hubs]]


def lost(cuts: Cuts, hubs: int) -> Interval:
    """Welfare less that of one hub, paired, as a part of it."""
    whole = min(cuts)
    one = _of(cuts, whole, "welfare_usd")
    gap = paired(_of(cuts, hubs, "welfare_usd"), one, comparisons=max(1, len(cuts) - 1))
    base = float(np.mean(one))
    return Interval(gap.mean / base, gap.half / base)


def hubs_table(cuts: Cuts) -> str:
    """What a number of hubs does, clustered by domain: a row for each."""
    head = [
        "hubs",
        "welfare a request, USD e-6",
        "served, %",
        "requests a round",
        "all hubs in turn, ms",
        "slowest hub, ms",
        "matching alone, ms",
    ]
    rows = []
    for hubs in cuts:
        micro = [1e6 * welfare for welfare in _of(cuts, hubs, "welfare_usd")]
        rows.append(
            [
                hubs,
                interval(micro).shown(1),
                f"{100 * np.mean(_of(cuts, hubs, 'served')):.1f}",
                f"{np.mean(_of(cuts, hubs, 'requests')):.0f}",
                *(
                    interval(_of(cuts, hubs, field)).shown(2)
                    for field in ("rounds_ms", "slowest_ms", "matching_ms")
                ),
            ]
        )
    return table(head, rows)


def clusters_table(found: Mapping[str, Cuts]) -> str:
    """Welfare against one hub, %, by how providers are clustered."""
    rows = []
    for hubs in found[TIMED]:
        against = [lost(cuts, hubs) for cuts in found.values()]
        rows.append([hubs, *(f"{100 * a.mean:+.1f} ± {100 * a.half:.1f}" for a in against)])
    return table(["hubs", *found], rows)


def drawing(found: Mapping[str, Cuts], figure: Any) -> None:
    """Welfare against one hub, and times, over the number of hubs."""
    left, right = figure.subplots(1, 2)
    places = list(found[TIMED])
    for colour, (cluster, cuts) in zip(COLOURS, found.items(), strict=False):
        gaps = [lost(cuts, hubs) for hubs in places]
        left.errorbar(
            places,
            [100 * gap.mean for gap in gaps],
            [100 * gap.half for gap in gaps],
            color=colour,
            marker="o",
            label=cluster,
        )
    left.axhline(0.0, color="black", linewidth=0.8)
    left.set_ylabel("welfare against one hub, %")
    fields = {
        "rounds_ms": "all hubs in turn",
        "slowest_ms": "slowest hub",
        "matching_ms": "matching alone",
    }
    for colour, (field, label) in zip(COLOURS, fields.items(), strict=False):
        means = [float(np.mean(_of(found[TIMED], hubs, field))) for hubs in places]
        right.plot(places, means, color=colour, marker="o", label=label)
    right.set_yscale("log")
    right.set_ylabel("time of a round, ms")
    for axis in (left, right):
        axis.legend(frameon=False)
        axis.set_xticks(places)
        axis.set_xlabel("hubs")


@click.command("iemas-fig-6")
@seeds_option()
@click.option("--providers", default=PROVIDERS, show_default=True, type=click.IntRange(min=1))
@click.option("--requests", default=REQUESTS, show_default=True, type=click.IntRange(min=1))
@click.option("--rounds", default=ROUNDS, show_default=True, type=click.IntRange(min=2))
@write_option
def command(seeds: int, providers: int, requests: int, rounds: int, write: Path | None) -> None:
    """Figure 6 of the IEMAS paper: welfare and clearing time by the number of hubs."""
    publication = Publication("fig-6", ["hubs", "clusterings"], (9.0, 3.6))
    publication.check(write)
    size = Size(seeds, providers, requests, rounds)
    found: dict[str, dict[int, list[Cut]]] = {}
    for cluster in CLUSTERS:
        found[cluster] = {}
        for hubs in size.hubs:
            # one hub is the same however it came about
            found[cluster][hubs] = (
                found[TIMED][hubs]
                if hubs == 1 and cluster != TIMED
                else [cut(cluster, hubs, seed, size) for seed in range(1, seeds + 1)]
            )
            tell(f"{cluster}, {hubs} hubs: {seeds} seeds")
    blocks = {"hubs": hubs_table(found[TIMED]), "clusterings": clusters_table(found)}
    publication.publish(blocks, write, lambda figure: drawing(found, figure))
