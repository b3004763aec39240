"""State of a market as bytes, and back.

It is pickled. What is read back may name no more than the classes that a market's state is made
of, so that a file that somebody else has written runs none of their code; our own classes are
still made with whatever it says, and so are those of the plug-ins that are installed.
"""

from __future__ import annotations

import io
import pickle
from types import MethodType
from typing import Any

from market import plugins
from market.errors import BadInput

#: Packages whose classes may stand in a frozen state.
PACKAGES = ("market", "agents", "hubs", "orchestrator", "river")

#: What else may: containers, paths, and how numpy makes its arrays and generators again.
OTHERS = {
    "builtins": {"bytearray", "complex", "dict", "frozenset", "list", "range", "set", "tuple"},
    "collections": {"Counter", "OrderedDict", "defaultdict", "deque"},
    "numpy": {"dtype", "ndarray"},
    "numpy._core.multiarray": {"_reconstruct", "scalar"},
    "numpy._core.numeric": {"_frombuffer"},
    "numpy.random._pcg64": {"PCG64"},
    "numpy.random._pickle": {"__bit_generator_ctor", "__generator_ctor"},
    "numpy.random.bit_generator": {"SeedSequence", "__pyx_unpickle_SeedSequence"},
    "pathlib": {"PosixPath", "WindowsPath"},
    "pathlib._local": {"PosixPath", "WindowsPath"},
}


def freeze(state: Any) -> bytes:
    """The state, pickled; objects that it holds twice are one again when it is thawed."""
    return pickle.dumps(state, protocol=5)


def thaw(frozen: bytes) -> Any:
    """The state that was frozen.

    Raises:
        BadInput: it is none, or names something that no state of a market is made of.
    """
    try:
        return _Thawing(io.BytesIO(frozen)).load()
    except BadInput:
        raise
    except Exception as error:  # what is wrong with a pickle, any of a dozen kinds
        raise BadInput("frozen state", f"cannot be read: {error}") from None


class _Thawing(pickle.Unpickler):
    """Finds nothing but what a frozen state is made of."""

    def find_class(self, module: str, name: str) -> Any:
        if name in OTHERS.get(module, ()):
            return super().find_class(module, name)
        if (module, name) == ("builtins", "getattr"):
            return _method_of
        if _is_ours(module):
            found = super().find_class(module, name)
            if isinstance(found, type) and _is_ours(found.__module__):
                return found
        raise BadInput("frozen state", f"expected classes of a market, got {module}.{name}")


def _method_of(owner: Any, name: str) -> Any:
    """A method of one of the objects, which is how river keeps some of its choices."""
    found = getattr(owner, name)
    if isinstance(found, MethodType) and found.__self__ is owner and _is_ours(_module_of(owner)):
        return found
    raise BadInput("frozen state", f"expected a method of a market's object, got {name}")


def _module_of(owner: Any) -> str:
    module: str = type(owner).__module__
    return module


def _is_ours(module: str) -> bool:
    top = module.partition(".")[0]
    return top in PACKAGES or top in plugins.modules()
