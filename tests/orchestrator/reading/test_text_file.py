import gzip
import io
import tracemalloc
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from market.errors import BadInput
from orchestrator.reading import text_file
from orchestrator.reading.text_file import MOST_LINE_CHARACTERS, read_lines, read_text


def all_lines(path: Path) -> list[str]:
    return [line for _, line in read_lines(path)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "file.txt"


@pytest.fixture
def handles(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Every file that is opened by its path, in order."""
    opened: list[Any] = []
    open_path = Path.open

    def recorded(self: Path, *args: Any, **kwargs: Any) -> Any:
        opened.append(open_path(self, *args, **kwargs))
        return opened[-1]

    monkeypatch.setattr(Path, "open", recorded)
    return opened


@pytest.mark.parametrize("ending", [b"\n", b"\r\n", b"\r"])
@pytest.mark.parametrize("last", [True, False], ids=["ended", "unended"])
def test_lines_are_numbered_and_come_without_their_ends(path, ending, last):
    path.write_bytes(ending.join([b"one", b"", "drei ä".encode()]) + ending * last)
    assert list(read_lines(path)) == [(1, "one"), (2, ""), (3, "drei ä")]


def test_an_empty_file_has_no_lines(path):
    path.write_bytes(b"")
    assert list(read_lines(path)) == []


def test_only_line_ends_end_a_line(path):
    line = "one\u2028two\x0bthree\x0cfour\x85five"
    path.write_bytes(f"{line}\n".encode())
    assert all_lines(path) == [line]


def test_a_byte_order_mark_is_left_out(path):
    path.write_bytes("\ufeffone\ntwo\n".encode())
    assert all_lines(path) == ["one", "two"]
    assert read_text(path) == "one\ntwo\n"


@pytest.mark.parametrize("read", [read_text, all_lines])
@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("none.txt", "no such file"),
        (".", "cannot be read: Is a directory"),
        ("file.txt/below", "cannot be read: Not a directory"),
        ("x" * 300, "cannot be read: File name too long"),
        ("nu\0ll", "cannot be read: embedded null byte"),
        ("loop", "cannot be read: Too many levels of symbolic links"),
    ],
    ids=["none", "directory", "below a file", "long name", "null byte", "loop"],
)
def test_a_file_that_cannot_be_read_is_refused(
    path: Path, read: Callable[[Path], Any], name: str, problem: str
) -> None:
    path.write_text("text\n")
    (path.parent / "loop").symlink_to(path.parent / "loop")
    with pytest.raises(BadInput) as error:
        read(path.parent / name)
    place = str(path.parent / name).replace("\0", r"\x00")
    assert str(error.value) == f"{place}: {problem}"


@pytest.mark.parametrize("read", [read_text, all_lines])
def test_a_file_without_permission_is_refused(path, read, monkeypatch):
    def refuse(*_: Any, **__: Any) -> Any:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(io, "open", refuse)  # what pathlib calls
    with pytest.raises(BadInput) as error:
        read(path)
    assert str(error.value) == f"{path}: cannot be read: Permission denied"


@pytest.mark.parametrize(
    ("content", "number"),
    [
        (b"one\ntwo\nthr\xffee\nfour\n", 3),
        (b"one\n" + "ä".encode()[:1], 2),
        (b"one\n" * 5000 + b"\xed\xa0\x80\n" + b"one\n" * 5000, 5001),
        (gzip.compress(b"one\ntwo\n", mtime=0), 1),
        ("one\ntwo\n".encode("utf-16"), 1),
    ],
    ids=["latin-1", "cut character", "surrogate far behind", "gzip", "utf-16"],
)
def test_what_is_not_utf_8_is_refused_in_its_line(path, content, number):
    path.write_bytes(content)
    lines = read_lines(path)
    assert len(list(islice(lines, number - 1))) == number - 1
    with pytest.raises(BadInput) as error:
        next(lines)
    assert str(error.value) == f"{path}: line {number}: expected UTF-8 text"


def test_a_text_is_read_whole_up_to_the_bound_and_no_further(path, monkeypatch):
    monkeypatch.setattr(text_file, "MOST_TEXT_CHARACTERS", 10)
    path.write_text("ä" * 10)
    assert read_text(path) == "ä" * 10
    path.write_text("ä" * 11)
    with pytest.raises(BadInput) as error:
        read_text(path)
    assert str(error.value) == f"{path}: expected at most 10 characters, got more"


@pytest.mark.parametrize("ending", ["", "\n", "\r\n"])
def test_a_line_may_be_as_long_as_the_bound(path, ending):
    path.write_text("ä" * MOST_LINE_CHARACTERS + ending, newline="")
    assert [len(line) for line in all_lines(path)] == [MOST_LINE_CHARACTERS]


@pytest.mark.parametrize("ending", ["", "\n"])
def test_a_longer_line_is_refused(path, ending):
    path.write_text("one\n" + "x" * (MOST_LINE_CHARACTERS + 1) + ending)
    with pytest.raises(BadInput) as error:
        all_lines(path)
    assert str(error.value) == f"{path}: line 2: expected at most 1000000 characters, got more"


def test_a_gigabyte_without_a_line_end_is_refused_before_it_is_read(path):
    with path.open("wb") as file:
        file.truncate(2**30)
    tracemalloc.start()
    with pytest.raises(BadInput, match="line 1: expected at most 1000000 characters, got more"):
        all_lines(path)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 20e6


def test_a_file_is_opened_with_the_first_line_and_closed_after_the_last(path, handles):
    path.write_text("one\ntwo\n")
    handles.clear()
    lines = read_lines(path)
    assert handles == []
    next(lines)
    [file] = handles
    assert not file.closed
    assert len(list(lines)) == 1
    assert file.closed


def test_a_file_is_closed_with_its_reader_and_after_an_error(path, handles):
    path.write_bytes(b"one\n\xff\n")
    handles.clear()
    dropped, closed, failing = (read_lines(path) for _ in range(3))
    for lines in (dropped, closed, failing):
        next(lines)
    del dropped, lines
    closed.close()
    with pytest.raises(BadInput):
        next(failing)
    assert [file.closed for file in handles] == [True, True, True]
