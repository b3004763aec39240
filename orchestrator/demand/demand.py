"""All demand of a trial as one, in order of arrival."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from heapq import merge
from typing import TypeVar

from market.errors import BadInput
from market.fields import shown
from orchestrator.demand.dialogue import Answer, Dialogue, DialogueTape, Turn
from orchestrator.demand.rewound import Rewound
from orchestrator.demand.role import DialogueSource, Setting, WorkflowSource
from orchestrator.demand.sources import DemandParams
from orchestrator.demand.workflow_tape import WorkflowArrival

T = TypeVar("T")


class Demand:
    """All demand of one trial, in order of arrival. It can be pickled, see ``Rewound``.

    Args:
        sources: each with the setting it plays in.
    """

    def __init__(self, sources: Sequence[tuple[DemandParams, Setting]]):
        self._tapes: dict[str, DialogueTape] = {}
        workflows: list[tuple[WorkflowSource, Setting]] = []
        for params, setting in sources:
            if isinstance(params, WorkflowSource):
                workflows.append((params, setting))
            else:
                tape = DialogueTape(_Dialogues(params, setting), setting.horizon_s)
                self._tapes[setting.source] = tape
        self._workflows = _Workflows(workflows)
        self._next_workflow = next(self._workflows, None)

    def turns(self, until_s: float) -> list[Turn]:
        """The chat turns that arrive up to ``until_s``."""
        turns = [turn for tape in self._tapes.values() for turn in tape.arrivals(until_s)]
        return sorted(turns, key=lambda turn: (turn.arrival_s, turn.request))

    def workflows(self, until_s: float) -> list[WorkflowArrival]:
        """The workflows that arrive up to ``until_s``."""
        arrived = []
        while self._next_workflow is not None and self._next_workflow.arrival_s <= until_s:
            arrived.append(self._next_workflow)
            self._next_workflow = next(self._workflows, None)
        return arrived

    def answered(self, turn: Turn, finish_s: float, answer: Answer | None = None) -> None:
        """A turn was served at ``finish_s``, with an ``answer`` in words or without."""
        self._tape_of(turn).answered(turn.request, finish_s, answer)

    def lost(self, turn: Turn) -> None:
        """A turn was refused or failed."""
        self._tape_of(turn).lost(turn.request)

    def _tape_of(self, turn: Turn) -> DialogueTape:
        return self._tapes[turn.dialogue.partition("-")[0]]


class _Dialogues(Rewound[Dialogue]):
    """The dialogues of a source."""

    def __init__(self, params: DialogueSource, setting: Setting):
        self._params = params
        self._setting = setting
        super().__init__()

    def play(self) -> Iterator[Dialogue]:
        """All of them, in order of start."""
        given = self._params.dialogues(self._setting)
        return _checked(self._params, self._setting, given, lambda one: (one.start_s, one.dialogue))


class _Workflows(Rewound[WorkflowArrival]):
    """The workflows of all sources."""

    def __init__(self, sources: Sequence[tuple[WorkflowSource, Setting]]):
        self._sources = sources
        super().__init__()

    def play(self) -> Iterator[WorkflowArrival]:
        """All of them, in order of arrival."""
        arrivals = [
            _checked(params, setting, params.arrivals(setting), _place_of)
            for params, setting in self._sources
        ]
        return merge(*arrivals, key=_place_of)


def _place_of(arrival: WorkflowArrival) -> tuple[float, str]:
    return arrival.arrival_s, arrival.request


def _checked(
    params: DialogueSource | WorkflowSource,
    setting: Setting,
    given: Iterable[T],
    place_of: Callable[[T], tuple[float, str]],
) -> Iterator[T]:
    """What one source gives; ``place_of`` says when it comes and what it is called."""
    last_s = 0.0
    for one in given:
        at_s, name = place_of(one)
        _check_place(params, setting, name, at_s, last_s)
        last_s = at_s
        yield one


def _check_place(
    params: DialogueSource | WorkflowSource, setting: Setting, name: str, at_s: float, last_s: float
) -> None:
    """What a source gives is its own by name, and in order of time."""
    if not name.startswith(f"{setting.source}-"):
        expected = f"expected a name that begins with {setting.source}-"
        raise BadInput(f"demand: {params.kind}", f"{expected}; got {shown(name)}")
    if not at_s >= last_s:
        problem = f"expected {shown(name)} at {last_s:g} s or later, as they are in order of time"
        raise BadInput(f"demand: {params.kind}", f"{problem}; got {at_s:g} s")


def count_demand(sources: Sequence[tuple[DemandParams, Setting]]) -> tuple[int, int]:
    """About how many chat turns and workflows can arrive: all turns of whoever starts.

    Files are read, and so checked, as far as a trial plays them.

    Raises:
        BadInput: a file is malformed.
    """
    turns = workflows = 0
    for params, setting in sources:
        if isinstance(params, WorkflowSource):
            workflows += params.count(setting)
        else:
            turns += params.count(setting)
    return turns, workflows
