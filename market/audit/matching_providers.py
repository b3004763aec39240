"""The providers of a matching market: does asking another factor of their costs gain?

A provider that asks t times its stated cost changes the largest welfare W(t), which is convex and
piecewise linear in t with the slope -C(t), C being the stated cost of what it is matched to. Where
the true cost is s times the stated one and it is paid what it asks, its utility (t - s) C(t) rises
between breakpoints, so it approaches its supremum at their left. Paid what it adds to welfare as
well, what it receives does not depend on t between them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from market.audit.report import EXACT, PROVIDER, SEARCH, TOLERANCE, Check, Finding, check_of
from market.audit.single_parameter import Answer, ReportCurve, explore
from market.matching import UNMATCHED, max_weight_matching
from market.matching.market import Floats, MatchingMarket
from market.matching.problem import written_market
from market.workflow.breakpoints import Line, lower_envelope

#: A provider that may ask more than this many times its stated cost is searched up to here.
MOST_FACTOR = 1e9


def audit_matching_providers(
    market: MatchingMarket,
    names: Sequence[str],
    wanted: Sequence[int],
    true_factors: Floats,
    progress: Callable[[str], None],
) -> tuple[list[Finding], list[Check]]:
    """The best factor of each of the ``wanted`` providers on its stated costs.

    ``true_factors`` (providers,) make the stated costs the true ones; ``names`` (providers,) are
    for messages.
    """
    findings, rises = [], []
    for provider in wanted:
        progress(names[provider])
        truth = float(true_factors[provider])
        curve = _curve(market, provider, truth)
        findings.append(_finding(market, curve, provider, names[provider], truth))
        rises += [
            f"{names[provider]} serves more at {high:.9g} times its stated cost than at {low:.9g}"
            for low, high in curve.rises(TOLERANCE * curve.scale(truth))
        ]
    losses = [
        f"{one.participant} loses {-one.truthful_utility:.6g} with the truth"
        for one in findings
        if one.truthful_utility < -TOLERANCE * one.scale
    ]
    return findings, [
        check_of("monotone (providers)", rises),
        check_of("individually rational (providers)", losses),
    ]


def _finding(
    market: MatchingMarket, curve: ReportCurve, provider: int, name: str, truth: float
) -> Finding:
    truthful = curve.answers[truth]
    best = curve.best(truth, truth, truthful)
    return Finding(
        participant=name,
        side=PROVIDER,
        truth="asks its cost" if truth == 1.0 else f"asks {truth:.6g} times its stated cost",
        misreport=f"asks {best.witness:.12g} times its stated cost",
        truthful_utility=truthful.utility(truth),
        best_utility=best.utility,
        attained=best.attained,
        witness_utility=best.witness_utility,
        method=EXACT if curve.exact else SEARCH,
        scale=curve.scale(truth),
        counterexample=lambda: written_market(market.with_cost_factor(provider, best.witness)),
    )


def _curve(market: MatchingMarket, provider: int, truth: float) -> ReportCurve:
    """The stated cost of what ``provider`` serves, and its pay, at all factors on it."""
    own = market.costs[:, provider]
    # From here on nothing that costs anything is worth it.
    pays = market.allowed[:, provider] & (own > 0)
    with np.errstate(over="ignore"):
        worth = float((market.values[pays, provider] / own[pays]).max(initial=0.0))
    highest = max(truth, min(worth, MOST_FACTOR))

    def respond(factor: float) -> Answer:
        outcome = market.with_cost_factor(provider, factor).clear()
        served = outcome.match == provider
        return Answer(float(own[served].sum()), float(outcome.provider_receives[served].sum()))

    critical = _breakpoints(market, provider, highest)
    curve = explore(respond, 0.0, highest, critical, also=[truth])
    return curve if worth <= highest else replace(curve, exact=False)


def _breakpoints(market: MatchingMarket, provider: int, highest: float) -> list[float]:
    """The factors in [0, highest] at which the optimal matching gives the provider less."""
    own = market.costs[:, provider]

    def line(factor: float) -> Line:
        lied = market.with_cost_factor(provider, factor)
        match = max_weight_matching(lied.weights, lied.capacities)
        cost = float(own[match == provider].sum())
        return Line(_gain_but_for(market, provider, match), cost, cost)

    def probe(factors: Floats) -> Sequence[Line]:
        return [line(factor) for factor in factors.tolist()]

    envelope = lower_envelope(probe, line(0.0), 0.0, highest)
    return [drop.virtual_cost for drop in envelope.drops]


def _gain_but_for(market: MatchingMarket, provider: int, match: npt.NDArray[np.intp]) -> float:
    """Minus the welfare of ``match`` (requests,), without what the provider asks."""
    served = np.flatnonzero(match != UNMATCHED)
    gains = market.values[served, match[served]].copy()
    gains -= np.where(match[served] == provider, 0.0, market.costs[served, match[served]])
    return -float(gains.sum())
