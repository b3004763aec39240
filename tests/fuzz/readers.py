"""Every reader of a user's file, and a small good file for each."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from agents.engine.profiles import DEFAULT_PROFILE, ENGINE_PROFILES
from orchestrator.calibration.measurements import read_measurements
from orchestrator.problem_file import solve_file
from orchestrator.scenario.yaml_text import read_yaml
from orchestrator.supply.engine_profiles import read_profile
from orchestrator.supply.price_catalogue import read_catalogue
from orchestrator.supply.price_series import Window, electricity_series, spot_series
from orchestrator.supply.score_table import read_scores
from tests.orchestrator.demand.test_wrong_files import FILES, read

INSTANCES = Path(__file__).resolve().parents[2] / "examples" / "instances"
#: Instances whose mutations are problems of every kind of graph, prior and mechanism.
PROBLEMS = tuple(
    json.loads(path.read_text(encoding="utf-8"))
    for path in sorted(INSTANCES.glob("*/problem.json"))
)


class Reader(NamedTuple):
    """What reads a file of some name, and one that it reads well."""

    read: Callable[[Path], object]
    name: str
    good: str


def _solve(path: Path) -> list[Any]:
    return [json.loads(answer) for answer in solve_file(path)]


def _measurement(number: int) -> str:
    row = {"request_id": f"r{number}", "input_toks": 10, "output_toks": 3, "arrival_time": number}
    times = {"queued_ts": number + 0.1, "first_token_ts": number + 0.5, "last_token_ts": number + 1}
    return json.dumps(row | times)


_LIMITS = {
    "block_size": 16,
    "kv_blocks": 100,
    "max_num_seqs": 8,
    "max_num_batched_tokens": 64,
    "max_model_len": 100,
}
_WINDOW = Window(None, 3600.0, 7200.0)
_MODEL = {"id": "m", "prices": {"input_mtok": 1, "output_mtok": {"base": 2, "tiers": []}}}
_DATED = {"id": "n", "prices": [{"prices": {"input_mtok": 1, "output_mtok": 2}}]}
_SCORE_COLUMNS = "split,idx,task,metric,question_chars,question_sha1,a-1,b-2"
_SPOT_COLUMNS = "timestamp,availability_zone,instance_type,product,spot_price_usd_per_hour"
_SPOT = "2019-01-01 0{}:00:00,z-1a,p3,Linux/UNIX,1.{}\n"

#: By what the file is.
READERS: dict[str, Reader] = {
    **{shape: Reader(partial(read, shape), "file", good) for shape, good in FILES.items()},
    "measurements": Reader(
        partial(read_measurements, options=_LIMITS),
        "requests.jsonl",
        "\n".join(map(_measurement, range(20))),
    ),
    "catalogue": Reader(
        read_catalogue, "prices.json", json.dumps([{"id": "s", "models": [_MODEL, _DATED]}])
    ),
    "profile": Reader(
        read_profile, "engine.json", json.dumps(asdict(ENGINE_PROFILES[DEFAULT_PROFILE]))
    ),
    "scores": Reader(read_scores, "scores.csv", f"{_SCORE_COLUMNS}\ntest,0,t,em,9,ab,1,0.5\n"),
    "electricity": Reader(
        partial(electricity_series, column="price", window=_WINDOW),
        "prices.csv",
        "time,price\n2024-01-01,1\n2024-01-01T01:00,-2.5\n2024-01-01T02:00,3\n",
    ),
    "spot": Reader(
        partial(spot_series, instance="p3", product="Linux/UNIX", zones=None, window=_WINDOW),
        "spot.csv",
        f"{_SPOT_COLUMNS}\n" + "".join(_SPOT.format(hour, hour) for hour in range(4)),
    ),
    "scenario": Reader(
        read_yaml, "scenario.yaml", "seed: 1\nproviders: &p [{name: a, count: 2}]\nhubs: {count: 1}"
    ),
    "problem": Reader(_solve, "problem.json", json.dumps(PROBLEMS[0])),
    "problems": Reader(_solve, "problems.jsonl", "\n".join(map(json.dumps, PROBLEMS))),
}
