"""What is kept of a market comes back as it was, and nothing else comes with it."""

import pickle
import subprocess
from collections import Counter, OrderedDict, defaultdict, deque
from pathlib import Path

import numpy as np
import pytest

from market.errors import BadInput
from market.frozen import freeze, thaw
from market.messages import Valuation
from market.seeding import stream


def test_containers_arrays_and_our_own_classes_come_back() -> None:
    state = {
        "ours": Valuation(0.5, 1.0, 2.0),
        "containers": [(1, 2.5), {3}, frozenset("a"), deque([1]), Counter("aab")],
        "ordered": OrderedDict(b=1, a=2),
        "paths": Path("a/b"),
        "counts": defaultdict(list, x=[1]),
    }
    assert thaw(freeze(state)) == state


def test_arrays_come_back_to_the_last_bit() -> None:
    array = np.array([0.1, np.nan, -0.0])
    back = thaw(freeze([array, np.float64(0.1), np.int64(3)]))
    assert back[0].tobytes() == array.tobytes()
    assert back[1:] == [np.float64(0.1), np.int64(3)]


def test_a_generator_goes_on_with_its_draws() -> None:
    drawn = stream(3, "a")
    drawn.random(5)
    copy = thaw(freeze(drawn))
    assert copy.random(5).tolist() == drawn.random(5).tolist()
    assert copy.spawn(1)[0].random() == drawn.spawn(1)[0].random()


def test_what_is_held_twice_is_one_again() -> None:
    shared = [1]
    one, other = thaw(freeze((shared, shared)))
    assert one is other


class _Evil:
    def __init__(self, what: object, *arguments: object):
        self._call = what, arguments

    def __reduce__(self) -> object:
        return self._call


@pytest.mark.parametrize(
    "evil",
    [
        _Evil(eval, "1 + 1"),
        _Evil(subprocess.Popen, ["true"]),
        _Evil(getattr, "text", "upper"),
        _Evil(np.load, "file"),
        _Evil(np.testing.assert_equal, 1, 1),
    ],
    ids=["eval", "a process", "any method", "numpy's functions", "numpy's tests"],
)
def test_nothing_else_is_called(evil: _Evil) -> None:
    with pytest.raises(BadInput, match="frozen state: expected"):
        thaw(pickle.dumps(evil))


def test_what_our_modules_import_is_not_found_in_them() -> None:
    hidden = b"\x80\x04\x8c\x15orchestrator.resume.x\x8c\x02os\x93."
    for module in (b"orchestrator.interrupts", b"orchestrator.runs.directory"):
        for name in (b"signal.signal", b"shutil.rmtree", b"prepare_directory"):
            asked = b"\x80\x04\x8c%c%s\x8c%c%s\x93." % (len(module), module, len(name), name)
            with pytest.raises(BadInput, match="frozen state"):
                thaw(asked)
    with pytest.raises(BadInput, match="frozen state"):
        thaw(hidden)


def test_what_is_no_frozen_state_is_refused() -> None:
    frozen = freeze({"a": [1, 2, 3], "b": Valuation(0.5, 1.0, 2.0)})
    for length in range(len(frozen)):
        with pytest.raises(BadInput, match="frozen state"):
            thaw(frozen[:length])
