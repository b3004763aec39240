"""What an audit of a run leaves out, and why: nothing is passed over in silence."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass

import pyarrow.compute as pc

from hubs.mechanisms import is_router, truthful_for
from orchestrator.analysis.logged_run import LoggedRun
from orchestrator.audit.clearings import AUCTIONS, chat_places, workflow_places
from orchestrator.runs.directory import COMPARED
from orchestrator.runs.run_file import RUN_FILE


@dataclass(frozen=True)
class NotChecked:
    """So many of a kind that were not audited, and the reason."""

    count: int
    what: str
    reason: str

    @property
    def line(self) -> str:
        """One line for a person."""
        return f"not checked: {self.count} {self.what} ({self.reason})"

    def as_json(self) -> str:
        """One line of JSON."""
        return json.dumps({"not_checked": asdict(self)})


def not_checked(run: LoggedRun, limit: int | None) -> Iterator[NotChecked]:
    """What an audit of the ``limit`` largest clearings of each kind leaves out."""
    yield from _chat(run)
    for what, places in (
        ("chat clearings", len(chat_places(run))),
        ("workflow auctions", len(workflow_places(run))),
    ):
        if limit is not None and places > limit:
            yield NotChecked(places - limit, what, f"smaller than the {limit} of --limit")
    for arm in sorted((run.path / COMPARED).glob("*")):
        if (arm / RUN_FILE).is_file():
            reason = f"audit {arm} by itself"
            yield NotChecked(1, f"comparison, {arm.name}", reason)


def _chat(run: LoggedRun) -> Iterator[NotChecked]:
    """Clearings of matching hubs that no audit can, or need, hold again."""
    scenario = run.description.scenario
    hubs = run.table("hubs")
    explored = int(pc.sum(hubs["explored"]).as_py() or 0)
    if explored:
        yield NotChecked(explored, "chat awards", "explored, not by the mechanism")
    by_mechanism = pc.greater(hubs["awarded"], hubs["explored"])
    awarding = int(pc.sum(by_mechanism).as_py() or 0)
    what, kept = "chat clearings", scenario.log.predictions
    if scenario.hubs.mechanism not in AUCTIONS:
        name = scenario.hubs.mechanism
        held = "a router, which holds no auction" if is_router(name) else _claim(name)
        reason = f"{name} is {held}"
    elif kept != "full":
        reason = f"with log.predictions {kept} the log has not everyone who took part"
    else:
        idle = _cleared(run) - awarding
        if idle > 0:
            yield NotChecked(idle, what, "nothing was awarded")
        return
    if awarding:
        yield NotChecked(awarding, what, reason)


def _claim(mechanism: str) -> str:
    """What a plug-in's mechanism says of itself, which nobody here can audit."""
    truthful = truthful_for(mechanism)
    sides = [side for side in ("clients", "providers") if getattr(truthful, side)]
    return f"a plug-in's, which claims to be truthful for {' and '.join(sides) or 'nobody'}"


def _cleared(run: LoggedRun) -> int:
    """The clearings that some request took part in, and was not explored."""
    asked = run.table("predictions")
    keys = asked.filter(~pc.field("explored")).select(["trial", "round", "hub"])
    return int(keys.group_by(keys.column_names).aggregate([]).num_rows)
