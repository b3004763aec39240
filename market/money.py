"""Money. What is cleared between hubs, clients and providers is integer nano-USD.

Integers make every solver agree exactly, and every sum in a log add up exactly.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

NANO_PER_USD = 1_000_000_000
TOKENS_PER_MTOK = 1_000_000


#: Amounts saturate here, at about nine million USD: so far float64 holds every integer, which is
#: what keeps clearing exact.
MOST_NANO = 2**53


def nano_usd(usd: float) -> int:
    """An amount in USD, rounded to the nearest nano-USD."""
    return whole_nano(usd * NANO_PER_USD)


def whole_nano(nano: float) -> int:
    """An amount in nano-USD, rounded to the nearest, that saturates."""
    return round(min(MOST_NANO, max(-MOST_NANO, nano)))


def nano_usd_array(usd: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    """Amounts in USD, each rounded to the nearest nano-USD."""
    return np.rint(np.clip(usd * NANO_PER_USD, -MOST_NANO, MOST_NANO)).astype(np.int64)


def usd(nano: Any) -> Any:
    """Nano-USD as USD: a number, or an array of them."""
    return nano / NANO_PER_USD
