"""How the tables of the log hang together: what names a row, and what refers to what."""

from __future__ import annotations

from dataclasses import dataclass

#: By table, the columns that no two rows share.
KEYS: dict[str, tuple[str, ...]] = {
    "providers": ("trial", "provider"),
    "hubs": ("trial", "round", "hub"),
    "rounds": ("trial", "round"),
    "requests": ("trial", "request"),
    "bids": ("trial", "round", "provider"),
    "priors": ("trial", "prior"),
    "predictions": ("trial", "round", "request"),
    "awards": ("trial", "kind", "request", "provider"),
    "prequential": ("trial", "round", "provider"),
    "completions": ("trial", "kind", "request"),
    "settlements": ("trial", "kind", "request", "provider"),
    "auctions": ("trial", "workflow"),
    "workflows": ("trial", "workflow"),
    "nodes": ("trial", "workflow", "node"),
    "edges": ("trial", "workflow", "source", "target"),
    "handoffs": ("trial", "workflow", "source", "target"),
    "faults": ("trial", "round", "participant", "name", "event"),
    "digests": ("trial", "round", "table"),
    "timings": ("trial", "round"),
}

#: Which rows a join is of.
CHAT = "kind = 'chat'"
WORKFLOW = "kind = 'workflow'"
NODE = "kind = 'node'"

#: A run that was stopped, or is under way, has not ended all that it awarded.
ENDED = "once it has ended"
FULL = "with log.predictions: full or awarded"


@dataclass(frozen=True)
class Join:
    """Every row of ``table`` finds exactly one of ``parent``.

    Attributes:
        on: by an expression over a row of ``table``, the column of ``parent`` that equals it.
        where: SQL that says which rows it holds for; all if empty.
        given: a condition in words on the run, if there is one.
    """

    table: str
    parent: str
    on: dict[str, str]
    where: str = ""
    given: str = ""

    @property
    def shown_on(self) -> str:
        """The pairs for a person; those of one name once."""
        return ", ".join(
            ours if ours == theirs else f"{ours} = {theirs}" for ours, theirs in self.on.items()
        )


def _same(table: str, parent: str, *names: str, where: str = "", given: str = "") -> Join:
    return Join(table, parent, {name: name for name in names}, where, given)


def _as(table: str, parent: str, ours: str, theirs: str, where: str = "", given: str = "") -> Join:
    return Join(table, parent, {"trial": "trial", ours: theirs}, where, given)


JOINS: tuple[Join, ...] = (
    *(
        _same(table, "rounds", "trial", "round")
        for table in ("hubs", "bids", "predictions", "awards", "prequential", "completions")
    ),
    *(
        _same(table, "rounds", "trial", "round")
        for table in ("settlements", "requests", "auctions", "workflows", "nodes", "edges")
    ),
    *(_same(table, "rounds", "trial", "round") for table in ("handoffs", "faults", "timings")),
    _same("digests", "rounds", "trial", "round", where="round > 0"),
    *(
        _same(table, "providers", "trial", "provider")
        for table in ("bids", "awards", "completions", "settlements", "prequential", "nodes")
    ),
    _as("handoffs", "providers", "source_provider", "provider"),
    _as("handoffs", "providers", "target_provider", "provider"),
    _as("faults", "providers", "name", "provider", where="participant = 'provider'"),
    *(
        _same(table, "hubs", "trial", "round", "hub")
        for table in ("predictions", "prequential", "requests")
    ),
    *(
        _same(table, "hubs", "trial", "round", "hub", where=CHAT)
        for table in ("awards", "settlements")
    ),
    _same("bids", "priors", "trial", "prior", where="prior IS NOT NULL"),
    _same("awards", "bids", "trial", "round", "provider"),
    _same("predictions", "requests", "trial", "request", given=ENDED),
    _same("awards", "requests", "trial", "request", where=CHAT, given=ENDED),
    _same("completions", "requests", "trial", "request", where=CHAT, given=ENDED),
    _as("requests", "requests", "retry_of", "request", where="retry_of IS NOT NULL"),
    _same("awards", "predictions", "trial", "round", "request", where=CHAT, given=FULL),
    _same("completions", "awards", "trial", "kind", "request", "provider", where=CHAT),
    _same("settlements", "awards", "trial", "kind", "request", "provider"),
    _as("awards", "auctions", "request", "workflow", where=WORKFLOW),
    _same("nodes", "auctions", "trial", "workflow"),
    _same("edges", "auctions", "trial", "workflow"),
    _same("auctions", "workflows", "trial", "workflow", given=ENDED),
    _as("workflows", "workflows", "retry_of", "workflow", where="retry_of IS NOT NULL"),
    _as("completions", "nodes", "request", "workflow || '/' || node", where=NODE),
    *(
        Join("edges", "nodes", {"trial": "trial", "workflow": "workflow", end: "node"})
        for end in ("source", "target")
    ),
    _same("handoffs", "edges", "trial", "workflow", "source", "target"),
)
