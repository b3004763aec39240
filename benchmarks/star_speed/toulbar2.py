"""toulbar2, an exact solver of cost function networks, as a peer.

Nodes are variables, providers their values. Every node has a unary cost function, what it costs
to run it, and every edge a binary one, what it costs to send the context anew where the two
providers differ. Source: Hurley et al. (2016), "Multi-language evaluation of exact solvers in
graphical model discrete optimization".
"""

from __future__ import annotations

from importlib import import_module

import click
import numpy as np

from benchmarks.star_speed.prepared import Prepared
from market.workflow.allocation import AllocationProblem
from market.workflow.quantities import FloatArray, IntArray

#: toulbar2 adds up integers: this is what the best allocation of cold nodes costs in its units.
FEASIBLE_COST = 10**12


def prepare(problem: AllocationProblem, prices: FloatArray) -> Prepared:
    """The cost function network, all options as toulbar2 sets them.

    It is handed the cost of a feasible allocation as an upper bound, which makes it faster.
    """
    try:
        toulbar2 = import_module("pytoulbar2")
    except ModuleNotFoundError as error:
        raise click.ClickException("expected pytoulbar2: pip install -e '.[bench]'") from error
    tokens, domains = problem.tokens, problem.domains
    input_prices = prices * problem.input_ratio
    received = np.bincount(tokens.target, tokens.transfer, len(domains)) + tokens.entry_input
    feasible = sum(
        float((prices[own] * tokens.output[node] + input_prices[own] * received[node]).min())
        for node, own in enumerate(domains)
    )
    # Every cost function is rounded by at most half a unit.
    bound = FEASIBLE_COST + len(domains) + len(tokens.source)

    def units(cost: FloatArray) -> list[int]:
        scaled = np.rint(cost * (FEASIBLE_COST / feasible))
        rounded: list[int] = np.minimum(scaled, bound).astype(np.int64).ravel().tolist()
        return rounded

    network = toulbar2.CFN(bound)
    for node, own in enumerate(domains):
        network.AddVariable(f"n{node}", range(len(own)))
        cost = prices[own] * tokens.output[node] + input_prices[own] * tokens.entry_input[node]
        network.AddFunction([node], units(cost))
    edges = (tokens.source.tolist(), tokens.target.tolist(), tokens.transfer.tolist())
    for source, target, transfer in zip(*edges, strict=True):
        cost = input_prices[domains[target]] * transfer
        network.AddFunction(
            [source, target], units((domains[source][:, None] != domains[target]) * cost)
        )

    def solve() -> IntArray:
        found = network.Solve()
        if found is None:
            raise click.ClickException("toulbar2 found no allocation")
        values, _, _ = found
        return np.array([own[value] for own, value in zip(domains, values, strict=True)])

    return Prepared("toulbar2", solve)
