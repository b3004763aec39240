"""The auditor: who would gain by a lie, under which mechanism, and how much.

It judges mechanisms from outside, by holding their auctions again; nothing in it is used by them.
"""

from market.audit.matching import audit_matching
from market.audit.problem import audit, merged
from market.audit.report import CLIENT, PROVIDER, TOLERANCE, Check, Finding, Report, worst_of
from market.audit.survey import Survey, survey
from market.audit.workflow_client import audit_workflow_client
from market.audit.workflow_providers import audit_workflow_providers

__all__ = [
    "CLIENT",
    "PROVIDER",
    "TOLERANCE",
    "Check",
    "Finding",
    "Report",
    "Survey",
    "audit",
    "audit_matching",
    "audit_workflow_client",
    "audit_workflow_providers",
    "merged",
    "survey",
    "worst_of",
]
