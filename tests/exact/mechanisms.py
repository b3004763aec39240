"""Every workflow mechanism, by its definition."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from tests.exact.ambiguous import only_least
from tests.exact.thresholds import (
    Piece,
    best_division,
    breakpoints,
    cost,
    exact_steps,
    greedy_allocation,
    greedy_steps,
    payment_usd,
    pieces,
)
from tests.exact.workflow import MILLION, Amounts, Auction, Division

#: What a provider's cost is of: the work that it runs, or the cold work of its nodes.
RUN, COLD = "run", "cold"


@dataclass(frozen=True)
class Cleared:
    """A cleared auction; ``before`` and ``after`` are what else the answer says, in its order."""

    auction: Auction
    division: Division
    payments_usd: Mapping[int, Fraction]
    status: str
    before: Mapping[str, Any] = field(default_factory=dict)
    after: Mapping[str, Any] = field(default_factory=dict)

    def answer(self) -> dict[str, Any]:
        """The answer in the form of ``walras solve``, its numbers fractions."""
        providers = self.auction.providers
        names = [providers[i].id for i in self.division.allocation]
        return {
            "status": self.status,
            **self.before,
            "allocation": dict(zip(self.auction.nodes, names, strict=True)),
            "quantities": _named(self.auction, self.division.run, winners(self.division)),
            "payments": {providers[i].id: paid for i, paid in self.payments_usd.items()},
            **self.after,
        }

    def utility_usd(self, provider: int, true_cost: Fraction, basis: str) -> Fraction:
        """What is left of its payment after its true cost of the work it runs, or of cold work."""
        work = (self.division.cold if basis == COLD else self.division.run)[provider]
        return self.payments_usd.get(provider, Fraction(0)) - true_cost * work / MILLION


def star(auction: Auction) -> Cleared:
    """The least virtual cost, and threshold payments."""
    division = best_division(auction, auction.virtual_costs)
    published = auction.options["workload"] == "published"
    curves = {
        i: pieces(auction.providers[i], exact_steps(auction, i, published=published))
        for i in winners(division)
    }
    return Cleared(
        auction,
        division,
        _threshold_payments(auction, curves),
        "optimal",
        {"virtual_cost": cost(division.run, auction.virtual_costs) / MILLION},
        {"breakpoints": _breakpoints(auction, curves), "solver": auction.options["solver"]},
    )


def greedy(auction: Auction) -> Cleared:
    """Node after node where it adds least, and threshold payments as if that were optimal."""
    division = auction.division(greedy_allocation(auction, auction.virtual_costs))
    curves = {i: pieces(auction.providers[i], greedy_steps(auction, i)) for i in winners(division)}
    return Cleared(
        auction,
        division,
        _threshold_payments(auction, curves),
        "cleared",
        after={"breakpoints": _breakpoints(auction, curves)},
    )


def pay_as_bid(auction: Auction) -> Cleared:
    """The least cost at the bids, which are paid."""
    division = best_division(auction, auction.bids)
    paid = {i: auction.bids[i] * division.run[i] / MILLION for i in winners(division)}
    return Cleared(auction, division, paid, "optimal")


def homogeneous(auction: Auction) -> Cleared:
    """One provider runs everything, bought in a second-price auction."""
    able = set.intersection(*map(set, auction.domains))
    alone = {i: auction.division((i,) * len(auction.nodes)) for i in able}
    winner, threshold = _second_price(auction, {i: alone[i].run[i] for i in able})
    paid = threshold * alone[winner].run[winner] / MILLION
    return Cleared(auction, alone[winner], {winner: paid}, "cleared")


def myopic(auction: Auction) -> Cleared:
    """Every node is bought cold, in a second-price auction of its own."""
    sales, paid = [], [Fraction(0)] * len(auction.providers)
    for node, domain in enumerate(auction.domains):
        work = {i: auction.work_at(node, i) for i in domain}
        winner, threshold = _second_price(auction, work)
        sales.append(winner)
        paid[winner] += threshold * work[winner] / MILLION
    division = auction.division(tuple(sales))
    return Cleared(
        auction,
        division,
        {i: paid[i] for i in winners(division)},
        "cleared",
        after={"cold_quantities": _named(auction, division.cold, winners(division))},
    )


def myopic_as_printed(auction: Auction) -> Cleared:
    """Every node goes to the lowest bid, at the second-lowest, for the work that is left to do."""
    sales = [
        _second_price(auction, dict.fromkeys(domain, Fraction(1))) for domain in auction.domains
    ]
    division = auction.division(tuple(winner for winner, _ in sales))
    paid = dict.fromkeys(winners(division), Fraction(0))
    for node, (winner, price) in enumerate(sales):
        paid[winner] += price * auction.work_at(node, winner, division.allocation) / MILLION
    return Cleared(auction, division, paid, "cleared")


#: By the name that a problem asks for them by.
MECHANISMS: Mapping[str, Callable[[Auction], Cleared]] = {
    rule.__name__: rule
    for rule in (star, greedy, pay_as_bid, homogeneous, myopic, myopic_as_printed)
}


def clear_workflow(auction: Auction) -> Cleared:
    """What the mechanism in the options of ``auction`` does."""
    return MECHANISMS[auction.options["mechanism"]](auction)


def winners(division: Division) -> list[int]:
    """The positions of the providers that run a node, ascending."""
    return sorted(set(division.allocation))


def _second_price(auction: Auction, work: Mapping[int, Fraction]) -> tuple[int, Fraction]:
    """Who asks least for its own ``work``, and the bid at which it would lose.

    At most the top of its prior, unless there is no reserve.
    """
    winner = only_least(work, lambda i: auction.bids[i] * work[i])
    rivals = [auction.bids[i] * work[i] / work[winner] for i in work if i != winner]
    if auction.options["reserve"] == "support_top":
        rivals.append(auction.providers[winner].prior.high)
    return winner, min(rivals)


def _threshold_payments(
    auction: Auction, curves: Mapping[int, Sequence[Piece]]
) -> dict[int, Fraction]:
    reserve = auction.options["reserve"]
    return {i: payment_usd(auction.providers[i], curve, reserve) for i, curve in curves.items()}


def _breakpoints(auction: Auction, curves: Mapping[int, Sequence[Piece]]) -> dict[str, Any]:
    return {auction.providers[i].id: breakpoints(curve) for i, curve in curves.items()}


def _named(auction: Auction, amounts: Amounts, wanted: Iterable[int]) -> dict[str, Fraction]:
    return {auction.providers[i].id: amounts[i] for i in wanted}
