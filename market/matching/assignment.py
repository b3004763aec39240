"""Maximum-weight bipartite b-matching (IEMAS, Eq. 7), and the backends that find one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from market.errors import BadInput
from market.fields import shown
from market.matching import linear_assignment as dense
from market.matching import network_simplex as sparse
from market.matching.pairs import UNMATCHED, Amounts, Counts, Pairs

#: Every backend by name; they may differ in which of several best matchings they find.
BACKENDS: dict[str, Callable[[Pairs, Counts], Counts]] = {
    "dense": dense.linear_assignment,
    "sparse": sparse.network_simplex,
}
AUTO = "auto"

#: The rule of ``auto``, from the measurements in docs/matching.md: cells of requests times slots
#: up to which dense is best whatever the market; the share of pairs from which it is best with
#: fewer slots than requests; the most cells that it gets, for their memory.
FEW_CELLS = 4_000
DENSE_SHARE = 0.5
MOST_CELLS = 50_000_000


def max_weight_matching(
    weights: Amounts, capacities: Counts, backend: str = AUTO
) -> npt.NDArray[np.intp]:
    """Match requests to free slots so that the total weight is largest.

    Max weight, not max cardinality: every request may stay unmatched at weight zero, so a pair
    that adds nothing is never matched.

    Args:
        weights: (requests, providers), what the pair adds to welfare; zero or less where it must
            not be matched. Integers are exact.
        capacities: (providers,), free slots.
        backend: ``auto`` or one of ``BACKENDS``.

    Returns:
        (requests,), the provider's index or ``UNMATCHED``.

    Raises:
        BadInput: an unknown backend, weights that it cannot match exactly, or slots that are not
            those of the providers.
    """
    pairs = Pairs.of(weights)
    return pairs.match(best_pairs(pairs, capacities, backend))


def best_pairs(pairs: Pairs, capacities: Counts, backend: str = AUTO) -> Counts:
    """The pair (requests,) that each request takes in a matching of largest weight.

    ``UNMATCHED`` where it takes none. Raises ``BadInput`` as ``max_weight_matching`` does.
    """
    _check_capacities(pairs, capacities)
    if backend == AUTO:
        backend = chosen_backend(pairs, capacities)
    if backend not in BACKENDS:
        expected = ", ".join((AUTO, *BACKENDS))
        raise BadInput("backend", f"expected one of {expected}; got {shown(backend)}")
    _check_exact(backend, pairs)
    if not len(pairs.weight):
        return np.full(pairs.requests, UNMATCHED, dtype=np.int64)
    return BACKENDS[backend](pairs, capacities)


def chosen_backend(pairs: Pairs, capacities: Counts) -> str:
    """The backend that ``auto`` stands for; raises ``BadInput`` where none can take the market."""
    slots = int(np.minimum(capacities, pairs.requests).sum())
    cells = pairs.requests * slots
    if not pairs.whole:
        broken = _fraction(pairs)
        if cells > MOST_CELLS and broken is not None:
            problem = f"expected whole numbers, as {cells} cells of requests and slots are more"
            raise BadInput("backend", f"{problem} than {MOST_CELLS}; got the weight {broken:.17g}")
        return "sparse" if cells > MOST_CELLS else "dense"
    if cells > MOST_CELLS or pairs.top > dense.MOST_WEIGHT:
        return "sparse"
    many = len(pairs.weight) >= DENSE_SHARE * pairs.requests * pairs.providers
    return "dense" if cells <= FEW_CELLS or (slots < pairs.requests and many) else "sparse"


def matched_weight(weights: Amounts, match: npt.NDArray[np.intp]) -> Any:
    """Total weight of a matching, as a Python number; of integers exactly."""
    rows = np.flatnonzero(match != UNMATCHED)
    return total(weights[rows, match[rows]])


def total(amounts: Amounts) -> Any:
    """The sum as a Python number, beyond 64 bits too."""
    if amounts.dtype.kind == "f":
        return amounts.sum().item()
    return sum(amounts.tolist())


def _check_capacities(pairs: Pairs, capacities: Counts) -> None:
    """Raise ``BadInput`` where compiled loops would leave their arrays."""
    if len(capacities) != pairs.providers:
        problem = f"expected one for each of {pairs.providers} providers, got {len(capacities)}"
        raise BadInput("capacities", problem)
    if capacities.min(initial=0) < 0:
        raise BadInput("capacities", f"expected none below 0, got {capacities.min()}")


def _check_exact(backend: str, pairs: Pairs) -> None:
    """Raise ``BadInput`` where rounding or overflow could decide."""
    if backend == "dense":
        if pairs.whole and pairs.top > dense.MOST_WEIGHT:
            problem = f"dense is exact up to weights of {dense.MOST_WEIGHT}, got {pairs.top}"
            raise BadInput("backend", problem)
        return
    if not pairs.whole:
        broken = _fraction(pairs)
        if broken is not None:
            problem = f"sparse takes whole numbers, got the weight {broken:.17g}"
            raise BadInput("backend", problem)
    most = sparse.MOST_PATH // (min(pairs.requests, pairs.providers) + 3)
    if pairs.top > most:
        problem = f"in a market of this size sparse is exact up to weights of {most}"
        raise BadInput("backend", f"{problem}, got {pairs.top}")


def _fraction(pairs: Pairs) -> float | None:
    """A weight that is no whole number, if there is one."""
    broken = pairs.weight[pairs.weight != np.floor(pairs.weight)]
    return float(broken[0]) if len(broken) else None
