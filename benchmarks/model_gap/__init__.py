"""What the auction of a workflow assumes of caches, against what the caches do."""

from benchmarks.model_gap.cli import command

__all__ = ["command"]
