"""Does a bidding ring pay? What three providers earn together by taking turns at bidding low."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import click
import numpy as np
import numpy.typing as npt

from benchmarks.markdown import table
from benchmarks.page import check_blocks, with_blocks
from benchmarks.tiers import group
from market.errors import BadInput
from market.messages import CHAT
from market.money import TOKENS_PER_MTOK, nano_usd
from orchestrator.analysis.statistics import Interval, ratio
from orchestrator.assembly import assemble
from orchestrator.reading.text_file import read_text
from orchestrator.records import RoundRecord
from orchestrator.runtime import InProcess
from orchestrator.scenario.model import Scenario
from orchestrator.trial import Trial

#: The group of three providers that forms the ring.
RING = "ring"
MEMBERS = tuple(f"{RING}-{number:03d}" for number in range(3))
TRUTH: Mapping[str, Any] = {"kind": "truthful"}
ROUNDS = 60

Amounts = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Terms:
    """What a ring agrees on: the factors on the cost of whose turn it is, and of all others."""

    turn: float
    rest: float

    @property
    def strategy(self) -> dict[str, Any]:
        """As a scenario names it."""
        return {"kind": "ring", "members": list(MEMBERS), "turn": self.turn, "rest": self.rest}


RINGS = (Terms(1.0, 1.5), Terms(1.0, 3.0), Terms(1.5, 3.0))


@dataclass(frozen=True)
class Bidding:
    """How the ring's members bid; the ``first`` of them otherwise, unless None."""

    strategy: Mapping[str, Any]
    first: Mapping[str, Any] | None = None

    @property
    def keys(self) -> dict[str, Any]:
        """Those of the ring's group of providers."""
        panel = None if self.first is None else {"count": 1, "strategy": self.first}
        return {"strategy": self.strategy, "panel": panel}


@dataclass(frozen=True)
class Place:
    """A market that a ring may form in."""

    name: str
    market: Callable[[str, Bidding, int, int], Scenario]
    mechanism: str

    def scenario(self, bidding: Bidding, seed: int, rounds: int) -> Scenario:
        """The market in which the ring's members bid like that."""
        return self.market(self.mechanism, bidding, seed, rounds)


@dataclass(frozen=True)
class Earned:
    """What members receive, and what is left after true costs, nano-USD; (seeds, members) each.

    Of one market (members,) each.
    """

    received: Amounts
    utility: Amounts


@dataclass(frozen=True)
class Finding:
    """What a ring has over the truth, and what a member then has by the truth, all else kept.

    Both are in parts of what all members are paid for the truth; the intervals of all rings of a
    market hold at once.
    """

    terms: Terms
    together: Interval
    by_leaving: Interval


def chat_market(mechanism: str, bidding: Bidding, seed: int, rounds: int) -> Scenario:
    """The ring and three cheaper providers outside it; more requests than slots."""
    tiers = [("outside", 1, 0.2, (0.5, 0.75)), (RING, 2, 1.0, (0.65, 0.85))]
    return Scenario.model_validate(
        {
            "seed": seed,
            "rounds": rounds,
            "electricity": {"beta": 0},
            "providers": [
                group(
                    name,
                    tier,
                    base,
                    3,
                    domains=["reading"],
                    skill={"uniform": list(skill)},
                    chat_slots=2,
                    workflow_slots=0,
                    **(bidding.keys if name == RING else {}),
                )
                for name, tier, base, skill in tiers
            ],
            "clients": {"count": 12},
            "hubs": {"count": 1, "mechanism": mechanism, "patience_rounds": 1},
            "demand": [
                {
                    "kind": "dialogues",
                    "rate_per_s": 10.0,
                    "burstiness": 0.5,
                    "shape": {"turns": 1},
                }
            ],
        }
    )


def workflow_market(
    outsiders: int, mechanism: str, bidding: Bidding, seed: int, rounds: int
) -> Scenario:
    """The highest tier is the ring and ``outsiders``; a workflow every round."""
    tiers = [("small", 1, 0.2, 3), ("medium", 2, 1.0, 3), (RING, 3, 5.0, 3)]
    tiers += [("large", 3, 5.0, outsiders)] * (outsiders > 0)
    return Scenario.model_validate(
        {
            "seed": seed,
            "rounds": rounds,
            "electricity": {"beta": 0},
            "providers": [
                group(
                    name,
                    tier,
                    base,
                    count,
                    domains=["code"],
                    chat_slots=0,
                    workflow_slots=8,
                    **(bidding.keys if name == RING else {}),
                )
                for name, tier, base, count in tiers
            ],
            "hubs": {"count": 0, "workflow": {"mechanism": mechanism}},
            "demand": [
                {
                    "kind": "workflows",
                    "names": ["S3", "S4"],
                    "every_rounds": 1,
                    "execution_token_scale": 1e-5,
                }
            ],
        }
    )


PLACES = (
    Place("chat, client_clarke", chat_market, "auction"),
    Place("chat, two_sided", chat_market, "auction_two_sided"),
    Place("workflows, star", partial(workflow_market, 1), "star"),
    Place("workflows, star, all of a tier", partial(workflow_market, 0), "star"),
    Place("workflows, pay_as_bid", partial(workflow_market, 1), "pay_as_bid"),
)


def findings(
    place: Place, seeds: int, rounds: int, rings: Sequence[Terms] = RINGS
) -> Iterator[Finding]:
    """Play every ring on the tapes of the truth.

    Raises ``ClickException`` where the truth is paid nothing, so that there are no parts of it.
    """
    truth = _earned(place, Bidding(TRUTH), seeds, rounds)
    paid = truth.received.sum(axis=1)
    if not paid.any():
        raise click.ClickException(f"{place.name}: nobody of the ring won anything in these rounds")
    for terms in rings:
        kept = _earned(place, Bidding(terms.strategy), seeds, rounds)
        broken = _earned(place, Bidding(terms.strategy, TRUTH), seeds, rounds)
        together, first = (
            ratio(added.tolist(), paid.tolist(), comparisons=len(rings))
            for added in (
                (kept.utility - truth.utility).sum(axis=1),
                (broken.utility - kept.utility)[:, 0],
            )
        )
        yield Finding(terms, together, first)


def _earned(place: Place, bidding: Bidding, seeds: int, rounds: int) -> Earned:
    played = [_play(place.scenario(bidding, seed, rounds)) for seed in range(1, seeds + 1)]
    received = np.array([one.received for one in played])
    return Earned(received, np.array([one.utility for one in played]))


def _play(scenario: Scenario) -> Earned:
    """What every member earns in one market, (members,) each."""
    market, runtime = assemble(scenario, 0), InProcess()
    runtime.seat(scenario, market)
    received: Counter[str] = Counter()
    spent: Counter[str] = Counter()
    for record in Trial(scenario, market, runtime).rounds():
        for provider, amount in _receipts(record):
            received[provider] += amount
        for provider, amount in _costs(record):
            spent[provider] += amount
    gross = np.array([received[member] for member in MEMBERS], dtype=float)
    return Earned(gross, gross - np.array([spent[member] for member in MEMBERS]))


def _receipts(record: RoundRecord) -> Iterator[tuple[str, int]]:
    """What providers receive: for chat at the settlement, for workflows as it is fixed."""
    for reply in record.chat.values():
        for settled in reply.settlements:
            yield settled.provider, settled.provider_received_nano
    for award in record.workflows.awards:
        yield from award.payments_nano.items()


def _costs(record: RoundRecord) -> Iterator[tuple[str, int]]:
    """What that truly costs them: of workflows what was bought, at the cost of the moment."""
    cost = {reply.bid.provider: reply.private.cost_usd_per_mtok for reply in record.replies}
    chat = {done.request for done in record.completions if done.kind == CHAT}
    for reply in record.replies:
        for request, spent_nano in reply.private.realized_cost_nano.items():
            if request in chat:
                yield reply.bid.provider, spent_nano
    for award in record.workflows.awards:
        for provider, tokens in award.outcome.quantities.items():
            yield provider, nano_usd(cost[provider] * tokens / TOKENS_PER_MTOK)


def ring_table(found: Mapping[str, Sequence[Finding]]) -> str:
    """By market and ring; bold where beyond chance."""
    head = ["market", "in turn", "at rest", "ring over truth, %", "one member by truth, %"]
    return table(
        head,
        [
            (
                name,
                f"x{one.terms.turn:g}",
                f"x{one.terms.rest:g}",
                _shown(one.together),
                _shown(one.by_leaving),
            )
            for name, rings in found.items()
            for one in rings
        ],
        words=3,
    )


def _shown(share: Interval) -> str:
    said = f"{100 * share.mean:+.1f} ± {100 * share.half:.1f}"
    return f"**{said}**" if share.low > 0 or share.high < 0 else said


@click.command("collusion")
@click.option("--seeds", default=20, show_default=True, type=click.IntRange(min=2))
@click.option("--rounds", default=ROUNDS, show_default=True, type=click.IntRange(min=1))
@click.option(
    "--write",
    type=click.Path(path_type=Path),
    metavar="PAGE",
    help="Write the table into the generated block of this page.",
)
def command(seeds: int, rounds: int, write: Path | None) -> None:
    """Does a bidding ring pay: three providers who take turns, against the truth and a cheat."""
    if write is not None:
        try:
            check_blocks(write, ["ring"])
        except BadInput as error:
            raise click.BadParameter(str(error), param_hint="--write") from None
    found = {}
    for place in PLACES:
        found[place.name] = list(findings(place, seeds, rounds))
        click.echo(f"{place.name}: {len(RINGS)} rings, {seeds} seeds", err=True)
    block = ring_table(found)
    click.echo(block)
    if write is not None:
        write.write_text(with_blocks(read_text(write), {"ring": block}), encoding="utf-8")
