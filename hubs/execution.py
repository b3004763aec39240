"""Executing a bought workflow: nodes are dispatched as their parents finish."""

from __future__ import annotations

from collections.abc import Mapping

import networkx as nx

from market import seeding
from market.messages import Completion, NodeDispatch, WorkflowRequest
from market.prompt import Prompt, Span
from market.workflow import Node, Workflow


class Execution:
    """One workflow under way.

    A node runs once, with the tokens of all its iterations. Its prompt continues the session of a
    parent at the same provider, so that the engine finds it cached, and carries the outputs of
    the other parents as they were transferred. Lengths are those expected until a node is done,
    then those it has had; they are shrunk by the request's scale.

    Args:
        request: the workflow as it was asked for.
        allocation: the provider of every node.
    """

    def __init__(self, request: WorkflowRequest, allocation: Mapping[str, str]):
        self.request = request
        self.allocation = allocation
        self._parents = execution_parents(request.workflow)
        self._transfers = {
            (edge.source, edge.target): edge.transfer_tokens for edge in request.workflow.edges
        }
        self._to_do = {node.id: node for node in request.workflow.nodes}
        self._sent: dict[str, NodeDispatch] = {}
        self._sessions: dict[str, Prompt] = {}
        self.length_tokens: dict[str, float] = {}
        self.inflight: set[str] = set()
        self.failed = False

    @property
    def done(self) -> bool:
        """Nothing is left to do or to wait for."""
        return not self.inflight and (self.failed or not self._to_do)

    def dispatch_ready(self) -> list[NodeDispatch]:
        """The nodes whose parents are done and that were not sent before."""
        if self.failed:
            return []
        waiting = set(self._to_do) | self.inflight
        ready = [node for node in self._to_do if waiting.isdisjoint(self._parents[node])]
        return [self._dispatch(node) for node in ready]

    def finish(self, name: str, completion: Completion) -> None:
        """A node came back; where nobody says how long it was, it was as long as expected."""
        self.inflight.discard(name)
        if completion.error is not None:
            self.failed = True
            return
        expected = self._node(name).output_tokens
        length = completion.length_tokens
        self.length_tokens[name] = expected if length is None else length
        sent = self._sent[name]
        self._sessions[name] = (*sent.prompt, Span(sent.answer, completion.output_tokens))

    def _dispatch(self, name: str) -> NodeDispatch:
        workflow = self.request.workflow
        node = self._to_do.pop(name)
        self.inflight.add(name)
        executions = workflow.node_executions[workflow.index[name]]
        self._sent[name] = NodeDispatch(
            request=f"{self.request.request}/{name}",
            workflow=self.request.request,
            node=name,
            provider=self.allocation[name],
            prompt=self._prompt(name),
            output_tokens=self.request.executed_tokens(node.output_tokens * executions),
            answer=self._content("node", name),
        )
        return self._sent[name]

    def _prompt(self, name: str) -> Prompt:
        parents = self._parents[name]
        here = [p for p in parents if self.allocation[p] == self.allocation[name]]
        session = self._sessions[here[0]] if here else ()
        transferred = tuple(
            Span(self._content("node", parent), self._transferred(parent, name))
            for parent in parents
            if parent not in here[:1]
        )
        is_entry = name in self.request.workflow.entry_nodes
        own = self.request.executed_tokens(self._node(name).input_tokens) if is_entry else 1
        return (*session, *transferred, Span(self._content("input", name), own))

    def _transferred(self, parent: str, name: str) -> int:
        """What a node reads of a parent elsewhere; it goes with the length of the parent."""
        expected = self._node(parent).output_tokens
        grown = self.length_tokens[parent] / expected if expected else 1.0
        return self.request.executed_tokens(self._transfers[parent, name] * grown)

    def _node(self, name: str) -> Node:
        return self.request.workflow.nodes[self.request.workflow.index[name]]

    def _content(self, kind: str, name: str) -> int:
        return seeding.content_id(kind, self.request.request, name)


def execution_parents(workflow: Workflow) -> dict[str, tuple[str, ...]]:
    """What must be done before each node: its parents, less the edges that close a cycle.

    Feedback edges do not count as parents. In an ordinary cycle the node that is listed first
    runs first.
    """
    graph = nx.DiGraph([(p, node) for node, ps in workflow.parents.items() for p in ps])
    cycle_of = {
        node: number
        for number, component in enumerate(nx.strongly_connected_components(graph))
        for node in component
    }
    position = workflow.index
    return {
        node: tuple(
            parent
            for parent in parents
            if cycle_of[parent] != cycle_of[node] or position[parent] < position[node]
        )
        for node, parents in workflow.parents.items()
    }
