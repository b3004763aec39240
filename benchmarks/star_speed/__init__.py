"""How fast STAR's exact solver and mechanism are, beside its peers, and how they grow."""

from benchmarks.star_speed.cli import command

__all__ = ["command"]
