"""How series of bids move together, once what each of them and all of them do is taken out."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

#: Relative differences below this are rounding.
SAME = 1e-9


def innovations(series: Floats) -> Floats:
    """What of each column is new: less its mean, and what the row before explains.

    ``series`` is (rounds, members), NaN where missing; so is what is returned, the first row too.
    A negative dependence is left: members who take turns would otherwise be explained away.
    """
    there = ~np.isnan(series)
    mean = np.where(there, series, 0.0).sum(axis=0) / np.maximum(there.sum(axis=0), 1)
    centred = np.where(there, series - mean, 0.0)
    # what is left of a constant is rounding
    centred[np.abs(centred) < SAME] = 0.0
    now, before = centred[1:], centred[:-1]
    both = there[1:] & there[:-1]
    square = (both * before**2).sum(axis=0)
    kept = (both * now * before).sum(axis=0) / np.where(square > 0, square, 1.0)
    new = np.where(both, now - np.clip(kept, 0.0, 1.0) * before, np.nan)
    return np.concatenate([np.full((1, series.shape[1]), np.nan), new])


def partial_correlations(series: Floats) -> tuple[Floats, npt.NDArray[np.int64]]:
    """Of every two columns, given the sum of all others; and how many controls that is, 0 or 1.

    ``series`` is (rounds, members), with means near 0, and 0 where missing. Returns (members,
    members) twice; NaN where a column, or what the others leave of it, is constant.
    """
    cross = series.T @ series
    own, with_all = np.diag(cross), cross.sum(axis=1)
    rest = with_all[:, None] - own[:, None] - cross
    scale = own.sum()
    others = with_all.sum() + own[:, None] + own[None, :]
    others = others - 2 * (with_all[:, None] + with_all[None, :]) + 2 * cross
    controlled = others > SAME * max(scale, SAME)
    left = np.where(controlled, own[:, None] * others - rest**2, own[:, None])
    joint = np.where(controlled, cross * others - rest * rest.T, cross)
    whole = np.where(controlled, own[:, None] * others, own[:, None])
    known = (left > SAME * whole) & (own[:, None] > SAME**2)
    known &= known.T
    found = joint / np.sqrt(np.where(known, left * left.T, 1.0))
    return np.where(known, np.clip(found, -1.0, 1.0), np.nan), controlled.astype(np.int64)
