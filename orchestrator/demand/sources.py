"""The demand that a scenario can name."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from agents.open_union import OpenTo, kinds_of
from agents.quality import evaluator_named
from market import plugins
from market.errors import BadInput
from market.fields import shown
from market.plugins import Role
from market.workflow import Workflow
from orchestrator.demand.arrivals import bursty_starts
from orchestrator.demand.azure import AzureRow, azure_requests, read_trace
from orchestrator.demand.builtin_dialogues import builtin_dialogues
from orchestrator.demand.coqa import read_coqa
from orchestrator.demand.dialogue import Dialogue
from orchestrator.demand.graph_lists import read_graphs
from orchestrator.demand.hotpotqa import read_hotpotqa
from orchestrator.demand.mooncake import MooncakeRow, mooncake_requests, read_mooncake
from orchestrator.demand.quac import read_quac
from orchestrator.demand.role import DialogueSource, Setting, WorkflowSource
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


class DialogueParams(DialogueSource):
    """What all sources of dialogues have in common."""

    limit: int | None = Field(None, ge=1, le=MOST_DIALOGUES)
    """Stops after so many dialogues; null: never."""
    rate_scale: float = Field(1.0, gt=0, le=1e6)
    """Plays the source so many times as fast."""
    domains: dict[str, Annotated[float, Field(gt=0)]] | None = None
    """The weight of each domain; null: all that a provider names, evenly."""
    shape: DialogueShape = DialogueShape()
    """What is drawn of a dialogue, unless the source's file says it."""

    def weights(self, setting: Setting) -> dict[str, float]:
        """The weight of every domain."""
        return self.domains or dict.fromkeys(setting.domains, 1.0)


class DialogueDemand(DialogueParams):
    """Dialogues, synthetic or from a file.

    Engines that can be asked in text get the text of the file.
    """

    kind: Literal["dialogues"]
    path: Path | None = None
    """The file; null: dialogues are made up."""
    format: Literal["coqa", "quac", "hotpotqa"] = "coqa"
    """The shape of the file."""
    rate_per_s: float = Field(gt=0, le=1e6)
    """Dialogues that start each second, on average."""
    burstiness: float = Field(0.5, ge=0, le=10)
    """How much that rate varies from second to second: its coefficient of variation."""
    evaluator: Literal["token_span", "rouge_l"] = "token_span"
    """How an answer in text is compared with the file's; rouge_l needs ``walras[quality]``."""
    answer_limit: int = Field(64, ge=1, le=100_000)
    """The most tokens of an answer in text."""

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
    """A trace of single requests in a file."""

    path: Annotated[Path | None, Field(validate_default=True)] = None
    """The file, which must be named, here or by ``--set``."""

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


class WorkflowDemand(WorkflowSource):
    """Workflows at regular times.

    The lengths that are auctioned are expectations: no hub knows what a node turns out to write
    before it is done.
    """

    kind: Literal["workflows"]
    path: Path | None = None
    """A file of workflows, which come in turn; null: ``names`` do."""
    format: Literal["walras", "wfformat", "graphs"] = "walras"
    """The shape of the file."""
    names: Annotated[tuple[str, ...], Field(min_length=1)] = ("S1", "S2", "S3", "S4")
    """Built-in workflows, which come in turn: those of the STAR paper, or random ones."""
    every_rounds: float = Field(ge=0.01)
    """Rounds from one workflow to the next."""
    length_noise: float = Field(0.1, ge=0, lt=1)
    """How far the lengths of a workflow differ from those stated, as a share, up or down."""
    realized_noise: float = Field(0.0, ge=0, lt=1)
    """How far the length that a node turns out to write is off what is expected, as a share, up or
    down."""
    declared: float = Field(1.0, ge=0.001, le=1000)
    """The lengths that buyers declare over those that they expect; other than 1 it is a lie."""
    execution_token_scale: float = Field(0.01, gt=0, le=1)
    """Shrinks what is executed of a workflow, never what is auctioned."""

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


_BuiltIn = DialogueDemand | AzureDemand | MooncakeDemand | WorkflowDemand

#: Their kinds, those of plug-ins too.
SOURCES = Role((plugins.DEMAND,), kinds_of(_BuiltIn))

#: Every kind of demand; one more is one class more, here or in a plug-in.
DemandParams = Annotated[
    _BuiltIn,
    Field(discriminator="kind"),
    OpenTo(SOURCES, (DialogueSource, WorkflowSource), ()),
]
