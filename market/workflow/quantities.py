"""The work of a workflow in tokens, and how an allocation divides it among the providers.

The quantity of provider i under allocation A is, in output-token equivalents,

    q_i(A) = sum of L_v over its nodes v
             + rho_i (sum of T_uv over its nodes v and their edges from others' nodes u
                      + sum of the external input of its entry nodes)

with everything counted as often as it runs. The objective of STAR, equation (2), is then
J(A) = sum of phi_i q_i(A): linear in each provider's virtual cost phi_i, with slope q_i.

In the paper what a node reads from a node of its own provider is free. Where cached input is
charged, it costs kappa_i T_uv, with 0 <= kappa_i <= rho_i. Then every edge into v takes v's
provider kappa_i T_uv wherever u runs, and a cut the rest, (rho_i - kappa_i) T_uv: the same problem
with other work at the nodes and other prices on the cuts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from market.money import TOKENS_PER_MTOK
from market.workflow.graph import Workflow

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.intp]
BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class TokenCounts:
    """The tokens of a workflow of n nodes and m edges over all executions.

    ``output`` (n,) and ``entry_input`` (n,) per node; ``source`` (m,), ``target`` (m,) and
    ``transfer`` (m,) per edge that carries tokens, where the ends are positions of nodes.
    """

    output: FloatArray
    entry_input: FloatArray
    source: IntArray
    target: IntArray
    transfer: FloatArray

    @cached_property
    def received(self) -> FloatArray:
        """(n,): what arrives at every node along all of its edges."""
        return self.arrived(self.transfer)

    def arrived(self, transfer: FloatArray) -> FloatArray:
        """(n,): the tokens of ``transfer`` (m,) that arrive at every node."""
        sums = np.bincount(self.target, weights=transfer, minlength=len(self.output))
        return sums.astype(np.float64)


def token_counts(workflow: Workflow, *, charge_entry_input: bool) -> TokenCounts:
    """The tokens of ``workflow``; the input of entry nodes is left out unless it is charged."""
    runs = np.array(workflow.node_executions, dtype=np.float64)
    output = np.array([node.output_tokens for node in workflow.nodes])
    entry = np.zeros(len(workflow.nodes))
    if charge_entry_input:
        for position in map(workflow.index.__getitem__, workflow.entry_nodes):
            entry[position] = workflow.nodes[position].input_tokens
    carried = [
        (workflow.index[edge.source], workflow.index[edge.target], edge.transfer_tokens * count)
        for edge, count in zip(workflow.edges, workflow.edge_executions, strict=True)
        if edge.transfer_tokens * count > 0
    ]
    return TokenCounts(
        output=output * runs,
        entry_input=entry * runs,
        source=np.array([source for source, _, _ in carried], dtype=np.intp),
        target=np.array([target for _, target, _ in carried], dtype=np.intp),
        transfer=np.array([tokens for _, _, tokens in carried], dtype=np.float64),
    )


def quantities(
    tokens: TokenCounts,
    input_ratio: FloatArray,
    allocations: IntArray,
    hit_ratio: FloatArray | None = None,
) -> FloatArray:
    """q_i(A) of every provider under every allocation.

    ``input_ratio`` (N,); ``allocations`` (B, n) holds the position of a provider for every node;
    ``hit_ratio`` (N,) is kappa, and without it cached input is free. Returns (B, N) tokens. Sums
    run in a fixed order, so that equal rows give equal quantities.
    """
    cut = allocations[:, tokens.source] != allocations[:, tokens.target]
    amounts = _amounts(tokens, input_ratio, allocations, cut * tokens.transfer)
    if hit_ratio is None:
        return amounts
    batch, providers = len(allocations), len(hit_ratio)
    reader = np.arange(batch)[:, None] * providers + allocations[:, tokens.target]
    return amounts + hit_ratio * _sums(reader, ~cut * tokens.transfer, (batch, providers))


def quantities_of(
    workflow: Workflow,
    allocation: Mapping[str, str],
    input_ratio: Mapping[str, float],
    *,
    charge_entry_input: bool,
    hit_ratio: Mapping[str, float] | None = None,
) -> dict[str, float]:
    """q_i of every winner under an ``allocation`` by names, in output-token equivalents.

    Without ``hit_ratio`` cached input is free.
    """
    winners = sorted(set(allocation.values()))
    column = {winner: number for number, winner in enumerate(winners)}
    tokens = token_counts(workflow, charge_entry_input=charge_entry_input)
    where = np.array([[column[allocation[node.id]] for node in workflow.nodes]])
    ratios = np.array([input_ratio[winner] for winner in winners])
    hits = None if hit_ratio is None else np.array([hit_ratio[winner] for winner in winners])
    (quantity,) = quantities(tokens, ratios, where, hits)
    return dict(zip(winners, quantity.tolist(), strict=True))


def cold_quantities(
    tokens: TokenCounts, input_ratio: FloatArray, allocations: IntArray
) -> FloatArray:
    """The paper's workload, sum of omega_v = L_v + rho (all that v reads), cached or not.

    Shapes as in ``quantities``, whose amounts are at most these. Source: STAR, section 4.4.
    """
    sent = np.broadcast_to(tokens.transfer, (len(allocations), len(tokens.transfer)))
    return _amounts(tokens, input_ratio, allocations, sent)


def _amounts(
    tokens: TokenCounts, input_ratio: FloatArray, allocations: IntArray, sent: FloatArray
) -> FloatArray:
    """(B, N) tokens that fall to every provider where ``sent`` (B, m) is read along the edges."""
    batch, nodes = allocations.shape
    providers = len(input_ratio)
    row = np.arange(batch)[:, None]
    received = _sums(row * nodes + tokens.target, sent, (batch, nodes))
    received = received + tokens.entry_input
    owner = row * providers + allocations
    produced = _sums(owner, np.broadcast_to(tokens.output, owner.shape), (batch, providers))
    consumed = _sums(owner, received, (batch, providers))
    return produced + input_ratio * consumed


def _sums(index: IntArray, amount: FloatArray, shape: tuple[int, int]) -> FloatArray:
    """The amounts that fall to every flat index of ``shape``, added from first to last."""
    sums = np.bincount(index.ravel(), weights=amount.ravel(), minlength=shape[0] * shape[1])
    return sums.astype(np.float64).reshape(shape)


def total_usd(price: FloatArray, quantity: FloatArray) -> float:
    """What ``quantity`` (N,) tokens cost at ``price`` (N,) USD per 1e6 tokens, in USD."""
    return float((quantity * price).sum()) / TOKENS_PER_MTOK
