"""Reading CSV strictly, a line at a time."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

from market.errors import BadInput
from orchestrator.reading.text_file import read_lines


def csv_rows(path: Path) -> Iterator[tuple[str, list[str]]]:
    """The rows of a CSV file, each as the place where it stands and its fields.

    A row is a line: a field may be quoted, but ends on the line where it begins. Blank lines are
    no rows. The file is read as ``read_lines`` does.

    Raises:
        BadInput: names the file and the first line that cannot be read or is not CSV.
    """
    for number, line in read_lines(path):
        if line.strip():
            place = f"{path}: line {number}"
            yield place, _fields(line, place)


def _fields(line: str, place: str) -> list[str]:
    try:
        return next(csv.reader([line], strict=True))
    except csv.Error as error:
        raise BadInput(place, f"not CSV: {error}") from None
