"""What the seed decides and nothing else: drawn once more, and compared."""

from __future__ import annotations

from agents.provider_group import roster
from agents.strategy import Truthful
from market.errors import BadInput
from market.messages import Valuation
from orchestrator.analysis.logged_run import Rows
from orchestrator.assembly import Market, assemble
from orchestrator.faults.events import (
    CRASH,
    DRAWN,
    HANG,
    HUB,
    HUNG,
    LISTED,
    LOST,
    PROVIDER,
)
from orchestrator.faults.plan import FaultPlan
from orchestrator.log.rows import provider_rows
from orchestrator.verify.findings import Findings, same
from orchestrator.verify.trial_log import TrialLog

#: How a provider is absent in the round of a fault, whether that or an earlier one made it so.
ABSENCES = {CRASH: (LOST,), HANG: (HUNG, LOST)}


def drawn_again(log: TrialLog) -> Market | None:
    """The trial's participants; None where a file that the scenario names is not there any more."""
    try:
        return assemble(log.scenario, log.trial)
    except (BadInput, OSError):
        return None


def providers_are_those_of_the_seed(log: TrialLog, market: Market, found: Findings) -> None:
    """Everything that providers declare, and the hub that owns them."""
    expected: Rows = [row._asdict() for row in provider_rows(log.trial, market)]
    rows = log.tables["providers"]
    if len(rows) != len(expected):
        found.add("providers", {}, "", f"{len(rows)} rows", f"{len(expected)}")
        return
    for row, drawn in zip(rows, expected, strict=True):
        for column, value in drawn.items():
            found.expect("providers", row, column, value)


def clients_are_those_of_the_seed(log: TrialLog, market: Market, found: Findings) -> None:
    """Who owns a dialogue or a workflow, and what answers are truly worth to it."""
    for row in log.tables["requests"]:
        client = market.clients.client_of(row["dialogue"])
        if found.expect("requests", row, "client", client):
            truth = market.clients[client].valuation
            for field in Valuation.__slots__:
                found.expect("requests", row, f"true_{field}", getattr(truth, field))
    for table in ("workflows", "auctions"):
        for row in log.tables[table]:
            first = row["workflow"].split("~")[0]
            found.expect(table, row, "client", market.clients.client_of(first))


def reports_are_factors_of_the_truth(log: TrialLog, market: Market, found: Findings) -> None:
    """A client reports its weight, and both worths times one factor; 1 where it is truthful."""
    clients = log.scenario.clients
    for row in log.tables["requests"]:
        found.expect("requests", row, "reported_quality_weight", row["true_quality_weight"])
        names = ("quality_usd", "latency_usd_per_s")
        if clients.strategy_of(row["client"]).kind == "truthful":
            for name in names:
                found.expect("requests", row, f"reported_{name}", row[f"true_{name}"])
            continue
        shares = [
            row[f"reported_{name}"] / row[f"true_{name}"] for name in names if row[f"true_{name}"]
        ]
        if shares and not same(shares[0], shares[-1], near=1e-12):
            told = f"{shares[-1]!r} times the truth, as the other worth"
            found.add("requests", row, "reported_quality_usd", row["reported_quality_usd"], told)


def truthful_bids_are_the_costs(log: TrialLog, market: Market, found: Findings) -> None:
    """Whoever bids the truth bids its cost, for chat and for workflows."""
    groups = roster(log.scenario.providers)
    truthful = {name for name in groups if groups[name].strategy_of(name).kind == Truthful().kind}
    for row in log.tables["bids"]:
        if row["provider"] in truthful:
            for column in ("chat_bid", "workflow_bid"):
                found.expect("bids", row, column, row["true_cost"])


def faults_are_those_in_store(log: TrialLog, market: Market, found: Findings) -> None:
    """What is said to be drawn or listed is, and what is befalls whoever is there for it."""
    plan = FaultPlan(log.scenario, market)
    told = {
        (row["round"], row["participant"], row["name"], row["event"]): row
        for row in log.tables["faults"]
        if row["cause"] in (DRAWN, LISTED)
    }
    for round_ in range(1, log.last_round + 1):
        for fault in plan.of_providers(round_):
            row = told.pop((round_, PROVIDER, fault.name, fault.event), None)
            bid = log.bids[round_, fault.name]
            if row is not None:
                found.expect("faults", row, "cause", fault.cause)
            elif bid["absence"] not in ABSENCES[fault.event]:
                expected = f"an absence by the {fault.event} that is {fault.cause}"
                found.add("bids", bid, "absence", bid["absence"], expected)
        for hub, cause in plan.of_hubs(round_).items():
            row = told.pop((round_, HUB, hub, CRASH), None)
            if row is None:
                at = {"round": round_, "participant": HUB, "name": hub, "event": CRASH}
                found.add("faults", at, "", "no row", f"one, as it is {cause}")
            else:
                found.expect("faults", row, "cause", cause)
    for row in told.values():
        found.add("faults", row, "cause", row["cause"], "another, as it is not in store")
