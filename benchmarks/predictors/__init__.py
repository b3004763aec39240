"""How well hubs predict, beside simple baselines, and how fast the copied trees are."""

from benchmarks.predictors.cli import command

__all__ = ["command"]
