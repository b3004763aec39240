"""Providers that no optimal allocation needs.

Provider i dominates j if it can run all that j can, at no higher virtual cost phi, no higher input
price rho phi and, where cached input is charged, no higher price kappa phi of it: handing all of
j's nodes to i costs no more, and a cut between the two disappears or is read at kappa_i <= rho_j.
Ties fall by the canonical order, so that the first optimal allocation in that order loses nothing:
a tie in phi, and where some node has no output, so that phi does not matter there, a tie in the
prices of input as well.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right

import numpy as np

from market.workflow.allocation import AllocationProblem
from market.workflow.quantities import BoolArray, FloatArray, IntArray


class Front:
    """The providers that nobody dominates, also after any one provider has left.

    ``capable`` (N, R) says who can do what; ``price`` (N,) is the virtual cost phi,
    ``input_price`` (N,) is rho phi, ``hit_price`` (N,) is kappa phi, None where cached input is
    free; ``all_have_output`` says that no node is without output.
    """

    def __init__(
        self,
        capable: BoolArray,
        price: FloatArray,
        input_price: FloatArray,
        hit_price: FloatArray | None = None,
        *,
        all_have_output: bool = True,
    ):
        kept = _candidates(capable, price, input_price, hit_price, all_have_output)
        self._candidates = kept
        input_prices = [input_price[kept]]
        if hit_price is not None:
            input_prices.append(hit_price[kept])
        self._dominates = _dominance(capable[kept], price[kept], input_prices, all_have_output)

    @classmethod
    def of(cls, problem: AllocationProblem, prices: FloatArray) -> Front:
        """The front of a problem at virtual costs ``prices`` (N,)."""
        return cls(
            problem.meets,
            prices,
            prices * problem.input_ratio,
            None if problem.hit_ratio is None else prices * problem.hit_ratio,
            all_have_output=bool((problem.tokens.output > 0).all()),
        )

    @property
    def members(self) -> IntArray:
        """The front: positions of providers, ascending."""
        members: IntArray = self._candidates[~self._dominates.any(axis=0)]
        return members

    def without(self, provider: int) -> IntArray:
        """The front of the others, if ``provider`` did not take part."""
        others = self._candidates != provider
        members: IntArray = self._candidates[others & ~self._dominates[others].any(axis=0)]
        return members


def _dominance(
    capable: BoolArray, price: FloatArray, input_prices: list[FloatArray], all_have_output: bool
) -> BoolArray:
    """(S, S): whether the row dominates the column. A strict partial order."""
    can = capable.astype(np.float32)
    lacks_some = (1 - can) @ can.T > 0
    first = np.arange(len(price))
    precedes = (price[:, None] < price) | ((price[:, None] == price) & (first[:, None] < first))
    dominates: BoolArray = precedes & ~lacks_some
    for input_price in input_prices:
        dominates &= input_price[:, None] <= input_price
        if not all_have_output:
            earlier = first[:, None] < first
            dominates &= earlier | (input_price[:, None] < input_price)
    return dominates


def _candidates(
    capable: BoolArray,
    price: FloatArray,
    input_price: FloatArray,
    hit_price: FloatArray | None,
    all_have_output: bool,
) -> IntArray:
    """A superset of everyone with at most one dominator, found without comparing all pairs.

    Among providers of equal capability the dominators of j are those that come before it by
    (phi, position) and have no higher input prices. Two layers of minima hold everyone with at
    most one dominator, and whoever a provider outside them dominates, two inside dominate as well.
    """
    kept = []
    for members in _classes(capable):
        group = members[np.argsort(price[members], kind="stable")]
        for _ in range(2):
            if hit_price is None:
                minimal = _minimal(input_price[group], all_have_output)
            else:
                minimal = _pareto(input_price[group], hit_price[group], all_have_output)
            kept.append(group[minimal])
            group = group[~minimal]
    return np.sort(np.concatenate(kept))


def _minimal(input_price: FloatArray, ties_dominate: bool) -> BoolArray:
    """(K,): whose price nobody before has or, unless ``ties_dominate``, undercuts."""
    lowest_before = np.minimum.accumulate(np.append(np.inf, input_price))[:-1]
    minimal: BoolArray = input_price < lowest_before
    return minimal if ties_dominate else minimal | (input_price == lowest_before)


def _pareto(input_price: FloatArray, hit_price: FloatArray, ties_dominate: bool) -> BoolArray:
    """(K,): likewise of two prices: nobody before is as low, or lower, in both.

    The minima so far are a staircase: one price ascends and the other one descends.
    """
    inputs: list[float] = []
    hits: list[float] = []
    minimal = np.zeros(len(input_price), dtype=np.bool_)
    for k, (one, other) in enumerate(zip(input_price.tolist(), hit_price.tolist(), strict=True)):
        before = bisect_right(inputs, one) if ties_dominate else bisect_left(inputs, one)
        if before and (hits[before - 1] < other or (ties_dominate and hits[before - 1] == other)):
            continue
        minimal[k] = True
        start = end = bisect_left(inputs, one)
        if start and hits[start - 1] <= other:  # a tie, which adds nothing to the staircase
            continue
        while end < len(hits) and hits[end] >= other:
            end += 1
        inputs[start:end], hits[start:end] = [one], [other]
    return minimal


def _classes(capable: BoolArray) -> list[IntArray]:
    """The providers of every set of capabilities, ascending."""
    classes: dict[bytes, list[int]] = {}
    for provider, row in enumerate(np.packbits(capable, axis=1)):
        classes.setdefault(row.tobytes(), []).append(provider)
    return [np.array(members) for members in classes.values()]
