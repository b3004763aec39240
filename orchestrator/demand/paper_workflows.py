"""The workflows of the STAR paper's evaluation, and random ones like them.

Source: STAR, appendix D, tables 3-6 and figures 1-4. What passes along an edge (u, v) is not
stated: section 4.2 names the output, state variables and cumulative contexts. By default it is
T_uv = L_in(v) L_u / (sum of L over the parents of v), which fits the tables: a parent's whole
output where the input is no summary, and its share of the summary elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, Protocol

import numpy as np

from market.fields import Fields
from market.workflow import Edge, Node, Workflow


class _Row(NamedTuple):
    """One row of a table: ``size`` nodes of one role, lengths in thousands of tokens.

    Every node has all nodes of the roles in ``after`` as parents; with ``dealt``, one of them,
    the nodes being dealt to the parents in equal runs.
    """

    role: str
    size: int
    difficulty: int
    input_k: int
    output_k: int
    after: tuple[str, ...] = ()
    dealt: bool = False


class _Passing(NamedTuple):
    """An edge (u, v) before its tokens are known; lengths in tokens, from the tables.

    ``parents_output`` is the sum over all parents of v.
    """

    parent_input: float
    parent_output: float
    parents_output: float
    child_input: float


#: What passes along an edge, by rule: a share of the child's input, all that the parent wrote,
#: or all that the parent read and wrote.
TRANSFERS: Mapping[str, Callable[[_Passing], float]] = {
    "input_share": lambda edge: edge.child_input * edge.parent_output / edge.parents_output,
    "parent_output": lambda edge: edge.parent_output,
    "parent_context": lambda edge: edge.parent_input + edge.parent_output,
}


def s1(cycles: int = 1, *, transfer: str = "input_share") -> Workflow:
    """Chain of broadcasters (creative writing), table 3 and figure 1.

    The paper draws five cycles of aggregation and revision but states no count for its
    experiments; the counts of table 3 are those of one cycle. Every further cycle aggregates what
    the revisers before it wrote.
    """
    rows = [
        _Row("brainstorm", 1, 3, 2, 30),
        _Row("writer", 8, 3, 30, 40, ("brainstorm",)),
    ]
    written: tuple[str, ...] = ("writer",)
    for cycle in range(1, cycles + 1):
        aggregator, polish, content = (
            f"{role}_c{cycle}" if cycles > 1 else role
            for role in ("aggregator", "reviser_polish", "reviser_content")
        )
        rows += [
            _Row(aggregator, 1, 1, 320, 300, written),
            _Row(polish, 4, 1, 300, 35, (aggregator,)),
            _Row(content, 4, 3, 300, 35, (aggregator,)),
        ]
        written = (polish, content)
    return _workflow([*rows, _Row("final_editor", 1, 3, 35, 10, written)], transfer)


def s2(*, transfer: str = "input_share") -> Workflow:
    """Nested fan-out (software engineering), table 4 and figure 2: three files per module."""
    modules = ("module_core", "module_api", "module_utils")
    files = ("file_main", "file_types")
    return _workflow(
        [
            _Row("scanner", 1, 1, 1, 3),
            _Row("analyzer", 1, 2, 3, 5, ("scanner",)),
            _Row("planner", 1, 3, 5, 8, ("analyzer",)),
            _Row("spec_generator", 1, 1, 8, 350, ("planner",)),
            _Row("module_core", 1, 3, 350, 25, ("spec_generator",)),
            _Row("module_api", 7, 2, 350, 25, ("spec_generator",)),
            _Row("module_utils", 2, 1, 350, 25, ("spec_generator",)),
            _Row("file_main", 10, 3, 25, 15, modules, dealt=True),
            _Row("file_types", 20, 1, 25, 15, modules, dealt=True),
            _Row("merger", 1, 1, 30, 15, files),
            _Row("tester", 1, 2, 15, 8, ("merger",)),
        ],
        transfer,
    )


def s3(*, transfer: str = "input_share") -> Workflow:
    """Tree-structure fan-out (web development), table 5 and figure 3."""
    return _workflow(
        [
            _Row("architect", 1, 2, 2, 10),
            _Row("spec_writer", 1, 1, 10, 300, ("architect",)),
            _Row("lead_frontend", 1, 2, 300, 50, ("spec_writer",)),
            _Row("lead_backend", 1, 2, 300, 40, ("spec_writer",)),
            _Row("lead_interactive", 1, 2, 300, 30, ("spec_writer",)),
            _Row("dev_frontend", 5, 1, 50, 15, ("lead_frontend",)),
            _Row("dev_backend", 4, 2, 40, 20, ("lead_backend",)),
            _Row("dev_interactive", 3, 3, 30, 15, ("lead_interactive",)),
        ],
        transfer,
    )


def s4(*, transfer: str = "input_share") -> Workflow:
    """Hourglass (legal discovery), table 6 and figure 4."""
    analysts = ("analyst_clause", "analyst_liability")
    strategists = ("strategist_aggressive", "strategist_defensive", "strategist_settlement")
    return _workflow(
        [
            _Row("expert_assessment", 1, 3, 2, 5),
            _Row("case_retriever", 1, 1, 5, 400, ("expert_assessment",)),
            _Row("analyst_clause", 3, 1, 400, 35, ("case_retriever",)),
            _Row("analyst_liability", 2, 2, 400, 20, ("case_retriever",)),
            _Row("aggregator", 1, 1, 145, 80, analysts),
            *(_Row(strategist, 1, 2, 80, 20, ("aggregator",)) for strategist in strategists),
            _Row("expert_synthesis", 1, 3, 60, 10, strategists),
        ],
        transfer,
    )


class PaperWorkflow(Protocol):
    """Makes one of the paper's workflows."""

    def __call__(self, *, transfer: str = "input_share") -> Workflow:
        """The workflow, with what passes along its edges by a rule of ``TRANSFERS``.

        Raises ``BadInput`` where there is no such rule.
        """


#: The paper's workflows by the names it gives them.
PAPER_WORKFLOWS: Mapping[str, PaperWorkflow] = {"S1": s1, "S2": s2, "S3": s3, "S4": s4}


def _workflow(rows: Sequence[_Row], transfer: str) -> Workflow:
    passed = TRANSFERS[Fields({"transfer": transfer}, "").choice("transfer", tuple(TRANSFERS))]
    nodes: list[Node] = []
    edges: list[Edge] = []
    members: dict[str, list[Node]] = {}
    read: dict[str, float] = {}
    for row in rows:
        candidates = [parent for role in row.after for parent in members[role]]
        members[row.role] = []
        for position in range(row.size):
            parents = candidates
            if row.dealt:
                parents = [candidates[position * len(candidates) // row.size]]
            node = Node(
                id=f"{row.role}_{position + 1}" if row.size > 1 else row.role,
                output_tokens=1e3 * row.output_k,
                input_tokens=0.0 if parents else 1e3 * row.input_k,
                difficulty=row.difficulty,
            )
            members[row.role].append(node)
            nodes.append(node)
            read[node.id] = 1e3 * row.input_k
            available = sum(parent.output_tokens for parent in parents)
            for parent in parents:
                ends = _Passing(read[parent.id], parent.output_tokens, available, 1e3 * row.input_k)
                edges.append(Edge(parent.id, node.id, passed(ends)))
    return Workflow(tuple(nodes), tuple(edges))


def random_workflow(
    rng: np.random.Generator,
    *,
    layers: int = 4,
    width: int = 4,
    median_output_tokens: float = 10_000.0,
    feedback_probability: float = 0.2,
) -> Workflow:
    """A layered directed acyclic graph, at times with one loop.

    Up to ``width`` nodes a layer, each with one or two parents in the layer before; output
    lengths log-normal (a heavy tail: one in twenty is five times the median), difficulties 1-3.
    With ``feedback_probability`` a node below the first layer feeds back to one of its parents,
    for two to four iterations.
    """
    nodes: list[Node] = []
    edges: list[Edge] = []
    previous: list[Node] = []
    for layer in range(layers):
        current = []
        for position in range(int(rng.integers(1, width + 1))):
            node = Node(
                id=f"n{layer}_{position}",
                output_tokens=float(np.rint(median_output_tokens * rng.lognormal())),
                input_tokens=0.0 if previous else float(rng.integers(500, 5_000)),
                difficulty=int(rng.integers(1, 4)),
            )
            parents = rng.permutation(len(previous))[: int(rng.integers(1, 3))]
            edges += [
                Edge(previous[parent].id, node.id, previous[parent].output_tokens)
                for parent in sorted(parents.tolist())
            ]
            current.append(node)
        nodes += current
        previous = current
    if edges and rng.random() < feedback_probability:
        closed = edges[int(rng.integers(len(edges)))]
        output = {node.id: node.output_tokens for node in nodes}
        iterations = int(rng.integers(2, 5))
        edges.append(Edge(closed.target, closed.source, output[closed.target], iterations))
    return Workflow(tuple(nodes), tuple(edges))
