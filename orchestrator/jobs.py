"""The jobs that awards amount to, and how long a node says that it was when its job is done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from agents.engine import Job
from market.messages import CHAT, NODE, ChatAward, Completion, NodeDispatch
from orchestrator.demand import Turn
from orchestrator.records import OpenWorkflow


def chat_job(award: ChatAward, turn: Turn, now_s: float, *, in_text: bool) -> Job:
    """A chat turn that was matched; ``in_text`` if its provider can be asked in text."""
    spoken = turn.spoken if in_text else None
    return Job(
        request=award.request,
        kind=CHAT,
        prompt=turn.prompt,
        output_tokens=turn.output_tokens if spoken is None else spoken.most_tokens,
        answer=turn.answer,
        submitted_s=now_s,
        task=turn.task,
        pays_nano=award.provider_receives_nano,
        texts={} if spoken is None else spoken.texts,
    )


def node_job(node: NodeDispatch, opened: OpenWorkflow, now_s: float) -> Job:
    """A node runs as long as it turns out to be, which the hub that sends it does not know."""
    tokens = opened.arrival.realized_tokens(node.node)
    return Job(
        request=node.request,
        kind=NODE,
        prompt=node.prompt,
        output_tokens=opened.request.executed_tokens(tokens),
        answer=node.answer,
        submitted_s=now_s,
        cost_usd_per_mtok=opened.costs_usd_per_mtok[node.provider],
    )


def measured(done: Completion, job: Job, workflows: Mapping[str, OpenWorkflow]) -> Completion:
    """A node that is done says its length: what was drawn, in proportion to what was executed.

    At a small scale of execution the tokens that were executed are too few to tell.
    """
    if done.kind != NODE or done.error is not None:
        return done
    workflow, _, node = done.request.partition("/")
    executed = done.output_tokens / job.output_tokens
    length = workflows[workflow].arrival.length_tokens[node]
    return replace(done, length_tokens=length * executed)
