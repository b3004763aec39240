"""The log: typed tables in Parquet, committed so that a reader never sees half of a round."""

from orchestrator.log.checkpoint import Checkpoint, read_checkpoint
from orchestrator.log.digest_check import Mismatch, check_digests
from orchestrator.log.reader import LogView, read_pieces, read_table
from orchestrator.log.rehearsal import Rehearsal
from orchestrator.log.writer import LogWriter

__all__ = [
    "Checkpoint",
    "LogView",
    "LogWriter",
    "Mismatch",
    "Rehearsal",
    "check_digests",
    "read_checkpoint",
    "read_pieces",
    "read_table",
]
