"""Figure 7 and App. B.1: four ways of putting agents and tasks together in hubs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import numpy as np

from benchmarks.iemas.domains import DOMAINS, domain_market
from benchmarks.iemas.played import Played, play
from benchmarks.iemas.publish import COLOURS, Publication, seeds_option, tell, write_option
from benchmarks.markdown import table
from hubs.schemes import SCHEMES
from orchestrator.analysis.statistics import interval, paired

#: What the others are compared with: nothing is aligned.
BASE = "full-mix"


@dataclass(frozen=True)
class Mixed:
    """What came of one scheme in one market.

    Attributes:
        welfare_usd: realised, a request that was asked.
        refused: the share of requests that were refused.
        negative_clients: the share of served clients whose answers were worth less in all than
            what they paid for them.
        losing_answers: the share of answers that were worth less than what was paid for them.
        surplus_usd: of clients, a request that was asked.
        kept_usd: what hubs kept, the scarcity part of prices, an answer.
    """

    welfare_usd: float
    refused: float
    negative_clients: float
    losing_answers: float
    surplus_usd: float
    kept_usd: float


def mixed(played: Played) -> Mixed:
    """From what came of the requests."""
    gains = played.of("value_usd") - played.of("paid_usd")
    of_client: dict[str, float] = defaultdict(float)
    for answer, gain in zip(played.answers, gains.tolist(), strict=True):
        of_client[answer.client] += gain
    kept = played.of("paid_usd") - played.of("received_usd")
    return Mixed(
        welfare_usd=played.welfare_usd / played.asked,
        refused=played.refused / played.asked,
        negative_clients=float(np.mean([gain < 0 for gain in of_client.values()])),
        losing_answers=float(np.mean(gains < 0)),
        surplus_usd=float(gains.sum()) / played.asked,
        kept_usd=float(kept.mean()),
    )


Schemes = Mapping[str, Sequence[Mixed]]


@dataclass(frozen=True)
class Load:
    """A market at one load: every scheme, (seeds,) each."""

    requests: int
    schemes: Schemes

    def of(self, scheme: str, field: str) -> list[float]:
        """(seeds,), one field."""
        return [getattr(one, field) for one in self.schemes[scheme]]


#: Column, field, digits, and what it is multiplied by.
_COLUMNS = (
    ("welfare a request, USD e-6", "welfare_usd", 1, 1e6),
    ("clients' surplus a request, USD e-6", "surplus_usd", 1, 1e6),
    ("hubs kept an answer, USD e-6", "kept_usd", 1, 1e6),
    ("refused, %", "refused", 1, 1e2),
    ("clients with a loss, %", "negative_clients", 1, 1e2),
    ("answers at a loss, %", "losing_answers", 1, 1e2),
)


def schemes_table(loads: Sequence[Load]) -> str:
    """A row for each load and scheme, and welfare against ``BASE``, paired."""
    head = ["requests a round", "scheme", *(name for name, *_ in _COLUMNS), f"against {BASE}"]
    rows = []
    for load in loads:
        base = load.of(BASE, "welfare_usd")
        for scheme in load.schemes:
            figures = [
                interval([scale * draw for draw in load.of(scheme, field)]).shown(digits)
                for _, field, digits, scale in _COLUMNS
            ]
            gap = paired(load.of(scheme, "welfare_usd"), base, comparisons=len(SCHEMES) - 1)
            part = 100 / abs(float(np.mean(base)))
            text = f"{part * gap.mean:+.1f} ± {part * gap.half:.1f} %"
            against = "-" if scheme == BASE else text
            beyond = gap.low > 0 or gap.high < 0
            rows.append([load.requests, scheme, *figures, f"**{text}**" if beyond else against])
    return table(head, rows, words=2)


def drawing(loads: Sequence[Load], figure: Any) -> None:
    """Welfare and clients with a loss, by scheme, a colour for each load."""
    fields = (("welfare_usd", "welfare a request, USD", 1.0), ("negative_clients",
              "clients with a loss, %", 100.0))  # fmt: skip
    for axis, (field, label, scale) in zip(figure.subplots(1, 2), fields, strict=True):
        for number, load in enumerate(loads):
            found = [interval([scale * x for x in load.of(name, field)]) for name in load.schemes]
            places = np.arange(len(found)) + 0.2 * (number - (len(loads) - 1) / 2)
            axis.errorbar(
                places,
                [one.mean for one in found],
                [one.half for one in found],
                fmt="o",
                color=COLOURS[number],
                label=f"{load.requests} requests a round",
            )
        axis.set_xticks(range(len(SCHEMES)), list(SCHEMES))
        axis.set_ylabel(label)
    axis.legend(frameon=False)


@click.command("iemas-fig-7")
@seeds_option()
@click.option("--providers", default=48, show_default=True, type=click.IntRange(min=len(DOMAINS)))
@click.option("--rounds", default=40, show_default=True, type=click.IntRange(min=2))
@write_option
def command(seeds: int, providers: int, rounds: int, write: Path | None) -> None:
    """Figure 7 of the IEMAS paper: the schemes of clustering, and who loses."""
    publication = Publication("fig-7", ["schemes"], (9.0, 3.6))
    publication.check(write)
    loads = []
    for requests in (providers, 2 * providers, 3 * providers):
        schemes = {}
        for name, scheme in SCHEMES.items():
            rule = {"cluster": scheme.cluster, "routing": scheme.routing}
            schemes[name] = [
                mixed(
                    play(
                        domain_market(
                            len(DOMAINS),
                            seed,
                            providers=providers,
                            requests=requests,
                            rounds=rounds,
                            **rule,
                        )
                    )
                )
                for seed in range(1, seeds + 1)
            ]
            tell(f"{requests} requests a round, {name}: {seeds} seeds")
        loads.append(Load(requests, schemes))
    publication.publish(
        {"schemes": schemes_table(loads)}, write, lambda figure: drawing(loads, figure)
    )
