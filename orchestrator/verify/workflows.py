"""Every workflow's auction, held again with another solver, and paid for what was logged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from market.errors import BadInput, TooCostly, WalrasError
from market.money import TOKENS_PER_MTOK, nano_usd
from market.workflow import Offer, StarOptions, StarOutcome, Workflow
from market.workflow.allocation import AllocationProblem, AllocationSolver, allocation_problem
from market.workflow.dominance import Front
from market.workflow.interval_splitting import interval_splitting
from market.workflow.mechanisms import MECHANISMS, Outcome
from market.workflow.offer import admitted
from market.workflow.payments import bid_breakpoints, payment_usd
from market.workflow.quantities import FloatArray, IntArray, total_usd
from market.workflow.quantity_curve import QuantityCurve
from market.workflow.solvers import choose_solver
from market.workflow.star import WORKLOADS
from orchestrator.analysis.logged_run import LoggedRun
from orchestrator.analysis.replay import LoggedAuction, workflow_auction
from orchestrator.verify.coverage import Coverage
from orchestrator.verify.findings import Findings
from orchestrator.verify.trial_log import TrialLog

#: Optima of two solvers agree by a relative error; so do payments, but for one nano-USD.
OPTIMUM = 1e-9
PAYMENT = 1e-9

#: A bisection knows a threshold but for its tolerance, whose end a solver's rounding can move.
BISECTED = 1e-5

#: Pairs of a node and a provider up to which ``sampled`` payments are of all winners by the other
#: solver; of a larger auction one winner is drawn, and the rest are by the run's own solver.
FEW_PAIRS = 300


@dataclass(frozen=True)
class LoggedPurchase:
    """What one auction bought: the allocation (nodes,) is of positions of admitted offers."""

    workflow: Workflow
    offers: tuple[Offer, ...]
    problem: AllocationProblem
    allocation: IntArray
    options: StarOptions

    @classmethod
    def of(
        cls,
        workflow: Workflow,
        offers: Sequence[Offer],
        where: dict[str, str],
        options: StarOptions,
    ) -> LoggedPurchase:
        """From who runs each node; raises ``BadInput`` where it is none who was admitted."""
        bidders = admitted(offers, options.reserve)
        place = {offer.provider: position for position, offer in enumerate(bidders)}
        problem = allocation_problem(workflow, bidders, **options.charges)
        for node in workflow.nodes:
            if where[node.id] not in place:
                raise BadInput(f"node {node.id!r}", f"expected a bidder, got {where[node.id]!r}")
        allocation = np.array([place[where[node.id]] for node in workflow.nodes], dtype=np.intp)
        return cls(workflow, bidders, problem, allocation, options)

    @property
    def incapable(self) -> str | None:
        """A node whose provider cannot do it; None where all can."""
        for position, node in enumerate(self.workflow.nodes):
            if not self.problem.capable[self.allocation[position], position]:
                return node.id
        return None

    @cached_property
    def quantity(self) -> FloatArray:
        """(offers,), what each runs."""
        quantity: FloatArray = self.problem.quantities(self.allocation[None])[0]
        return quantity

    @property
    def winners(self) -> list[int]:
        """Positions of who runs a node."""
        found: list[int] = np.unique(self.allocation).tolist()
        return found

    def best(self, prices: FloatArray, solver: str) -> tuple[float, str]:
        """The least cost at ``prices`` by a solver, USD; and which solver that was in the end."""
        market = self._front(prices)
        chosen = _solver(solver, [market])(market)
        (allocation,) = chosen.allocate(prices[None])
        (quantity,) = self.problem.quantities(allocation[None])
        return total_usd(prices, quantity), chosen.name

    def other_solver(self, prices: FloatArray) -> str:
        """The one that the run did not buy with, where the log does not say which it was."""
        market = self._front(prices)
        used = choose_solver(self.options.solver, [market])(market).name
        return _other(used)

    def star_payment(self, winner: int, prices: FloatArray, solver: str) -> tuple[float, str]:
        """STAR's payment of a winner for the logged allocation, USD; and which solver that was."""
        front = Front.of(self.problem, prices)
        around = self.problem.among(np.append(front.without(winner), winner))
        offer = self.offers[winner]
        workload = WORKLOADS[self.options.workload]
        made: AllocationSolver = _solver(solver, [around])(around)
        curve = QuantityCurve(made, prices, winner, offer, self.allocation, workload)
        if self.options.payment_method == "bisection":
            lost = interval_splitting(curve.paid_at, offer.bid, curve.paid_now, offer.prior.high)
        else:
            envelope = curve.envelope()
            lost = bid_breakpoints(offer, envelope), envelope.retained
        return payment_usd(offer, *lost, self.options.reserve), made.name

    def _front(self, prices: FloatArray) -> AllocationProblem:
        """With only those who may be needed at some prices."""
        return self.problem.among(Front.of(self.problem, prices).members)


def _other(solver: str) -> str:
    return "elimination" if solver == "highs" else "highs"


def _solver(name: str, problems: Sequence[AllocationProblem]) -> Any:
    """A solver by name; HiGHS where elimination would take too long."""
    try:
        return choose_solver(name, problems)
    except TooCostly:
        return choose_solver("highs", problems)


class WorkflowCheck:
    """Checks the auctions of one trial.

    Args:
        run: the log.
        log: the trial's.
        payments: one of ``PAYMENT_CHECKS``.
        found: takes what does not hold.
        coverage: takes what was checked.
    """

    def __init__(
        self, run: LoggedRun, log: TrialLog, payments: str, found: Findings, coverage: Coverage
    ):
        self._run = run
        self._log = log
        self._payments = payments
        self._found = found
        self._coverage = coverage
        self._hub = log.scenario.hubs.workflow

    def check(self, auction: dict[str, Any]) -> None:
        """Check one auction, a row of the log."""
        name = auction["workflow"]
        self._found.begin("the allocation reaches the optimum")
        logged = workflow_auction(self._run, self._log.trial, name)
        where = {node["node"]: node["provider"] for node in self._log.nodes[name]}
        try:
            bought = LoggedPurchase.of(logged.workflow, logged.offers, where, self._hub.options)
        except WalrasError as error:
            self._found.add("auctions", auction, "bidders", str(error), "who can do all of it")
            return
        self._coverage.note("workflow auctions")
        if (node := bought.incapable) is not None:
            row = next(row for row in self._log.nodes[name] if row["node"] == node)
            self._found.add("nodes", row, "provider", row["provider"], "one that can do it")
            return
        if self._hub.mechanism == "star":
            self._star(auction, bought, logged)
            return
        is_ours = self._hub.mechanism in MECHANISMS
        if is_ours and self._hub.rule.minimises is not None:
            self._expect_of_star(auction, None)
            self._pay_as_bid(auction, bought, logged)
            return
        options = replace(self._hub.options, solver="auto") if is_ours else self._hub.options
        again = self._hub.rule.buy(logged.workflow, logged.offers, options)
        self._expect_of_star(auction, again if isinstance(again, StarOutcome) else None)
        self._by_rule(auction, logged, where, again)
        if not is_ours:
            reason = (
                f"{self._hub.mechanism} is a plug-in's: only that it decides so again is checked"
            )
            self._coverage.leave_out("optima and reserves of workflows", reason)

    def _expect_of_star(self, auction: dict[str, Any], outcome: StarOutcome | None) -> None:
        """What only STAR has to say."""
        cost, solver = (outcome.virtual_cost_usd, outcome.solver) if outcome else (None, None)
        self._found.expect("auctions", auction, "virtual_cost_usd", cost)
        self._found.expect("auctions", auction, "solver", solver)

    def _star(self, auction: dict[str, Any], bought: LoggedPurchase, logged: LoggedAuction) -> None:
        prices = np.array([offer.virtual_cost for offer in bought.offers], dtype=np.float64)
        cost = total_usd(prices, bought.quantity)
        self._found.expect("auctions", auction, "virtual_cost_usd", cost, near=1e-12)
        used = auction["solver"]
        fixed = self._hub.solver
        wanted = ("elimination", "highs") if fixed == "auto" else (fixed,)
        known = used in wanted
        self._found.require(known, "auctions", auction, "solver", " or ".join(wanted))
        other = _other(used)
        if not self._is_best(auction, bought, prices, other, "virtual_cost_usd", cost):
            return
        self._found.begin("payments and prices follow from the allocation")
        again = self._solved_again(auction, bought)
        near = BISECTED if bought.options.payment_method == "bisection" else PAYMENT
        for winner in bought.winners:
            asked = other if winner in again else used
            paid_usd, solver = bought.star_payment(winner, prices, asked)
            paid = nano_usd(paid_usd)
            self._paid(auction, bought.offers[winner].provider, paid, logged, near)
            whose = "the other solver" if solver == other else "the run's own solver"
            self._coverage.note(f"thresholds of workflows by {whose}")

    def _solved_again(self, auction: dict[str, Any], bought: LoggedPurchase) -> list[int]:
        """The winners whose thresholds are found by the other solver."""
        if self._payments == "none":
            return []
        few = sum(bought.problem.domain_sizes) <= FEW_PAIRS
        if few or self._payments == "all":
            return bought.winners
        return [bought.winners[auction["round"] % len(bought.winners)]]

    def _pay_as_bid(
        self, auction: dict[str, Any], bought: LoggedPurchase, logged: LoggedAuction
    ) -> None:
        bids = np.array([offer.bid for offer in bought.offers], dtype=np.float64)
        cost = total_usd(bids, bought.quantity)
        other = bought.other_solver(bids)
        if self._is_best(auction, bought, bids, other, "payment_nano", cost):
            self._found.begin("payments and prices follow from the allocation")
            for winner in bought.winners:
                paid = nano_usd(bids[winner] * bought.quantity[winner] / TOKENS_PER_MTOK)
                self._paid(auction, bought.offers[winner].provider, paid, logged, PAYMENT)
                self._coverage.note("payments of workflows by their rule")

    def _is_best(
        self,
        auction: dict[str, Any],
        bought: LoggedPurchase,
        prices: FloatArray,
        solver: str,
        column: str,
        cost: float,
    ) -> bool:
        best, used = bought.best(prices, solver)
        self._coverage.note(f"optima of workflows by {used}")
        holds = cost <= best + OPTIMUM * abs(best)
        if not holds:
            self._found.add("auctions", auction, column, cost, f"{best!r} by {used}")
        return holds

    def _by_rule(
        self, auction: dict[str, Any], logged: LoggedAuction, where: dict[str, str], again: Outcome
    ) -> None:
        """A rule without an optimum has decided again; its ties fall by the canonical order."""
        for row in self._log.nodes[auction["workflow"]]:
            self._found.expect("nodes", row, "provider", again.allocation[row["node"]])
        if dict(again.allocation) == where:
            for provider, paid in again.payments_usd.items():
                self._paid(auction, provider, nano_usd(paid), logged, PAYMENT)
                self._coverage.note("payments of workflows by their rule")

    def _paid(
        self,
        auction: dict[str, Any],
        provider: str,
        expected: int,
        logged: LoggedAuction,
        near: float,
    ) -> None:
        """Payments are of doubles: they agree but for a nano-USD, and a relative error."""
        award = self._log.awards[auction["workflow"], provider]
        paid = logged.payments_nano[provider]
        if abs(paid - expected) > 1 + near * abs(expected):
            self._found.add("awards", award, "client_pays_nano", paid, str(expected))
