"""Small sweeps for tests: their files, and the command without Ray."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import yaml
from click.testing import CliRunner, Result

from orchestrator.cli import main
from tests.markets import DIALOGUES, small_market

#: Two mechanisms under two seeds.
SWEEP: dict[str, Any] = {
    "scenario": "market.yaml",
    "seeds": {"first": 1, "count": 2},
    "set": {"rounds": 4},
    "grid": {"hubs.mechanism": ["auction", "sticky"]},
    "metrics": ["chat_welfare_usd", "served_share", "hit_rate", "workflow_paid_usd"],
}


def write_sweep(folder: Path, **changes: Any) -> Path:
    """A sweep's file with whatever is changed, or left out where it is None, and its scenario."""
    market = small_market(demand=[DIALOGUES], rounds=10, log={"checkpoint_rounds": 1})
    folder.mkdir(parents=True, exist_ok=True)
    document = market.model_dump(mode="json", exclude_none=True)
    (folder / "market.yaml").write_text(yaml.safe_dump(document))
    path = folder / "mechanisms.yaml"
    said = {key: value for key, value in (SWEEP | changes).items() if value is not None}
    path.write_text(yaml.safe_dump(said, sort_keys=False))
    return path


def walras_sweep(*arguments: str | Path) -> Result:
    """The command, one trial after the other."""
    return CliRunner().invoke(main, ["sweep", "--ray", "off", *map(str, arguments)])


def timeless_trials(directory: Path) -> pa.Table:
    """The trials without how long they took."""
    return pq.read_table(directory / "trials.parquet").drop_columns(["wall_s"])
