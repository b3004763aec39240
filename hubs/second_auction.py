"""The names of requests and workflows that are auctioned a second time, their provider lost."""

from __future__ import annotations

_SECOND = "~2"


def second_id(request: str) -> str:
    """The id under which a request is auctioned again."""
    return request + _SECOND


def first_id(request: str) -> str:
    """The id under which a request was auctioned first; its own if that is this one."""
    return request.removesuffix(_SECOND)
