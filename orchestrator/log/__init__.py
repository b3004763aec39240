"""The log: typed tables in Parquet, committed so that a reader never sees half of a round."""

from orchestrator.log.reader import read_table
from orchestrator.log.writer import LogWriter

__all__ = ["LogWriter", "read_table"]
