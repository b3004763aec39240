"""Figure 5: what one participant earns by each strategy, all else on the same tape."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import numpy as np
import numpy.typing as npt

from agents.client import client_name
from benchmarks.iemas.played import Answer, Played, play
from benchmarks.iemas.publish import COLOURS, Publication, seeds_option, tell, write_option
from benchmarks.markdown import table
from benchmarks.tiers import ENGINES, group
from orchestrator.analysis.statistics import Interval, interval, ratio
from orchestrator.scenario.model import Scenario

#: The strategies of the paper, and two that learn; a report is the truth times a factor.
STRATEGIES: dict[str, dict[str, Any]] = {
    "truthful": {"kind": "truthful"},
    "aggressive": {"kind": "aggressive", "by": 1.5},
    "conservative": {"kind": "conservative", "by": 0.6},
    "random": {"kind": "random", "between": (0.5, 1.5)},
    "no_regret": {"kind": "no_regret"},
    "best_response": {"kind": "best_response"},
}
#: Those that hear of a clearing what only providers are told of it.
OF_PROVIDERS = ("best_response",)
TRUTH = "truthful"
ROUNDS = 100

CLIENT, PROVIDER = "client", "provider"

Curves = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Side:
    """Whose strategy changes, under which mechanism."""

    participant: str
    mechanism: str

    @property
    def name(self) -> str:
        """For a table."""
        return f"{self.participant}, {RULES[self.mechanism]}"

    @property
    def strategies(self) -> list[str]:
        """Those that the participant can have."""
        mine = self.participant == PROVIDER
        return [name for name in STRATEGIES if mine or name not in OF_PROVIDERS]


#: The payment rule of a mechanism.
RULES = {"auction": "client_clarke", "auction_two_sided": "two_sided"}
SIDES = (
    Side(CLIENT, "auction"),
    Side(PROVIDER, "auction"),
    Side(PROVIDER, "auction_two_sided"),
)


@dataclass(frozen=True)
class Earned:
    """(seeds, rounds) cumulative utility of the participant by strategy, USD.

    ``turnover`` (seeds,) is that of the truth: what a client's answers are worth to it, what a
    provider receives.
    """

    side: Side
    curves: Mapping[str, Curves]
    turnover: list[float]

    def over_truth(self, strategy: str) -> Curves:
        """(seeds, rounds), what a strategy adds to the truth on the same tape."""
        gap: Curves = self.curves[strategy] - self.curves[TRUTH]
        return gap

    def gain(self, strategy: str, round_: int = -1) -> Interval:
        """What it adds by a round, in parts of turnover; all intervals of a side hold at once."""
        added = self.over_truth(strategy)[:, round_].tolist()
        return ratio(added, self.turnover, comparisons=len(self.curves) - 1)


def strategic_market(side: Side, strategy: str, seed: int, rounds: int) -> Scenario:
    """Six providers, twelve clients, more requests than slots, and no turn that waits for another.

    Dialogues have one turn, so what is asked when is the same whatever anybody reports; and nobody
    waits for a later clearing, in which a low report would meet a lower price.
    """
    chosen = STRATEGIES[strategy]
    panel = {"count": 1, "strategy": chosen}
    client_panel = panel if side.participant == CLIENT else None
    provider_panel = panel if side.participant == PROVIDER else None
    tiers = [("small", 1, 0.2, (0.5, 0.75)), ("medium", 2, 1.0, (0.65, 0.85))]
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
                    engine=ENGINES[name],
                    panel=provider_panel if name == "medium" else None,
                )
                for name, tier, base, skill in tiers
            ],
            "clients": {"count": 12, "panel": client_panel},
            "hubs": {"count": 1, "mechanism": side.mechanism, "patience_rounds": 1},
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


def earned(side: Side, seeds: int, rounds: int) -> Earned:
    """Play every strategy on the same tapes."""
    curves: dict[str, Curves] = {}
    turnover: list[float] = []
    for strategy in side.strategies:
        found = [
            _own(side, play(strategic_market(side, strategy, seed, rounds)))
            for seed in range(1, seeds + 1)
        ]
        curves[strategy] = np.array([_curve(side, answers, rounds) for answers in found])
        if strategy == TRUTH:
            turnover = [sum(_amounts(side, one)[0] for one in answers) for answers in found]
    return Earned(side, curves, turnover)


def _own(side: Side, played: Played) -> list[Answer]:
    """The answers that the participant asked for or gave."""
    if side.participant == CLIENT:
        return [answer for answer in played.answers if answer.client == client_name(0)]
    return [answer for answer in played.answers if answer.provider == PANELIST]


def _amounts(side: Side, answer: Answer) -> tuple[float, float]:
    """What the participant has of an answer, and what it gives for it, USD."""
    if side.participant == CLIENT:
        return answer.value_usd, answer.paid_usd
    return answer.received_usd, answer.cost_usd


def _curve(side: Side, answers: Sequence[Answer], rounds: int) -> Curves:
    """(rounds,): utility up to the end of each; what ends later counts in the last one."""
    added = np.zeros(rounds)
    for answer in answers:
        has, gives = _amounts(side, answer)
        added[min(answer.round, rounds) - 1] += has - gives
    return np.cumsum(added)


#: The first provider of the group that has the panel.
PANELIST = "medium-000"


def strategies_table(found: Sequence[Earned]) -> str:
    """Utility at the end, and what a strategy adds to the truth; bold where beyond chance."""
    head = ["whose strategy", "strategy", "utility, USD e-6", "over the truth, % of turnover"]
    rows = []
    for one in found:
        for strategy, curves in one.curves.items():
            utility = interval((1e6 * curves[:, -1]).tolist()).shown(0)
            over = "-"
            if strategy != TRUTH:
                gain = one.gain(strategy)
                over = f"{100 * gain.mean:+.1f} ± {100 * gain.half:.1f}"
                over = f"**{over}**" if gain.low > 0 or gain.high < 0 else over
            rows.append([one.side.name, strategy, utility, over])
    return table(head, rows, words=2)


def drawing(found: Sequence[Earned], figure: Any) -> None:
    """What each strategy adds to the truth, round by round."""
    axes = figure.subplots(1, len(found))
    for axis, one in zip(axes, found, strict=True):
        rounds = range(1, one.curves[TRUTH].shape[1] + 1)
        for colour, strategy in zip(COLOURS, (s for s in one.curves if s != TRUTH), strict=False):
            gains = [one.gain(strategy, round_ - 1) for round_ in rounds]
            axis.plot(rounds, [100 * gain.mean for gain in gains], color=colour, label=strategy)
            low, high = ([100 * end for end in ends] for ends in zip(
                *((gain.low, gain.high) for gain in gains), strict=True))  # fmt: skip
            axis.fill_between(rounds, low, high, color=colour, alpha=0.12)
        axis.axhline(0.0, color="black", linewidth=0.8)
        axis.set_title(one.side.name)
        axis.set_xlabel("round")
    axes[0].set_ylabel("utility over that of the truth,\n% of a run's turnover")
    axes[-1].legend(frameon=False)


@click.command("iemas-fig-5")
@seeds_option(40)
@click.option("--rounds", default=ROUNDS, show_default=True, type=click.IntRange(min=2))
@write_option
def command(seeds: int, rounds: int, write: Path | None) -> None:
    """Figure 5 of the IEMAS paper: one participant's strategy, as paired counterfactuals."""
    publication = Publication("fig-5", ["strategies"], (11.0, 3.8))
    publication.check(write)
    found = []
    for side in SIDES:
        found.append(earned(side, seeds, rounds))
        tell(f"{side.name}: {len(side.strategies)} strategies, {seeds} seeds")
    publication.publish(
        {"strategies": strategies_table(found)}, write, lambda figure: drawing(found, figure)
    )
