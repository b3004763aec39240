"""The auditor at work on files of problems and on the clearings of a run."""

from orchestrator.audit.clearings import (
    ChatPlace,
    WorkflowPlace,
    audit_chat,
    audit_workflow,
    chat_places,
    workflow_places,
)
from orchestrator.audit.command import (
    Audited,
    Worst,
    audit_path,
    described,
    write_counterexample,
)
from orchestrator.audit.unchecked import NotChecked

__all__ = [
    "Audited",
    "ChatPlace",
    "NotChecked",
    "WorkflowPlace",
    "Worst",
    "audit_chat",
    "audit_path",
    "audit_workflow",
    "chat_places",
    "described",
    "workflow_places",
    "write_counterexample",
]
