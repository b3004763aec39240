"""Providers that no optimal allocation needs.

Provider i dominates j if it can run all that j can, at no higher virtual cost phi and no higher
input price rho phi: handing all of j's nodes to i costs no more, and a cut between the two
disappears. Ties fall by the canonical order, so that the first optimal allocation in that order
loses nothing: a tie in phi, and where some node has no output, so that phi does not matter there,
a tie in rho phi as well.
"""

from __future__ import annotations

import numpy as np

from market.workflow.allocation import AllocationProblem
from market.workflow.quantities import BoolArray, FloatArray, IntArray


class Front:
    """The providers that nobody dominates, also after any one provider has left.

    ``capable`` (N, R) says who can do what; ``price`` (N,) is the virtual cost phi,
    ``input_price`` (N,) is rho phi; ``all_have_output`` says that no node is without output.
    """

    def __init__(
        self,
        capable: BoolArray,
        price: FloatArray,
        input_price: FloatArray,
        *,
        all_have_output: bool = True,
    ):
        self._candidates = _candidates(capable, price, input_price, all_have_output)
        self._dominates = _dominance(
            capable[self._candidates],
            price[self._candidates],
            input_price[self._candidates],
            all_have_output,
        )

    @classmethod
    def of(cls, problem: AllocationProblem, prices: FloatArray) -> Front:
        """The front of a problem at virtual costs ``prices`` (N,)."""
        return cls(
            problem.meets,
            prices,
            prices * problem.input_ratio,
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
    capable: BoolArray, price: FloatArray, input_price: FloatArray, all_have_output: bool
) -> BoolArray:
    """(S, S): whether the row dominates the column. A strict partial order."""
    can = capable.astype(np.float32)
    lacks_some = (1 - can) @ can.T > 0
    first = np.arange(len(price))
    precedes = (price[:, None] < price) | ((price[:, None] == price) & (first[:, None] < first))
    no_dearer = input_price[:, None] <= input_price
    if not all_have_output:
        earlier = first[:, None] < first
        no_dearer &= earlier | (input_price[:, None] < input_price)
    dominates: BoolArray = precedes & no_dearer & ~lacks_some
    return dominates


def _candidates(
    capable: BoolArray, price: FloatArray, input_price: FloatArray, all_have_output: bool
) -> IntArray:
    """A superset of everyone with at most one dominator, found without comparing all pairs.

    Among providers of equal capability the dominators of j are those that come before it by
    (phi, position) and have no higher input price. Two layers of minima hold everyone with at most
    one dominator, and whoever a provider outside them dominates, two inside dominate as well.
    """
    kept = []
    for members in _classes(capable):
        group = members[np.argsort(price[members], kind="stable")]
        for _ in range(2):
            lowest_before = np.minimum.accumulate(np.append(np.inf, input_price[group]))[:-1]
            minimal = input_price[group] < lowest_before
            if not all_have_output:
                minimal |= input_price[group] == lowest_before
            kept.append(group[minimal])
            group = group[~minimal]
    return np.sort(np.concatenate(kept))


def _classes(capable: BoolArray) -> list[IntArray]:
    """The providers of every set of capabilities, ascending."""
    classes: dict[bytes, list[int]] = {}
    for provider, row in enumerate(np.packbits(capable, axis=1)):
        classes.setdefault(row.tobytes(), []).append(provider)
    return [np.array(members) for members in classes.values()]
