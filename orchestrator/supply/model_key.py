"""One model under the names that different lists give it."""

from __future__ import annotations

import re


def model_key(name: str) -> tuple[str, ...]:
    """What two names of the same model have in common.

    The runs of letters and of digits and every plus, in lower case, of the last part of a path:
    ``meta-llama/Llama-3.1-8B-Instruct``, ``llama-3_1-8b-instruct`` and ``llama3.1:8b-instruct``
    are one model, ``gemma-2-9b`` and ``gemma-29b`` two, as are ``o1`` and ``o1:thinking``.
    """
    last = name.rsplit("/", 1)[-1]
    return tuple(re.findall(r"[^\W\d_]+|\d+|\+", last.lower()))
