"""The loops of variable elimination, compiled.

Nodes are numbered by their turn in the elimination order. Eliminating node t leaves a message: the
least cost of everything eliminated so far that hangs on t, for every choice of providers of the
neighbours that t has left. What is cut between t and a neighbour costs the same whichever provider
t has, save that one's own price, so a neighbour that no earlier message couples with t is *loose*:
t takes the provider of one of its loose neighbours, or one that is best with all of them cut. With
M providers a message over w neighbours then takes O(M^w), not O(M^(w+1)); a neighbour that is
coupled adds a factor M to finding the best.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from market.compiled import compiled
from market.workflow.quantities import BoolArray, FloatArray, IntArray


class Prices(NamedTuple):
    """(N,) each: of a token of output, of input, of cached input, and what a cut adds to that."""

    output: FloatArray
    input: FloatArray
    cached: FloatArray
    switch: FloatArray


class Network(NamedTuple):
    """Who meets whom at every step. Slices ``x_start[t]:x_start[t + 1]`` of flat arrays are t's.

    ``output``, ``entry_input``, ``received`` (n,): tokens of every node. ``domain``: the providers
    that may run it, ascending; ``position`` (n, N): where a provider stands there, or -1.
    ``neighbour``: those left at its turn, by turn; of each, its ``stride`` in t's message, the
    tokens ``to_node`` and ``to_neighbour`` that are sent again if the two differ, and whether it is
    ``coupled``. ``incoming``: the earlier nodes whose message comes to t, whose first neighbour is
    t. ``message_start`` (n + 1,): where each node's message is kept.
    """

    output: FloatArray
    entry_input: FloatArray
    received: FloatArray
    domain_start: IntArray
    domain: IntArray
    position: IntArray
    neighbour_start: IntArray
    neighbour: IntArray
    stride: IntArray
    to_node: FloatArray
    to_neighbour: FloatArray
    coupled: BoolArray
    incoming_start: IntArray
    incoming: IntArray
    message_start: IntArray


@compiled
def eliminate(
    net: Network, prices: FloatArray, input_ratio: FloatArray, hit_ratio: FloatArray
) -> IntArray:
    """An optimal allocation, as positions in the domains, for every row of ``prices``.

    ``prices`` (B, N), ``input_ratio`` (N,), ``hit_ratio`` (N,), 0 where cached input is free;
    returns (B, n). Each node, from the last to the first, takes the first provider that is optimal
    given the later ones.
    """
    switch_ratio = input_ratio - hit_ratio
    nodes = len(net.output)
    messages = np.empty(net.message_start[nodes])
    cost = np.empty(np.max(np.diff(net.domain_start)))
    chosen = np.zeros((len(prices), nodes), dtype=np.intp)
    for row in range(len(prices)):
        price = prices[row]
        asked = Prices(price, price * input_ratio, price * hit_ratio, price * switch_ratio)
        choice = chosen[row]
        for node in range(nodes):
            _send(net, node, asked, messages, choice, cost)
        for node in range(nodes - 1, -1, -1):
            _add_up(net, node, True, asked, messages, choice, cost)
            size = net.domain_start[node + 1] - net.domain_start[node]
            best = 0
            for x in range(1, size):
                if cost[x] < cost[best]:
                    best = x
            choice[node] = best
    return chosen


@compiled
def _send(
    net: Network,
    node: int,
    asked: Prices,
    messages: FloatArray,
    choice: IntArray,
    cost: FloatArray,
) -> None:
    """Write the message of ``node``; ``choice`` and ``cost`` are scratch."""
    first, last = net.neighbour_start[node], net.neighbour_start[node + 1]
    for k in range(first, last):
        choice[net.neighbour[k]] = 0
    while True:
        _add_up(net, node, False, asked, messages, choice, cost)
        all_cut = _least_cut(net, node, asked.switch, cost)
        while True:
            at = net.message_start[node]
            for k in range(first, last):
                at += choice[net.neighbour[k]] * net.stride[k]
            messages[at] = _least(net, node, asked.switch, choice, cost, all_cut)
            if not _advance(net, node, False, choice):
                break
        if not _advance(net, node, True, choice):
            break


@compiled
def _advance(net: Network, node: int, coupled: bool, choice: IntArray) -> bool:
    """The next choice of the coupled or of the loose neighbours; False after the last one."""
    for k in range(net.neighbour_start[node], net.neighbour_start[node + 1]):
        if net.coupled[k] == coupled:
            other = net.neighbour[k]
            choice[other] += 1
            if choice[other] < net.domain_start[other + 1] - net.domain_start[other]:
                return True
            choice[other] = 0
    return False


@compiled
def _add_up(
    net: Network,
    node: int,
    with_loose: bool,
    asked: Prices,
    messages: FloatArray,
    choice: IntArray,
    cost: FloatArray,
) -> None:
    """``cost``: what each provider of ``node`` costs, given the choice of its neighbours.

    Its own work, the messages that come to it, and what is cut from the neighbours, the loose
    ones among them only ``with_loose``. Work that only one can do decides nothing and is left
    out: at a huge price it would drown what does.
    """
    start, stop = net.domain_start[node], net.domain_start[node + 1]
    for x in range(stop - start):
        i = net.domain[start + x]
        cost[x] = asked.output[i] * net.output[node] + asked.input[i] * net.entry_input[node]
        cost[x] += asked.cached[i] * net.received[node]
    if stop - start == 1:
        cost[0] = 0.0
    for m in range(net.incoming_start[node], net.incoming_start[node + 1]):
        sender = net.incoming[m]
        at = net.message_start[sender]
        for k in range(net.neighbour_start[sender] + 1, net.neighbour_start[sender + 1]):
            at += choice[net.neighbour[k]] * net.stride[k]
        for x in range(stop - start):
            cost[x] += messages[at + x]
    for k in range(net.neighbour_start[node], net.neighbour_start[node + 1]):
        if (with_loose or net.coupled[k]) and net.to_node[k] + net.to_neighbour[k] > 0:
            other = net.neighbour[k]
            j = net.domain[net.domain_start[other] + choice[other]]
            same = net.position[node, j]
            kept = cost[same] if same >= 0 else 0.0
            for x in range(stop - start):
                cost[x] += asked.switch[net.domain[start + x]] * net.to_node[k]
                cost[x] += asked.switch[j] * net.to_neighbour[k]
            if same >= 0:
                cost[same] = kept


@compiled
def _least_cut(net: Network, node: int, switch_price: FloatArray, cost: FloatArray) -> float:
    """The least of ``cost`` where all loose neighbours are cut, but for what they read then."""
    read = 0.0
    for k in range(net.neighbour_start[node], net.neighbour_start[node + 1]):
        if not net.coupled[k]:
            read += net.to_node[k]
    least = np.inf
    start = net.domain_start[node]
    for x in range(net.domain_start[node + 1] - start):
        least = min(least, cost[x] + switch_price[net.domain[start + x]] * read)
    return least


@compiled
def _least(
    net: Network,
    node: int,
    switch_price: FloatArray,
    choice: IntArray,
    cost: FloatArray,
    all_cut: float,
) -> float:
    """The least cost of ``node`` given all neighbours: one's provider, or all loose ones cut."""
    first, last = net.neighbour_start[node], net.neighbour_start[node + 1]
    least = all_cut
    for k in range(first, last):
        if not net.coupled[k]:
            other = net.neighbour[k]
            j = net.domain[net.domain_start[other] + choice[other]]
            least += switch_price[j] * net.to_neighbour[k]
    for k in range(first, last):
        if net.coupled[k]:
            continue
        other = net.neighbour[k]
        i = net.domain[net.domain_start[other] + choice[other]]
        shared = net.position[node, i]
        if shared < 0:
            continue
        total = cost[shared]
        for m in range(first, last):
            third = net.neighbour[m]
            j = net.domain[net.domain_start[third] + choice[third]]
            if not net.coupled[m] and i != j:
                total += switch_price[i] * net.to_node[m] + switch_price[j] * net.to_neighbour[m]
        least = min(least, total)
    return least
