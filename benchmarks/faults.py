"""What faults cost a market: welfare lost per fault rate, and what a second auction saves of it.

One market like the quickstart's, a part of its size, is played with and without faults, on the same
tape. Draws of faults are keyed, so that whoever breaks down at some rate does so at every higher
one, and under both fates of requests.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click

from benchmarks.markdown import table
from benchmarks.page import check_blocks, with_blocks
from market.errors import BadInput
from market.messages import CHAT
from market.money import usd
from orchestrator.analysis.statistics import Interval, ratio
from orchestrator.assembly import assemble
from orchestrator.reading.text_file import read_text
from orchestrator.records import RoundRecord
from orchestrator.runtime import InProcess
from orchestrator.scenario.model import Scenario, load_scenario
from orchestrator.trial import Trial

QUICKSTART = Path(__file__).parents[1] / "examples" / "quickstart.yaml"
#: The quickstart's market at about a quarter of its size, under its own mechanism alone.
SMALLER = (
    "providers.0.count=28",
    "providers.1.count=15",
    "providers.2.count=8",
    "hubs.count=4",
    "demand.0.rate_per_s=9",
    "compare=[]",
)
HOUR_S = 3600.0
FATES = ("fail", "reauction")


@dataclass(frozen=True)
class Condition:
    """One kind of fault, and how often each participant has it in an hour."""

    kind: str
    per_hour: float

    def faults(self, fate: str) -> dict[str, Any]:
        """As a scenario names it."""
        return {"requests": fate, self.kind: {"mean_up_s": HOUR_S / self.per_hour}}


CONDITIONS = (
    *(Condition("providers", per_hour) for per_hour in (6, 20, 60, 180)),
    *(Condition("hangs", per_hour) for per_hour in (20, 60)),
    *(Condition("hubs", per_hour) for per_hour in (60, 180, 600)),
)


@dataclass
class Outcome:
    """What came of one market; money in USD, of the chat market."""

    welfare_usd: float = 0.0
    promised_usd: float = 0.0
    void_usd: float = 0.0
    prompt_tokens: int = 0
    cached_tokens: int = 0
    faults: int = 0
    requests: Counter[str] = field(default_factory=Counter)
    workflows: Counter[str] = field(default_factory=Counter)


#: Outcomes of all seeds, by condition and fate; the market without faults has None and "".
Played = Mapping[tuple[Condition | None, str], Sequence[Outcome]]


def market(seed: int, rounds: int, faults: Mapping[str, Any]) -> Scenario:
    """The market of all conditions."""
    plain = load_scenario(QUICKSTART, (*SMALLER, f"seed={seed}", f"rounds={rounds}"))
    return Scenario.model_validate(plain.model_dump() | {"faults": faults})


def play(scenario: Scenario) -> Outcome:
    """Run one trial to its end."""
    played, runtime = assemble(scenario, 0), InProcess()
    runtime.seat(scenario, played)
    found = Outcome()
    promised_nano: dict[str, int] = {}
    for record in Trial(scenario, played, runtime).rounds():
        for reply in record.chat.values():
            promised_nano |= {one.request: one.client_pays_nano for one in reply.awards}
            for settled in reply.settlements:
                promised_usd = usd(promised_nano.pop(settled.request))
                found.promised_usd += promised_usd
                found.void_usd += promised_usd if settled.void else 0.0
        cost_nano = _costs(record)
        for end in record.chat_ends:
            found.requests[end.status] += 1
            if end.status == "served":
                done = end.completion
                assert done is not None  # it was served
                client = played.clients[end.open.request.client]
                value_nano = client.realized_value_nano(done)
                found.welfare_usd += usd(value_nano - cost_nano[done.request])
                found.prompt_tokens += done.prompt_tokens
                found.cached_tokens += done.cached_tokens or 0
        found.workflows.update(status for _, status in record.workflow_ends)
        found.faults += sum(fault.event in ("crash", "hang") for fault in record.faults)
    return found


def _costs(record: RoundRecord) -> dict[str, int]:
    """What answers of a round truly cost, by request."""
    cost: dict[str, int] = {}
    for reply in record.replies:
        cost |= reply.private.realized_cost_nano
    chats = {done.request for done in record.completions if done.kind == CHAT}
    return {name: spent for name, spent in cost.items() if name in chats}


def arms(conditions: Iterable[Condition]) -> Iterator[tuple[Condition | None, str]]:
    """All that is played: no faults, then each condition, under both fates where they matter."""
    yield None, ""
    for condition in conditions:
        for fate in FATES if condition.kind != "hubs" else FATES[:1]:
            yield condition, fate


def fault_table(played: Played) -> str:
    """A row for each condition and fate; shares are of what the market without faults has."""
    head = [
        "faults of", "an hour of each", "requests", "faults", "welfare lost, %",
        "saved by the second auction, %", "failed, %", "auctioned again, %",
        "payments void, %", "cache hits, %", "workflows served, %",
    ]  # fmt: skip
    whole = played[None, ""]
    lost = {arm: _lost(whole, outcomes) for arm, outcomes in played.items()}
    rows = []
    for (condition, fate), outcomes in played.items():
        kind, rate = (condition.kind, f"{condition.per_hour:g}") if condition else ("nobody", "0")
        saved = "-"
        if fate == "reauction":
            saved = _percent(_saved(whole, played[condition, "fail"], outcomes))
        rows.append(
            (
                kind,
                rate,
                fate or "-",
                f"{_mean(outcomes, lambda one: one.faults):.1f}",
                _percent(lost[condition, fate]) if condition else "-",
                saved,
                _share(outcomes, lambda one: one.requests["failed"], _asked),
                _share(outcomes, lambda one: one.requests["reauctioned"], _asked),
                _share(outcomes, lambda one: one.void_usd, lambda one: one.promised_usd),
                _share(outcomes, lambda one: one.cached_tokens, lambda one: one.prompt_tokens),
                _share(outcomes, lambda one: one.workflows["served"], _bought),
            )
        )
    return table(head, rows, words=1)


def _lost(whole: Sequence[Outcome], outcomes: Sequence[Outcome]) -> Interval:
    """The welfare that is missing, over that without faults, paired by seed."""
    lost = [full.welfare_usd - one.welfare_usd for full, one in zip(whole, outcomes, strict=True)]
    return ratio(lost, [full.welfare_usd for full in whole])


def _saved(
    whole: Sequence[Outcome], failed: Sequence[Outcome], again: Sequence[Outcome]
) -> Interval:
    saved = [more.welfare_usd - less.welfare_usd for more, less in zip(again, failed, strict=True)]
    return ratio(saved, [full.welfare_usd for full in whole])


def _asked(outcome: Outcome) -> float:
    """Requests, those that were auctioned twice once."""
    return outcome.requests.total() - outcome.requests["reauctioned"]


def _bought(outcome: Outcome) -> float:
    return outcome.workflows.total() - outcome.workflows["reauctioned"]


def _mean(outcomes: Sequence[Outcome], of: Callable[[Outcome], float]) -> float:
    return sum(map(of, outcomes)) / len(outcomes)


def _share(
    outcomes: Sequence[Outcome],
    part: Callable[[Outcome], float],
    whole: Callable[[Outcome], float],
) -> str:
    return f"{100 * sum(map(part, outcomes)) / max(1e-12, sum(map(whole, outcomes))):.1f}"


def _percent(share: Interval) -> str:
    return f"{100 * share.mean:+.1f} ± {100 * share.half:.1f}"


@click.command("faults")
@click.option("--seeds", default=5, show_default=True, type=click.IntRange(min=2))
@click.option("--rounds", default=60, show_default=True, type=click.IntRange(min=2))
@click.option(
    "--write",
    type=click.Path(path_type=Path),
    metavar="PAGE",
    help="Write the table into the generated block of this page.",
)
def command(seeds: int, rounds: int, write: Path | None) -> None:
    """What faults cost: welfare lost per rate of crashes, hangs and losses of hubs."""
    if write is not None:
        try:
            check_blocks(write, ["faults"])
        except BadInput as error:
            raise click.BadParameter(str(error), param_hint="--write") from None
    played = {}
    for condition, fate in arms(CONDITIONS):
        faults = {} if condition is None else condition.faults(fate)
        played[condition, fate] = [
            play(market(seed, rounds, faults)) for seed in range(1, seeds + 1)
        ]
        click.echo(f"{condition or 'no faults'} {fate}: {seeds} seeds", err=True)
    block = fault_table(played)
    click.echo(block)
    if write is not None:
        write.write_text(with_blocks(read_text(write), {"faults": block}), encoding="utf-8")
