"""The demand that a scenario can name, and all of a trial's demand as one."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from heapq import merge
from itertools import islice
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from agents.params import Params
from agents.quality import evaluator_named
from market.errors import BadInput
from market.fields import shown
from market.workflow import Workflow
from orchestrator.demand.arrivals import bursty_starts
from orchestrator.demand.azure import AzureRow, azure_requests, read_trace
from orchestrator.demand.builtin_dialogues import builtin_dialogues
from orchestrator.demand.coqa import read_coqa
from orchestrator.demand.dialogue import Answer, Dialogue, DialogueTape, Turn
from orchestrator.demand.graph_lists import read_graphs
from orchestrator.demand.hotpotqa import read_hotpotqa
from orchestrator.demand.mooncake import MooncakeRow, mooncake_requests, read_mooncake
from orchestrator.demand.quac import read_quac
from orchestrator.demand.rewound import Rewound
from orchestrator.demand.shape import DialogueShape
from orchestrator.demand.stories import Story, story_dialogues
from orchestrator.demand.trace import TraceRequest, TraceRow, trace_dialogues, until_horizon
from orchestrator.demand.walras_workflow import read_walras_workflow
from orchestrator.demand.wfformat import read_wfformat
from orchestrator.demand.workflow_tape import (
    WORKFLOW_NAMES,
    WorkflowArrival,
    graphs_of,
    named_graphs,
    workflow_arrivals,
)

#: At rarer starts, one in twelve days, the seconds between two of them would take long to draw.
LEAST_STARTS_PER_S, MOST_STARTS_PER_S = 1e-6, 1e6
#: Nobody can wait for more of them.
MOST_DIALOGUES = 10**12

#: Of what is made up, no more than this is drawn only to count it: in so many seconds of the run,
#: with so many turns, and of so many nodes.
MOST_DRAWN_AHEAD = 2000
MOST_SECONDS_AHEAD = 50_000.0
MOST_TURNS_AHEAD = 20_000
MOST_NODES_AHEAD = 200_000

#: The shapes of files that dialogues can be read from.
STORY_FORMATS: dict[str, Callable[[Path, int | None], list[Story]]] = {
    "coqa": read_coqa,
    "quac": read_quac,
    "hotpotqa": read_hotpotqa,
}


#: The shapes of files that workflows can be read from.
WORKFLOW_FORMATS: dict[str, Callable[[Path], list[Workflow]]] = {
    "walras": read_walras_workflow,
    "wfformat": read_wfformat,
    "graphs": read_graphs,
}


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


class DialogueParams(Params):
    """What all sources of dialogues have in common.

    ``domains`` weighs the domains (default: all that a provider names, evenly); ``limit`` stops
    after so many dialogues; ``rate_scale`` plays the source so many times as fast.
    """

    limit: int | None = Field(None, ge=1, le=MOST_DIALOGUES)
    rate_scale: float = Field(1.0, gt=0, le=1e6)
    domains: dict[str, Annotated[float, Field(gt=0)]] | None = None
    shape: DialogueShape = DialogueShape()

    def weights(self, setting: Setting) -> dict[str, float]:
        """The weight of every domain."""
        return self.domains or dict.fromkeys(setting.domains, 1.0)


class DialogueDemand(DialogueParams):
    """Dialogues: synthetic where ``path`` is null, else from a file in the shape of ``format``.

    ``rate_per_s`` dialogues start each second, on average; ``burstiness`` is the coefficient of
    variation of that rate from second to second. Engines that can be asked in text get those of
    the file; they answer in at most ``answer_limit`` tokens, and ``evaluator`` compares what they
    say with the file's answer.
    """

    kind: Literal["dialogues"]
    path: Path | None = None
    format: Literal["coqa", "quac", "hotpotqa"] = "coqa"
    rate_per_s: float = Field(gt=0, le=1e6)
    burstiness: float = Field(0.5, ge=0, le=10)
    evaluator: Literal["token_span", "rouge_l"] = "token_span"
    answer_limit: int = Field(64, ge=1, le=100_000)

    @field_validator("evaluator")
    @classmethod
    def _installed(cls, evaluator: str) -> str:
        try:
            evaluator_named(evaluator)
        except BadInput as error:
            raise ValueError(error.problem) from None
        return evaluator

    @model_validator(mode="after")
    def _bounded(self) -> DialogueDemand:
        rate = self.rate_per_s * self.rate_scale
        if not LEAST_STARTS_PER_S <= rate <= MOST_STARTS_PER_S:
            bound = f">= {LEAST_STARTS_PER_S:g}" if rate < 1 else f"<= {MOST_STARTS_PER_S:g}"
            raise ValueError(f"expected rate_per_s * rate_scale {bound}, got {rate:g}")
        if rate * self.burstiness**2 > MOST_STARTS_PER_S:  # a second may bring some times as many
            problem = f"expected the rate times burstiness**2 <= {MOST_STARTS_PER_S:g}"
            raise ValueError(f"{problem}, got {rate * self.burstiness**2:g}")
        return self

    def dialogues(self, setting: Setting) -> Iterator[Dialogue]:
        """The dialogues of one trial, in order of start."""
        rate = self.rate_per_s * self.rate_scale
        key = ("starts", setting.source)
        moments = bursty_starts(rate, self.burstiness, setting.horizon_s, setting.seed, *key)
        starts = islice(moments, self.limit)
        rest = (self.shape, self.weights(setting), starts, setting.seed, setting.source)
        if self.path is None:
            return builtin_dialogues(*rest)
        stories = STORY_FORMATS[self.format](self.path, self.limit)
        return story_dialogues(stories, *rest, self.evaluator, self.answer_limit)

    def count(self, setting: Setting) -> int:
        """How many turns can arrive at most: all of every dialogue.

        Where not all of them are drawn ahead, as many as the rate makes one expect.
        """
        ahead = replace(setting, horizon_s=min(setting.horizon_s, MOST_SECONDS_AHEAD))
        drawn = turns = 0
        for dialogue in self.dialogues(ahead):
            if drawn == MOST_DRAWN_AHEAD or turns > MOST_TURNS_AHEAD:
                break
            drawn, turns = drawn + 1, turns + len(dialogue.turns)
        else:
            if ahead == setting or drawn == self.limit:
                return turns
        dialogues = self.rate_per_s * self.rate_scale * setting.horizon_s
        return round(turns / max(drawn, 1) * min(dialogues, self.limit or math.inf))


class TraceParams(DialogueParams):
    """A trace of single requests in a file, which must be named."""

    path: Annotated[Path | None, Field(validate_default=True)] = None

    @field_validator("path")
    @classmethod
    def _needs_a_file(cls, path: Path | None) -> Path | None:
        if path is None:
            raise ValueError("expected a trace file, got null; name one with --set or in the file")
        return path

    @property
    def file(self) -> Path:
        """The trace file."""
        assert self.path is not None  # the validator's
        return self.path

    @abstractmethod
    def all_rows(self) -> Iterator[TraceRow]:
        """The rows of the file, up to the limit."""

    @abstractmethod
    def rows(self, setting: Setting) -> Iterator[TraceRow]:
        """The rows of the file that are played in a trial; it is read no further."""

    @abstractmethod
    def requests(self, setting: Setting) -> Iterator[TraceRequest]:
        """The same rows as requests, in order of arrival."""

    def dialogues(self, setting: Setting) -> Iterator[Dialogue]:
        """The trace's requests, each a dialogue of one turn."""
        return trace_dialogues(
            self.requests(setting),
            self.rate_scale,
            self.shape,
            self.weights(setting),
            setting.seed,
            setting.source,
        )

    def count(self, setting: Setting) -> int:
        """How many turns arrive: one a row, whatever is drawn for it.

        Raises:
            BadInput: the file is malformed, or nothing arrives up to the horizon.
        """
        turns = sum(1 for _ in self.rows(setting))
        if not turns:
            first_s = next(self.all_rows()).time_s / self.rate_scale
            raise BadInput(
                str(self.file),
                f"nothing arrives within the {setting.horizon_s:.12g} seconds of the run; the "
                f"first request is at {first_s:.12g} s",
            )
        return turns


class AzureDemand(TraceParams):
    """Requests from an Azure LLM inference trace."""

    kind: Literal["azure"]

    def all_rows(self) -> Iterator[AzureRow]:
        """The rows of the file, up to the limit."""
        return read_trace(self.file, self.limit)

    def rows(self, setting: Setting) -> Iterator[AzureRow]:
        """The rows of the file that are played in a trial; it is read no further."""
        return until_horizon(self.all_rows(), self.rate_scale, setting.horizon_s)

    def requests(self, setting: Setting) -> Iterator[TraceRequest]:
        """The same rows as requests, in order of arrival."""
        return azure_requests(self.rows(setting))


class MooncakeDemand(TraceParams):
    """Requests from a Mooncake trace, whose prompts really share prefixes."""

    kind: Literal["mooncake"]

    def all_rows(self) -> Iterator[MooncakeRow]:
        """The rows of the file, up to the limit."""
        return read_mooncake(self.file, self.limit)

    def rows(self, setting: Setting) -> Iterator[MooncakeRow]:
        """The rows of the file that are played in a trial; it is read no further."""
        return until_horizon(self.all_rows(), self.rate_scale, setting.horizon_s)

    def requests(self, setting: Setting) -> Iterator[TraceRequest]:
        """The same rows as requests, in order of arrival."""
        return mooncake_requests(self.rows(setting))


class WorkflowDemand(Params):
    """Workflows, one every ``every_rounds`` rounds.

    Those of the file ``path`` in turn, in the shape of ``format``, or else the ``names`` in turn.
    ``execution_token_scale`` shrinks what is executed, never what is auctioned. The lengths that
    are auctioned are expectations: what a node turns out to write is off by up to
    ``realized_noise`` of it either way, which no hub knows before it is done. Buyers declare their
    lengths ``declared`` times what they expect; other than 1 it is a lie.
    """

    kind: Literal["workflows"]
    path: Path | None = None
    format: Literal["walras", "wfformat", "graphs"] = "walras"
    names: Annotated[tuple[str, ...], Field(min_length=1)] = ("S1", "S2", "S3", "S4")
    every_rounds: float = Field(ge=0.01)
    length_noise: float = Field(0.1, ge=0, lt=1)
    realized_noise: float = Field(0.0, ge=0, lt=1)
    declared: float = Field(1.0, ge=0.001, le=1000)
    execution_token_scale: float = Field(0.01, gt=0, le=1)

    @field_validator("names")
    @classmethod
    def _known(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        for name in names:
            if name not in WORKFLOW_NAMES:
                expected = ", ".join(WORKFLOW_NAMES)
                raise ValueError(f"expected names among {expected}; got {shown(name)}")
        return names

    def read(self, path: Path) -> list[Workflow]:
        """The workflows of a file."""
        return WORKFLOW_FORMATS[self.format](path)

    def arrivals(self, setting: Setting) -> Iterator[WorkflowArrival]:
        """The workflows of one trial, in order of arrival."""
        graphs = named_graphs(self.names)
        if self.path is not None:
            graphs = graphs_of(self.read(self.path), self.path.stem)
        return workflow_arrivals(
            graphs,
            self.every_rounds * setting.round_s,
            setting.horizon_s,
            self.length_noise,
            self.execution_token_scale,
            setting.seed,
            setting.source,
            self.realized_noise,
            self.declared,
        )

    def count(self, setting: Setting) -> int:
        """How many workflows arrive; the first ``MOST_DRAWN_AHEAD`` are drawn, and so checked.

        Of large ones as many as have ``MOST_NODES_AHEAD`` together.
        """
        drawn = nodes = 0
        for arrival in self.arrivals(setting):
            drawn, nodes = drawn + 1, nodes + len(arrival.workflow.nodes)
            if drawn == MOST_DRAWN_AHEAD or nodes > MOST_NODES_AHEAD:
                break
        else:
            return drawn
        return round(setting.horizon_s / (self.every_rounds * setting.round_s))


DemandParams = Annotated[
    DialogueDemand | AzureDemand | MooncakeDemand | WorkflowDemand, Field(discriminator="kind")
]


class Demand:
    """All demand of one trial, in order of arrival. It can be pickled, see ``Rewound``.

    Args:
        sources: each with the setting it plays in.
    """

    def __init__(self, sources: Sequence[tuple[DemandParams, Setting]]):
        self._tapes: dict[str, DialogueTape] = {}
        workflows: list[tuple[WorkflowDemand, Setting]] = []
        for params, setting in sources:
            if isinstance(params, WorkflowDemand):
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
        return self._tapes[turn.dialogue.rsplit("-", 1)[0]]


class _Dialogues(Rewound[Dialogue]):
    """The dialogues of a source."""

    def __init__(self, params: DialogueDemand | TraceParams, setting: Setting):
        self._params = params
        self._setting = setting
        super().__init__()

    def play(self) -> Iterator[Dialogue]:
        """All of them, in order of start."""
        return self._params.dialogues(self._setting)


class _Workflows(Rewound[WorkflowArrival]):
    """The workflows of all sources."""

    def __init__(self, sources: Sequence[tuple[WorkflowDemand, Setting]]):
        self._sources = sources
        super().__init__()

    def play(self) -> Iterator[WorkflowArrival]:
        """All of them, in order of arrival."""
        arrivals = [params.arrivals(setting) for params, setting in self._sources]
        return merge(*arrivals, key=lambda one: (one.arrival_s, one.request))


def count_demand(sources: Sequence[tuple[DemandParams, Setting]]) -> tuple[int, int]:
    """About how many chat turns and workflows can arrive: all turns of whoever starts.

    Files are read, and so checked, as far as a trial plays them.

    Raises:
        BadInput: a file is malformed.
    """
    turns = workflows = 0
    for params, setting in sources:
        if isinstance(params, WorkflowDemand):
            workflows += params.count(setting)
        else:
            turns += params.count(setting)
    return turns, workflows
