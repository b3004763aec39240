"""The paper's workflows on simulated engines, one after the other and all at once, over seeds."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from benchmarks.markdown import table
from benchmarks.model_gap.gap import CAUSES, EVICTED, LOSSES, WorkflowGap, play
from benchmarks.model_gap.market import simulated_engine, workflow_market
from orchestrator.analysis.statistics import Interval, paired, ratio

WORKFLOWS = ("S1", "S2", "S3", "S4")

#: Every how many rounds of 5 s a workflow arrives: after the last one has ended, or on top of it.
LOADS = {"alone": 600, "together": 1}

#: Workflows of a trial, two of each graph.
PER_TRIAL = 8

BLOCK_SIZE = 16
THOUSAND = 1000.0


@dataclass(frozen=True)
class Arm:
    """How a market is played: how often workflows arrive, and what the auction charges."""

    load: str
    charged: bool

    @property
    def cached_input(self) -> str:
        """What of cached input the auction charges, in words."""
        return "charged" if self.charged else "free"


ARMS = tuple(Arm(load, charged) for load in LOADS for charged in (False, True))

#: By arm, what was served in the market of every seed.
Study = dict[Arm, list[list[WorkflowGap]]]


def play_all(seeds: int, scale: float) -> Iterator[tuple[Arm, list[WorkflowGap]]]:
    """Every seed under every arm."""
    engine = simulated_engine(scale, BLOCK_SIZE)
    for seed in range(seeds):
        for arm in ARMS:
            scenario = workflow_market(
                WORKFLOWS,
                seed,
                engine,
                scale=scale,
                every_rounds=LOADS[arm.load],
                workflows=PER_TRIAL,
                charge_cached_input=arm.charged,
            )
            yield arm, play(scenario)


def reuse(study: Study) -> str:
    """What of the reuse that the auction assumed was delivered, where cached input is free."""
    head = ["workflow", "load", "assumed, k tokens", "delivered", *LOSSES, "of it by others"]
    head += ["sent, k tokens", "found cached"]
    rows = []
    for name in WORKFLOWS:
        alone, together = (_of(study[Arm(load, False)], name) for load in LOADS)
        for load, draws in zip(LOADS, (alone, together), strict=True):
            share = _share_of(draws, lambda gap: gap.assumed_tokens)
            lost = [share(_lost(loss)) for loss in LOSSES]
            delivered = share(lambda gap: gap.assumed_tokens - sum(gap.lost_tokens.values()))
            others = _evicted_shares(together), _evicted_shares(alone)
            sent = _share_of(draws, lambda gap: gap.sent_tokens)
            rows.append(
                [
                    name,
                    load,
                    f"{_mean(draws, lambda gap: gap.assumed_tokens) / THOUSAND:.0f}",
                    _percent(delivered),
                    *map(_percent, lost),
                    _percent(paired(*others)) if load == "together" else "",
                    f"{_mean(draws, lambda gap: gap.sent_tokens) / THOUSAND:.0f}",
                    _percent(sent(lambda gap: gap.found_tokens)),
                ]
            )
    return table(head, rows, words=2)


def cost(study: Study) -> str:
    """What a workflow costs by the auction and on the engines, and why."""
    head = ["workflow", "load", "cached input", "auctioned, USD", "realised over it", *CAUSES]
    rows = []
    for name in WORKFLOWS:
        for arm in ARMS:
            draws = _of(study[arm], name)
            share = _share_of(draws, lambda gap: gap.auctioned_usd)
            causes = [share(_caused(cause)) for cause in CAUSES]
            rows.append(
                [
                    name,
                    arm.load,
                    arm.cached_input,
                    f"{_mean(draws, lambda gap: gap.auctioned_usd):.3f}",
                    _signed(share(lambda gap: gap.realised_usd - gap.auctioned_usd)),
                    *(f"{100 * one.mean:+.1f} %" for one in causes),
                ]
            )
    return table(head, rows, words=3)


def charging(study: Study) -> str:
    """What charging cached input changes, seed by seed."""
    head = ["workflow", "load", "realised cost", "underpaid winners, free", "charged"]
    rows = []
    for name in WORKFLOWS:
        for load in LOADS:
            free, charged = (_of(study[Arm(load, paid)], name) for paid in (False, True))
            before, after = (
                [_sum(gaps, lambda gap: gap.realised_usd) for gaps in draws]
                for draws in (free, charged)
            )
            change = ratio([b - a for a, b in zip(before, after, strict=True)], before)
            underpaid = [
                f"{sum(gap.underpaid for gaps in draws for gap in gaps)}"
                f" of {sum(gap.winners for gaps in draws for gap in gaps)}"
                for draws in (free, charged)
            ]
            rows.append([name, load, _signed(change), *underpaid])
    return table(head, rows, words=2)


Amount = Callable[[WorkflowGap], float]


def _lost(loss: str) -> Amount:
    return lambda gap: gap.lost_tokens[loss]


def _caused(cause: str) -> Amount:
    return lambda gap: gap.causes_usd[cause]


def _of(draws: Sequence[Sequence[WorkflowGap]], name: str) -> list[list[WorkflowGap]]:
    return [[gap for gap in gaps if gap.name == name] for gaps in draws]


def _sum(gaps: Sequence[WorkflowGap], amount: Amount) -> float:
    return sum(map(amount, gaps))


def _mean(draws: Sequence[Sequence[WorkflowGap]], amount: Amount) -> float:
    return sum(_sum(gaps, amount) for gaps in draws) / sum(map(len, draws))


def _share_of(
    draws: Sequence[Sequence[WorkflowGap]], whole: Amount
) -> Callable[[Amount], Interval]:
    """The share of ``whole`` that another amount is, over the seeds."""

    def share(part: Amount) -> Interval:
        return ratio([_sum(gaps, part) for gaps in draws], [_sum(gaps, whole) for gaps in draws])

    return share


def _evicted_shares(draws: Sequence[Sequence[WorkflowGap]]) -> list[float]:
    """Of every seed, the share of the assumed tokens that was evicted."""
    return [
        _sum(gaps, lambda gap: gap.lost_tokens[EVICTED])
        / _sum(gaps, lambda gap: gap.assumed_tokens)
        for gaps in draws
    ]


def _percent(share: Interval) -> str:
    return Interval(100 * share.mean, 100 * share.half).shown(1, " %")


def _signed(share: Interval) -> str:
    return f"{100 * share.mean:+.1f} ± {100 * share.half:.1f} %"
