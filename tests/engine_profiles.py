"""Small engines of round figures for tests."""

from __future__ import annotations

from dataclasses import asdict

from market.profiles import EngineProfile

SMALL = EngineProfile("small", 16, 4096, 32, 8192, 16384, 0.006, 0.00004, 0.0002)
MEDIUM = EngineProfile("medium", 16, 3072, 24, 8192, 16384, 0.012, 0.0001, 0.0004)
LARGE = EngineProfile("large", 16, 2048, 16, 8192, 16384, 0.025, 0.0003, 0.0008)

#: As a scenario writes them.
SMALL_RECORD, LARGE_RECORD = asdict(SMALL), asdict(LARGE)
