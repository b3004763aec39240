"""Mutated files: every reader reads one or refuses it, in a line and in time."""

import json
from functools import partial
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.errors import BadInput
from tests.fuzz.bounded import answered
from tests.fuzz.mutation import mangled, mutated
from tests.fuzz.readers import PROBLEMS, READERS
from tests.strategies import examples

randoms = st.randoms(use_true_random=False)
#: Readers of one JSON document.
DOCUMENTS = [name for name, reader in READERS.items() if reader.good[:1] in "[{"]


def written(document: object) -> bytes:
    return json.dumps(document).encode("utf-8", "surrogatepass")


@pytest.mark.parametrize("name", READERS)
def test_the_good_file_is_read(tmp_path, name):
    reader = READERS[name]
    path = tmp_path / reader.name
    path.write_text(reader.good)
    assert answered(partial(reader.read, path))


@pytest.mark.parametrize("name", READERS)
def test_mangled_bytes_are_read_or_refused(tmp_path_factory, name):
    reader = READERS[name]
    path = tmp_path_factory.mktemp("mangled") / reader.name

    @examples(25)
    @given(randoms)
    def check(random: Random) -> None:
        path.write_bytes(mangled(reader.good.encode(), random))
        answered(partial(reader.read, path))

    check()


@pytest.mark.parametrize("name", [name for name in DOCUMENTS if name != "problem"])
def test_mutated_documents_are_read_or_refused(tmp_path_factory, name):
    reader = READERS[name]
    path = tmp_path_factory.mktemp("mutated") / reader.name
    lines = reader.good.splitlines()
    last = json.loads(lines[-1])

    @examples(40)
    @given(randoms)
    def check(random: Random) -> None:
        before = [f"{line}\n".encode() for line in lines[:-1]]
        path.write_bytes(b"".join(before) + written(mutated(last, random)))
        answered(partial(reader.read, path))

    check()


@examples(150)
@given(st.sampled_from(PROBLEMS), randoms)
def test_mutated_problems_have_finite_answers_or_are_refused(tmp_path_factory, problem, random):
    path = tmp_path_factory.getbasetemp() / "mutated.json"
    path.write_bytes(written(mutated(problem, random)))
    for answer in answered(partial(READERS["problem"].read, path)) or ():
        json.dumps(answer, allow_nan=False)


@pytest.mark.parametrize("name", READERS)
@pytest.mark.parametrize("content", ["", "\ufeff", "\n", "\x00", "\r\n\r\n", "[" * 100_000])
def test_files_of_nothing_or_of_brackets_are_refused(tmp_path, name, content):
    reader = READERS[name]
    path = tmp_path / reader.name
    path.write_text(content, encoding="utf-8", newline="")
    with pytest.raises(BadInput):
        reader.read(path)


@pytest.mark.parametrize("name", [name for name in READERS if name != "azure"])
def test_a_mark_and_the_line_ends_of_windows_change_nothing(tmp_path, name):
    reader = READERS[name]
    plain, marked = tmp_path / "1" / reader.name, tmp_path / "2" / reader.name
    for path, text in ((plain, reader.good), (marked, "\ufeff" + reader.good)):
        path.parent.mkdir()
        path.write_bytes(text.replace("\n", "\r\n").encode() if path == marked else text.encode())
    assert reader.read(marked) == reader.read(plain)
