"""Reading the text of a user's file."""

from __future__ import annotations

from pathlib import Path

from market.errors import BadInput


def read_text(path: Path) -> str:
    """The text of a UTF-8 file.

    Raises:
        BadInput: it is not there, cannot be read, or is not UTF-8.
    """
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise BadInput(str(path), "no such file") from None
    except OSError as error:
        raise BadInput(str(path), f"cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise BadInput(str(path), "expected UTF-8 text") from None
