"""Workflows as demand: graphs at regular rounds, their lengths varied."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from hubs.settlement import realized_workflow
from market import seeding
from market.errors import BadInput
from market.workflow import Workflow
from orchestrator.demand.paper_workflows import PAPER_WORKFLOWS, random_workflow

RANDOM = "random"
RANDOM_DIFFICULTY = 3
WORKFLOW_NAMES = (*PAPER_WORKFLOWS, RANDOM)

#: Makes a workflow, at random or always the same.
Graph = Callable[[np.random.Generator], Workflow]


def named_graphs(names: Sequence[str]) -> list[tuple[str, Graph]]:
    """The paper's workflows and random ones, by name."""
    return [
        (name, random_workflow if name == RANDOM else _always(PAPER_WORKFLOWS[name]()))
        for name in names
    ]


def graphs_of(workflows: Sequence[Workflow], name: str) -> list[tuple[str, Graph]]:
    """The workflows of a file, numbered where there are several."""
    many = len(workflows) > 1
    return [
        (f"{name}-{number}" if many else name, _always(workflow))
        for number, workflow in enumerate(workflows)
    ]


def _always(workflow: Workflow) -> Graph:
    return lambda rng: workflow


@dataclass(frozen=True, slots=True)
class WorkflowArrival:
    """A workflow that has arrived. ``execution_scale`` shrinks what is executed of it.

    The lengths in ``workflow`` are what is expected; ``length_tokens`` is by node the output that
    one run turns out to have, which no hub knows before the node is done.
    """

    request: str
    name: str
    arrival_s: float
    workflow: Workflow
    execution_scale: float
    length_tokens: Mapping[str, float]

    def realized_tokens(self, node: str) -> float:
        """The output of all runs of a node."""
        return self.length_tokens[node] * self.workflow.node_executions[self.workflow.index[node]]


def workflow_arrivals(
    graphs: Sequence[tuple[str, Graph]],
    every_s: float,
    horizon_s: float,
    length_noise: float,
    execution_scale: float,
    seed: int,
    source: str,
    realized_noise: float = 0.0,
    declared: float = 1.0,
) -> Iterator[WorkflowArrival]:
    """One workflow every ``every_s`` seconds, the ``graphs`` in turn, up to the horizon.

    Every output length is perturbed by up to ``length_noise`` either way (STAR, App. D.2), and
    the transfers out of a node with it. That is what is expected and auctioned; what a node turns
    out to write is off by up to ``realized_noise`` either way, by a draw of its own. A buyer that
    lies declares its lengths, external input apart, ``declared`` times what it expects.

    Raises:
        BadInput: a length so perturbed or declared is out of bounds.
    """
    number = 0
    while (number + 0.5) * every_s <= horizon_s:
        request = f"{source}-{number:05d}"
        name, graph = graphs[number % len(graphs)]
        rng = seeding.stream(seed, "workflow", request)
        try:
            workflow = perturbed(graph(rng), length_noise, rng)
            lengths = realized_lengths(workflow, realized_noise, seed, request)
            if declared != 1:
                every = [declared] * len(workflow.nodes), [declared] * len(workflow.edges)
                workflow = workflow.scaled(*every)
        except BadInput as error:  # a length was just below the bound
            noise = max(length_noise, realized_noise)
            changed = f"varied by up to {noise:g}" + (
                f", times {declared:g}" if declared != 1 else ""
            )
            raise error.inside(f"{name}, its lengths {changed}") from None
        arrival_s = (number + 0.5) * every_s
        yield WorkflowArrival(request, name, arrival_s, workflow, execution_scale, lengths)
        number += 1


def realized_lengths(
    workflow: Workflow, noise: float, seed: int, request: str
) -> Mapping[str, float]:
    """By node, the expected output times 1 + U(-noise, noise), in whole tokens; 0 stays 0.

    The rounding favours neither side of a whole number, so the expectation is the mean.
    Raises ``BadInput`` where a length or a transfer so changed is out of bounds.
    """
    lengths = {node.id: node.output_tokens for node in workflow.nodes}
    if noise > 0:
        rng = seeding.stream(seed, "realized lengths", request)
        factors = rng.uniform(1 - noise, 1 + noise, len(lengths)).tolist()
        lengths = {
            name: float(round(length * factor))
            for (name, length), factor in zip(lengths.items(), factors, strict=True)
        }
        realized_workflow(workflow, lengths)
    return lengths


def perturbed(workflow: Workflow, noise: float, rng: np.random.Generator) -> Workflow:
    """The workflow with each node's lengths and outgoing transfers scaled by 1 +- ``noise``."""
    factors = dict(
        zip(
            (node.id for node in workflow.nodes),
            rng.uniform(1 - noise, 1 + noise, len(workflow.nodes)).tolist(),
            strict=True,
        )
    )
    nodes = tuple(
        replace(node, output_tokens=float(round(node.output_tokens * factors[node.id])))
        for node in workflow.nodes
    )
    edges = tuple(
        replace(edge, transfer_tokens=float(round(edge.transfer_tokens * factors[edge.source])))
        for edge in workflow.edges
    )
    return Workflow(nodes, edges)


def highest_difficulty(name: str) -> int:
    """The highest difficulty of any node of the named graph."""
    if name == RANDOM:
        return RANDOM_DIFFICULTY
    return max(node.difficulty or 1 for node in PAPER_WORKFLOWS[name]().nodes)
