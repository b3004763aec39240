"""The truthfulness matrix: who gains by lying, by mechanism, side and horizon."""

from benchmarks.truthfulness.cli import command

__all__ = ["command"]
