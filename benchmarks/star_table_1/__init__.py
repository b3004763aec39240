"""Table 1 of the STAR paper: as printed, in many paired trials, and as a band of readings."""

from benchmarks.star_table_1.driver import command

__all__ = ["command"]
