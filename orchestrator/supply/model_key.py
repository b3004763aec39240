"""One model under the names that different lists give it."""

from __future__ import annotations

import re


def model_key(name: str) -> tuple[str, ...]:
    """What two names of the same model have in common.

    The runs of letters and of digits, in lower case, of the last part of a path, without what
    follows a colon: ``meta-llama/Llama-3.1-8B-Instruct``, ``llama-3_1-8b-instruct`` and
    ``llama3.1-8b-instruct:free`` are one model, ``gemma-2-9b`` and ``gemma-29b`` two.
    """
    last = name.rsplit("/", 1)[-1].split(":", 1)[0]
    return tuple(re.findall(r"[^\W\d_]+|\d+", last.lower()))
