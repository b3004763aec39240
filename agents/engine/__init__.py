"""Engines: what serves a provider's work."""

from agents.engine.role import Engine, Job, Task, failed
from agents.engine.simulated import SimulatedEngine

__all__ = ["Engine", "Job", "SimulatedEngine", "Task", "failed"]
