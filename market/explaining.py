"""One door to every explanation: a problem in, why it is cleared as it is out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from typing import Any, NamedTuple

from market.fields import Fields
from market.matching import explanation as matching
from market.workflow import explanation as workflow


class Explainer(NamedTuple):
    """What explains a kind of problem, and what puts that into words."""

    explain: Callable[[Mapping[str, Any]], Any]
    in_words: Callable[[Any], Iterator[str]]


#: By the kind of problem.
EXPLAINERS = {
    "workflow": Explainer(workflow.explain_workflow, workflow.in_words),
    "matching": Explainer(matching.explain_matching, matching.in_words),
}


def explain(problem: Mapping[str, Any]) -> dict[str, Any]:
    """Clear one auction as ``solve`` does, and say why it is cleared so, as a dict.

    Its keys are the fields of ``WorkflowExplanation`` or ``MatchingExplanation``; amounts are
    those of the answer of ``solve``. Raises what ``solve`` raises.
    """
    return asdict(_explainer(problem).explain(problem))


def explain_in_words(problem: Mapping[str, Any]) -> list[str]:
    """The same in words, by lines."""
    explainer = _explainer(problem)
    return list(explainer.in_words(explainer.explain(problem)))


def _explainer(problem: Mapping[str, Any]) -> Explainer:
    return EXPLAINERS[Fields(problem, "").choice("kind", tuple(EXPLAINERS))]
