"""A workflow from a file in this project's own form: the nodes and edges of a workflow problem."""

from __future__ import annotations

from pathlib import Path

from market.errors import BadInput
from market.fields import Fields
from market.workflow import Workflow
from market.workflow.problem import read_workflow
from orchestrator.reading.json_text import parse_json
from orchestrator.reading.text_file import read_text


def read_walras_workflow(path: Path) -> list[Workflow]:
    """The one workflow of a file ``{"nodes": [...], "edges": [...]}``.

    Nodes and edges are those of ``walras solve``. The file names no providers, so ``capable`` may
    name any.

    Raises:
        BadInput: names the file and the dotted key.
    """
    text = read_text(path)
    try:
        record = Fields(parse_json(text), "")
        workflow = read_workflow(record, None)
        record.done()
    except BadInput as error:
        raise error.inside(str(path)) from None
    return [workflow]
