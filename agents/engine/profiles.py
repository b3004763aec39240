"""The engine profiles that a scenario can name.

Round figures for three sizes of model on one GPU each, for the first form of the simulated
engine; they are placeholders of the right magnitude, not measurements.
"""

from __future__ import annotations

from market.profiles import EngineProfile

ENGINE_PROFILES: dict[str, EngineProfile] = {
    profile.name: profile
    for profile in (
        EngineProfile("small", 16, 4096, 32, 8192, 16384, 0.006, 0.00004, 0.0002),
        EngineProfile("medium", 16, 3072, 24, 8192, 16384, 0.012, 0.0001, 0.0004),
        EngineProfile("large", 16, 2048, 16, 8192, 16384, 0.025, 0.0003, 0.0008),
    )
}
