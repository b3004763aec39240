"""The generated blocks of a page, between ``<!-- NAME: generated -->`` and ``<!-- end -->``."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from pathlib import Path

from market.errors import BadInput
from orchestrator.reading.text_file import read_text

_BLOCK = re.compile(r"<!-- ([\w-]+): generated -->\n(.*?)<!-- end -->\n", re.DOTALL)


def check_blocks(path: Path, names: Collection[str]) -> None:
    """Raise ``BadInput`` where the page cannot be read, or does not have exactly these blocks."""
    there = list(_BLOCK.findall(read_text(path)))
    if sorted(name for name, _ in there) != sorted(names):
        expected, got = ", ".join(sorted(names)), ", ".join(sorted(name for name, _ in there))
        raise BadInput(str(path), f"expected the generated blocks {expected}; got {got}")


def blocks_of(text: str) -> dict[str, str]:
    """The blocks of a page by name."""
    return {name: body.strip() for name, body in _BLOCK.findall(text)}


def with_blocks(text: str, blocks: Mapping[str, str]) -> str:
    """A page with its blocks replaced by those of the same name."""

    def replaced(match: re.Match[str]) -> str:
        name = match[1]
        return f"<!-- {name}: generated -->\n\n{blocks[name]}\n\n<!-- end -->\n"

    return _BLOCK.sub(replaced, text)
