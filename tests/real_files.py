"""The real files that a checkout may have beside it; the project ships none of them."""

from __future__ import annotations

from pathlib import Path

import pytest

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


def real(name: str) -> Path:
    """A real file, by its path under shared/data, or the test is skipped."""
    path = DATA / name
    if not path.exists():
        pytest.skip(f"needs the real file {name} under shared/data beside the checkout")
    return path
