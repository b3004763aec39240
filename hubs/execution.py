"""Executing a bought workflow: nodes are dispatched as their parents finish."""

from __future__ import annotations

from collections.abc import Mapping

import networkx as nx

from hubs.handoff import ContextPart, Handoff, cached_by_part
from hubs.second_auction import first_id
from market import seeding
from market.messages import Completion, NodeDispatch, WorkflowRequest
from market.prompt import Prompt, Span, prompt_tokens
from market.workflow import Edge, Node, Workflow


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
        self._edges_into: dict[str, list[Edge]] = {node.id: [] for node in request.workflow.nodes}
        for edge in request.workflow.edges:
            self._edges_into[edge.target].append(edge)
        self._to_do = {node.id: node for node in request.workflow.nodes}
        self._sent: dict[str, NodeDispatch] = {}
        self._sessions: dict[str, Prompt] = {}
        self._contexts: dict[str, tuple[ContextPart, ...]] = {}
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

    def finish(self, name: str, completion: Completion) -> tuple[Handoff, ...]:
        """A node came back; what each of its edges took, in their order, unless it failed.

        Where nobody says how long it was, it was as long as expected.
        """
        self.inflight.discard(name)
        if completion.error is not None:
            self.failed = True
            return ()
        expected = self._node(name).output_tokens
        length = completion.length_tokens
        self.length_tokens[name] = expected if length is None else length
        sent = self._sent[name]
        self._sessions[name] = (*sent.prompt, Span(sent.answer, completion.output_tokens))
        return self._handoffs(name, completion.cached_tokens)

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
            answer=self._output(name),
        )
        return self._sent[name]

    def _prompt(self, name: str) -> Prompt:
        self._contexts[name] = self._context(name)
        context = (span for part in self._contexts[name] for span in part.spans)
        is_entry = name in self.request.workflow.entry_nodes
        own = self.request.executed_tokens(self._node(name).input_tokens) if is_entry else 1
        first = first_id(self.request.request)
        return (*context, Span(seeding.content_id("input", first, name), own))

    def _context(self, name: str) -> tuple[ContextPart, ...]:
        """What a node reads, in this order: the session it goes on from, then what others sent."""
        parents = self._parents[name]
        here = [p for p in parents if self.allocation[p] == self.allocation[name]][:1]
        sessions = [ContextPart(parent, self._sessions[parent], True) for parent in here]
        transfers = {
            edge.source: (Span(self._output(edge.source), self._transferred(edge)),)
            for edge in self._edges_into[name]
            if edge.source in parents and edge.source not in here
        }
        sent = [ContextPart(p, transfers[p], False) for p in parents if p in transfers]
        return (*sessions, *sent)

    def _transferred(self, edge: Edge) -> int:
        """The context of an edge as it is executed; it goes with the length of its source."""
        expected = self._node(edge.source).output_tokens
        length = self.length_tokens.get(edge.source, expected)
        grown = length / expected if expected else 1.0
        return self.request.executed_tokens(edge.transfer_tokens * grown)

    def _handoffs(self, name: str, cached_tokens: int | None) -> tuple[Handoff, ...]:
        parts = {part.source: part for part in self._contexts[name]}
        cached = cached_by_part(self._contexts[name], cached_tokens)
        return tuple(
            Handoff(
                workflow=self.request.request,
                source=edge.source,
                target=name,
                source_provider=self.allocation[edge.source],
                target_provider=self.allocation[name],
                continued=edge.source in parts and parts[edge.source].continued,
                transfer_tokens=self._transferred(edge),
                prompt_tokens=(
                    prompt_tokens(parts[edge.source].spans) if edge.source in parts else 0
                ),
                cached_tokens=cached.get(edge.source, 0),
            )
            for edge in self._edges_into[name]
        )

    def _node(self, name: str) -> Node:
        return self.request.workflow.nodes[self.request.workflow.index[name]]

    def _output(self, name: str) -> int:
        """The content that a node writes, another in a second auction; input is the same again."""
        return seeding.content_id("node", self.request.request, name)


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
