"""Reading the text of a user's file, whole or line by line.

A file is UTF-8; a byte-order mark at its beginning, as spreadsheets write one, is left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import TextIO

from market.errors import BadInput

ENCODING = "utf-8-sig"
#: No text that is read whole is longer: 1 GiB of ASCII.
MOST_TEXT_CHARACTERS = 2**30
#: A text is read in pieces of so many.
PIECE_CHARACTERS = 2**20
#: No line is longer: twice the 19,532 hash ids, of 20 digits each, of 10,000,000 tokens.
MOST_LINE_CHARACTERS = 1_000_000


def read_text(path: Path) -> str:
    """The text of a UTF-8 file.

    Raises:
        BadInput: it is not there, cannot be read, is not UTF-8, or has more than
            ``MOST_TEXT_CHARACTERS``, 2**30; no more of it is read.
    """
    with _failures_told(path), _opened(path, "strict") as file:
        try:
            text = "".join(_read_up_to(file, MOST_TEXT_CHARACTERS + 1))
        except UnicodeDecodeError:
            raise BadInput(str(path), "expected UTF-8 text") from None
    if len(text) > MOST_TEXT_CHARACTERS:
        problem = f"expected at most {MOST_TEXT_CHARACTERS} characters, got more"
        raise BadInput(str(path), problem)
    return text


def read_lines(path: Path) -> Iterator[tuple[int, str]]:
    r"""The lines of a UTF-8 file, numbered from 1, without the line ends ``\n``, ``\r\n``, ``\r``.

    Only the line at hand is held. The file is opened when the first line is asked for, and closed
    after the last one or with the generator.

    Raises:
        BadInput: the file is not there or cannot be read; a line, named by its number, is not
            UTF-8 or has more than ``MOST_LINE_CHARACTERS``.
    """
    # Bytes that are no UTF-8 pass the decoder, which reads ahead, to be found in their own line.
    with _failures_told(path), _opened(path, "surrogateescape") as file:
        for number in count(1):
            line = file.readline(MOST_LINE_CHARACTERS + 1)
            if not line:
                return
            yield number, _checked(line.removesuffix("\n"), f"{path}: line {number}")


def _checked(line: str, place: str) -> str:
    if len(line) > MOST_LINE_CHARACTERS:
        raise BadInput(place, f"expected at most {MOST_LINE_CHARACTERS} characters, got more")
    try:
        line.encode()
    except UnicodeEncodeError:
        raise BadInput(place, "expected UTF-8 text") from None
    return line


def _read_up_to(file: TextIO, characters: int) -> Iterator[str]:
    """Pieces of the file; asked for all at once, memory for the bound would be taken each time."""
    while characters and (piece := file.read(min(characters, PIECE_CHARACTERS))):
        characters -= len(piece)
        yield piece


def _opened(path: Path, errors: str) -> TextIO:
    """The file, if it is one: nobody may write to a pipe, and a device need not end."""
    if path.exists() and not path.is_file() and not path.is_dir():  # to open a directory tells it
        raise BadInput(str(path), "expected a file, got a pipe, a socket or a device")
    return path.open(encoding=ENCODING, errors=errors)


@contextmanager
def _failures_told(path: Path) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        raise BadInput(str(path), "no such file") from None
    except OSError as error:
        raise BadInput(str(path), f"cannot be read: {error.strerror}") from None
    except ValueError as error:  # the path itself, such as one with a null byte
        raise BadInput(str(path), f"cannot be read: {error}") from None
