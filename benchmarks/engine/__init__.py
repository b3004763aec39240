"""Speed and hit rate of simulated engines on a Mooncake trace."""

from benchmarks.engine.cli import command

__all__ = ["command"]
