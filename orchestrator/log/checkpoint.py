"""The checkpoint of a run: how far its log goes, and which files hold what counts."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from market.errors import BadInput
from market.fields import shown
from orchestrator.log.durable import write_json_atomically
from orchestrator.log.tables import TABLES
from orchestrator.reading.json_text import parse_json
from orchestrator.reading.text_file import read_text

CHECKPOINT = "checkpoint.json"

#: Where files wait that no plain glob may see.
PENDING = ".pending"

COMMIT_FILE = re.compile(r"\d{4,}-\d{6,}\.arrow")
FIRST_COMMIT = "*-000000.arrow"

_TABLE = "|".join(TABLES)
Count = Annotated[int, Field(ge=0, lt=2**63)]
CommitFile = Annotated[str, Field(pattern=rf"^{COMMIT_FILE.pattern}$")]
PartPath = Annotated[str, Field(pattern=rf"^({_TABLE})/part-\d{{4,}}-\d{{6,}}(-\d+)?\.parquet$")]
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Checkpoint(BaseModel):
    """How far the log goes, and which files hold it.

    What counts is: every part in place that is not ``removing``, the parts that are ``placing``,
    wherever they are, and the commits that are ``pending``.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    trial: Count
    round: Count  # the last that counts; 0 before the first
    over: bool = False  # the trial has ended
    commits: Count = 0  # of this trial
    switches: Count = 0  # how often parts have changed in this trial
    pending: list[CommitFile] = []
    placing: list[PartPath] = []
    removing: list[PartPath] = []
    log_digest: Digest
    timings_digest: Digest

    @property
    def epoch(self) -> tuple[int, int]:
        """Differs where pending commits became parts, or parts were merged."""
        return self.trial, self.switches


def read_checkpoint(run: Path) -> Checkpoint | None:
    """The checkpoint of a run; None before its first commit.

    Raises:
        BadInput: it is truncated or not one of ours, or there is none while there are parts, or
            other commits than the first, which may be one that was just being made.
    """
    path = run / CHECKPOINT
    if not path.exists():
        for table in TABLES:
            if any((run / table).glob("part-*.parquet")):
                raise BadInput(str(run), f"has parts in {table}, but no {CHECKPOINT}")
        if any(not file.match(FIRST_COMMIT) for file in (run / PENDING).glob("*.arrow")):
            raise BadInput(str(run), f"has commits in {PENDING}, but no {CHECKPOINT}")
        return None
    text = read_text(path)
    try:
        return Checkpoint.model_validate(parse_json(text))
    except BadInput as error:
        raise BadInput(str(path), f"is not a checkpoint of ours: {error.problem}") from None
    except ValidationError as error:
        problem = error.errors()[0]
        where = ".".join(map(str, problem["loc"]))
        said = f"{where}: {problem['msg']}, got {shown(problem['input'])}"
        raise BadInput(str(path), f"is not a checkpoint of ours: {said}") from None


def write_checkpoint(run: Path, checkpoint: Checkpoint) -> None:
    """Replace the checkpoint of a run atomically."""
    write_json_atomically(run / CHECKPOINT, checkpoint.model_dump(mode="json"))
