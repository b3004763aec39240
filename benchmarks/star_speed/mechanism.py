"""The whole mechanism, allocation and all payments, beside the published method.

The published method solves the MILP of section 4.3.2 with HiGHS for every quantity that algorithm
1 asks for. It is treated generously: its program is built once a market, no quantity of a
provider at a bid is computed twice, the first allocation gives every winner's quantity at its own
bid, and the middle of an interval is evaluated only where it is used.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import click
import numpy as np

from benchmarks.markdown import table
from benchmarks.star_speed.interval_splitting import interval_splitting_payment
from benchmarks.star_speed.markets import Market, paper_market, small_market
from benchmarks.star_speed.measure import (
    Memory,
    MemoryMeter,
    Spread,
    in_fresh_process,
    timed,
    until_spent,
)
from benchmarks.star_speed.report import Aim
from benchmarks.star_speed.subjects import problem_of
from market.money import TOKENS_PER_MTOK
from market.workflow import StarOptions, star
from market.workflow.quantities import FloatArray, quantities
from market.workflow.solvers import choose_solver

PROVIDERS = 9

#: Of the width of a prior's support: when algorithm 1 stops splitting.
EPSILON = 1e-6

#: Relative; rounding of sums, beside which epsilon is large.
_ROUNDING = 1e-9

#: As in the paper, work that is never lost is paid nothing.
OPTIONS = StarOptions(reserve="none")

_AIM_WORKFLOW = "S2"
_AIM_RATIO = 300.0


@dataclass(frozen=True)
class Payments:
    """One market cleared by ours: seconds of every repetition, and by winner what it is paid.

    ``lost_tokens`` is what a winner loses between its bid and the top of its prior, at
    ``breakpoints`` bids over all winners.
    """

    seconds: Sequence[float]
    payments_usd: Mapping[str, float]
    lost_tokens: Mapping[str, float]
    breakpoints: int


@dataclass(frozen=True)
class PublishedPayments:
    """One market cleared by the published method, once: seconds, payments, solves of the MILP."""

    seconds: float
    payments_usd: Mapping[str, float]
    solves: int


def clear_published(market: Market) -> tuple[Mapping[str, float], int]:
    """Payments in USD by winner, and how many times the MILP was solved."""
    method = _PublishedMethod(market)
    return method.payments_usd(), method.solves


class _PublishedMethod:
    def __init__(self, market: Market):
        self.solves = 0
        self._offers = market.offers
        self._prices = market.prices
        problem = problem_of(market)
        self._solver = choose_solver("highs", [problem])(problem)

    def payments_usd(self) -> Mapping[str, float]:
        first = self._quantities(self._prices)
        return {
            self._offers[winner].provider: self._payment(winner, float(first[winner]))
            for winner in np.flatnonzero(first).tolist()
        }

    def _payment(self, winner: int, first: float) -> float:
        offer = self._offers[winner]
        known = {offer.bid: first}

        def quantity(bid: float) -> float:
            if bid not in known:
                prices = self._prices.copy()
                prices[winner] = offer.prior.virtual_cost(bid)
                known[bid] = float(self._quantities(prices)[winner])
            return known[bid]

        epsilon = EPSILON * (offer.prior.high - offer.prior.low)
        return interval_splitting_payment(quantity, offer.bid, offer.prior.high, epsilon)

    def _quantities(self, prices: FloatArray) -> FloatArray:
        self.solves += 1
        problem = self._solver.problem
        allocation = self._solver.allocate(prices[None])
        (quantity,) = quantities(problem.tokens, problem.input_ratio, allocation)
        return np.asarray(quantity)


def measure_ours(
    workflow: str, seeds: int, repetitions: int, budget_s: float
) -> tuple[Sequence[Payments], Memory]:
    """Clear the markets of all seeds in this process, which is to be a fresh one."""
    warm_up = small_market()
    star(warm_up.workflow, warm_up.offers, OPTIONS)
    meter = MemoryMeter()
    cleared = []
    for seed in range(seeds):
        seconds = []
        for _ in until_spent(repetitions, budget_s / seeds):
            market = paper_market(workflow, PROVIDERS, seed)
            lap = timed(star, market.workflow, market.offers, OPTIONS)
            seconds.append(lap.seconds)
        points = lap.result.breakpoints
        cleared.append(
            Payments(
                seconds,
                lap.result.payments_usd,
                {winner: sum(lost for _, lost in own) for winner, own in points.items()},
                sum(map(len, points.values())),
            )
        )
    return cleared, meter.read()


def measure_published(workflow: str, seeds: int) -> tuple[Sequence[PublishedPayments], Memory]:
    """Clear the markets of all seeds once in this process, which is to be a fresh one."""
    warm_up = small_market()
    problem = problem_of(warm_up)
    choose_solver("highs", [problem])(problem).allocate(warm_up.prices[None])
    meter = MemoryMeter()
    cleared = []
    for seed in range(seeds):
        market = paper_market(workflow, PROVIDERS, seed)
        seconds, (payments, solves) = timed(clear_published, market)
        cleared.append(PublishedPayments(seconds, payments, solves))
    return cleared, meter.read()


def check_payments(market: Market, ours: Payments, published: PublishedPayments) -> float:
    """Fail unless both pay the same winners the same, to epsilon; the most of it that was used."""
    if set(ours.payments_usd) != set(published.payments_usd):
        winners = f"{sorted(ours.payments_usd)} and {sorted(published.payments_usd)}"
        raise click.ClickException(f"ours and the published method differ in winners: {winners}")
    prior = {offer.provider: offer.prior for offer in market.offers}
    used = 0.0
    for winner, paid in ours.payments_usd.items():
        epsilon = EPSILON * (prior[winner].high - prior[winner].low)
        allowed = epsilon * ours.lost_tokens[winner] / TOKENS_PER_MTOK + _ROUNDING * paid
        gap = abs(paid - published.payments_usd[winner])
        if gap > allowed:
            raise click.ClickException(
                f"ours pays {winner} {paid!r} USD, the published method"
                f" {published.payments_usd[winner]!r}, expected a gap of at most {allowed:g}"
            )
        used = max(used, gap / allowed if allowed else 0.0)
    return used


def compare(
    workflows: Sequence[str],
    seeds: int,
    repetitions: int,
    budget_s: float,
    progress: Callable[[str], None],
) -> tuple[str, Sequence[Aim]]:
    """Measure every workflow; the page and what became of the aim."""
    rows = []
    aims = []
    for workflow in workflows:
        progress(f"whole mechanism: {workflow}, ours")
        ours, memory = in_fresh_process(measure_ours, workflow, seeds, repetitions, budget_s)
        progress(f"whole mechanism: {workflow}, the published method")
        published, peer_memory = in_fresh_process(measure_published, workflow, seeds)
        pairs = [Pair(*pair) for pair in zip(ours, published, strict=True)]
        used = [
            check_payments(paper_market(workflow, PROVIDERS, seed), *pair)
            for seed, pair in enumerate(pairs)
        ]
        rows.append((workflow, *_figures(pairs), memory, peer_memory, f"{max(used):.2f}"))
        if workflow == _AIM_WORKFLOW:
            figure = f"whole mechanism, {workflow} with {PROVIDERS} providers, published over ours"
            ratio = Spread.of([pair.ratio for pair in pairs]).median
            aims.append(Aim(figure, ratio, ">=", _AIM_RATIO))
    return table(_HEADER, rows), aims


class Pair(NamedTuple):
    """One market, cleared by both."""

    ours: Payments
    published: PublishedPayments

    @property
    def ratio(self) -> float:
        """The time of the published method over the median of ours."""
        return self.published.seconds / float(np.median(self.ours.seconds))


_HEADER = (
    "workflow",
    "markets",
    "winners",
    "breakpoints",
    "ours, ms",
    "published, ms",
    "MILPs solved",
    "published / ours",
    "memory of ours, MiB",
    "of the published, MiB",
    "largest gap / epsilon",
)


def _figures(pairs: Sequence[Pair]) -> Sequence[str]:
    return (
        str(len(pairs)),
        Spread.of([len(pair.ours.payments_usd) for pair in pairs]).text(),
        Spread.of([pair.ours.breakpoints for pair in pairs]).text(),
        Spread.of([lap for pair in pairs for lap in pair.ours.seconds]).text(1e3),
        Spread.of([pair.published.seconds for pair in pairs]).text(1e3),
        Spread.of([pair.published.solves for pair in pairs]).text(),
        Spread.of([pair.ratio for pair in pairs]).text(),
    )
