"""``walras verify``: whether the log of a run holds, found out from the log alone."""

from orchestrator.verify.findings import Finding
from orchestrator.verify.reclear import PAYMENT_CHECKS
from orchestrator.verify.verify import Verdict, verify_run

__all__ = ["PAYMENT_CHECKS", "Finding", "Verdict", "verify_run"]
