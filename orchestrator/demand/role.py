"""The roles of a source of demand: dialogues, in chat turns, or workflows, one auction each."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass

from agents.params import Params
from orchestrator.demand.dialogue import Dialogue
from orchestrator.demand.workflow_tape import WorkflowArrival


@dataclass(frozen=True)
class Setting:
    """What a source of demand must know of its trial.

    ``source`` is a name of its own for every source; ``domains`` are those that providers name.
    """

    seed: int
    source: str
    horizon_s: float
    round_s: float
    domains: tuple[str, ...]


class DialogueSource(Params):
    """A source of dialogues; a single request is a dialogue of one turn.

    The same parameters and setting give the same dialogues whenever they are asked for: draws are
    keyed by the setting's seed and the dialogue's name.
    """

    kind: str

    @abstractmethod
    def dialogues(self, setting: Setting) -> Iterator[Dialogue]:
        """The dialogues of one trial, in order of start, named ``<setting.source>-...``."""

    @abstractmethod
    def count(self, setting: Setting) -> int:
        """About how many turns can arrive at most, for what is said before a run.

        Raises ``BadInput`` where a file that it reads is malformed.
        """


class WorkflowSource(Params):
    """A source of workflows; the same setting gives the same ones whenever they are asked for."""

    kind: str

    @abstractmethod
    def arrivals(self, setting: Setting) -> Iterator[WorkflowArrival]:
        """The workflows of one trial, in order of arrival, named ``<setting.source>-...``."""

    @abstractmethod
    def count(self, setting: Setting) -> int:
        """About how many workflows arrive; raises ``BadInput`` as a source of dialogues does."""
