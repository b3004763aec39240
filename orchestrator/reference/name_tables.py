"""Tables of the names that a scenario can give: mechanisms, routers, profiles, workflows."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterable, Sequence

from agents.engine.profiles import ENGINE_PROFILES
from hubs.clustering import CLUSTERINGS
from hubs.mechanisms import MECHANISMS, ROUTERS, TRUTHFUL
from hubs.routing import ROUTINGS
from market.workflow.mechanisms import MECHANISMS as WORKFLOW_MECHANISMS
from orchestrator.demand.paper_workflows import PAPER_WORKFLOWS
from orchestrator.demand.workflow_tape import RANDOM, highest_difficulty

Table = Callable[[], str]


def markdown_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; what would end a cell is escaped."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(
        "| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines
    )


def _first_line(documented: object) -> str:
    return inspect.cleandoc(documented.__doc__ or "").split("\n")[0].replace("``", "`")


def _yes(truth: bool) -> str:
    return "yes" if truth else "no"


def _mechanisms() -> str:
    rows = []
    for name, maker in MECHANISMS.items():
        truthful = TRUTHFUL[name]
        about = _first_line(ROUTERS.get(name, maker))
        sides = _yes(truthful.clients), _yes(truthful.providers)
        rows.append((f"`{name}`", "router" if name in ROUTERS else "auction", *sides, about))
    head = ("Name", "Sort", "Truthful for clients", "Truthful for providers", "What it does")
    return markdown_table(head, rows)


def _workflow_mechanisms() -> str:
    rows = []
    for name, rule in WORKFLOW_MECHANISMS.items():
        about = _first_line(sys.modules[rule.buy.__module__]).partition(": ")[2]
        rows.append((f"`{name}`", _yes(rule.truthful), about[:1].upper() + about[1:]))
    return markdown_table(("Name", "Truthful", "What it does"), rows)


def _clusterings() -> str:
    rows = [(f"`{name}`", _first_line(one)) for name, one in CLUSTERINGS.items()]
    return markdown_table(("Name", "Which providers share a hub"), rows)


def _routings() -> str:
    rows = [(f"`{name}`", _first_line(one)) for name, one in ROUTINGS.items()]
    return markdown_table(("Name", "Which hub a new dialogue goes to"), rows)


def _profiles() -> str:
    rows = []
    for name, one in ENGINE_PROFILES.items():
        power = "unknown" if one.power_w is None else f"{one.power_w:g}"
        sizes = (one.gpus, one.kv_blocks, one.block_size, one.max_model_len, one.max_num_seqs)
        rows.append((f"`{name}`", *map(str, sizes), power, one.source))
    head = ("Name", "GPUs", "KV blocks", "Tokens a block", "Longest prompt and answer, tokens")
    return markdown_table((*head, "Requests together", "Power, watts", "Source"), rows)


def _workflows() -> str:
    rows = []
    for name, make in PAPER_WORKFLOWS.items():
        one = make()
        nodes, edges = str(len(one.nodes)), str(len(one.edges))
        rows.append((f"`{name}`", nodes, edges, str(highest_difficulty(name))))
    rows.append((f"`{RANDOM}`", "drawn", "drawn", str(highest_difficulty(RANDOM))))
    return markdown_table(("Name", "Nodes", "Edges", "Highest difficulty"), rows)


_TRUTHFUL = "Truthful means: within one clearing, nobody gains by a report other than the truth."

#: By heading, the key or keys that take the names, with what else there is to say; and the table.
NAME_TABLES: dict[str, tuple[str, Table]] = {
    "Mechanisms": (f"`hubs.mechanism` and `compare`. {_TRUTHFUL}", _mechanisms),
    "Workflow mechanisms": (
        "`hubs.workflow.mechanism`. Truthful means: for providers, within one auction.",
        _workflow_mechanisms,
    ),
    "Clusterings": ("`hubs.cluster`.", _clusterings),
    "Routings": ("`hubs.routing`.", _routings),
    "Engine profiles": ("`profile` of an engine.", _profiles),
    "Workflows": ("`names` of a source of workflows.", _workflows),
}
