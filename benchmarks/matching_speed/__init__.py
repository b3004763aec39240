"""How fast chat markets are cleared, all payments included, beside solving again for each."""

from benchmarks.matching_speed.cli import command

__all__ = ["command"]
