"""Why each winner of a workflow auction won, as records and in words."""

from market.workflow.explanation.explain import explain_auction, explain_workflow
from market.workflow.explanation.model import WorkflowExplanation
from market.workflow.explanation.words import in_words

__all__ = ["WorkflowExplanation", "explain_auction", "explain_workflow", "in_words"]
