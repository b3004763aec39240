"""Records whose damage shows: a line with their digest and length, and then what they say."""

from __future__ import annotations

import hashlib

from market.errors import BadInput

#: SHA-256 in hexadecimal, a space, twelve digits of length and a line end.
HEAD_BYTES = 64 + 1 + 12 + 1


def sealed(content: bytes) -> bytes:
    """The record of ``content``."""
    return _head(content) + content


def _head(content: bytes) -> bytes:
    return f"{hashlib.sha256(content).hexdigest()} {len(content):012d}\n".encode()


def unsealed(record: bytes | memoryview, place: str) -> tuple[bytes, int]:
    """What the record at the beginning of some bytes says, and how many bytes it takes.

    Raises:
        BadInput: names the ``place``; it is not whole, or not what was written.
    """
    if is_whole(record):
        end = HEAD_BYTES + _length(record)
        content = bytes(record[HEAD_BYTES:end])
        if record[:HEAD_BYTES] == _head(content):
            return content, end
    raise BadInput(place, "is damaged")


def is_whole(record: bytes | memoryview) -> bool:
    """Whether there are as many bytes as the record says that it has, if it is one.

    What is not even the head of a record counts as whole, so that it is not passed over as one
    that was just being written.
    """
    return len(record) >= HEAD_BYTES and len(record) >= HEAD_BYTES + _length(record)


def _length(record: bytes | memoryview) -> int:
    """By its head; 0 where that is none."""
    digits = bytes(record[65 : HEAD_BYTES - 1])
    return int(digits) if digits.isdigit() else 0
