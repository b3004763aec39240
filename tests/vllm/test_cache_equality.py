"""The simulated engine against vLLM itself, request by request and step by step."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import pytest

from agents.engine import Job, SimulatedEngine
from market.messages import CHAT
from market.profiles import EngineProfile
from tests.vllm.cache_scenarios import LIMITS, NAMED, Limits, Turn, random_turns

pytestmark = pytest.mark.vllm

PROGRAM = Path(__file__).with_name("stepped_vllm.py")
RANDOM_SEQUENCES, RANDOM_TURNS = 10, 60
#: Attention on a CPU cannot have them; the first are those of a GPU.
SMALL_BLOCKS = (
    Limits(16, 48, 4, 40, 512),
    Limits(16, 400, 16, 512, 1024),
    Limits(4, 60, 5, 24, 200),
    Limits(1, 150, 6, 30, 120),
)


@dataclass(frozen=True)
class Served:
    """What came of a turn; a token comes at the end of a step, and steps are counted."""

    arrived: int
    first_token: int
    cached_tokens: int | None
    finished: int


def served_by_vllm(
    folder: Path, limits: Limits, sequences: Sequence[Sequence[Turn]], computes: bool
) -> list[dict[str, Served]]:
    """What came of every turn of the sequences, in order of arrival."""
    task = {
        "computes": computes,
        "limits": asdict(limits),
        "sequences": [
            [asdict(turn) | {"answer": turn.answer} for turn in one] for one in sequences
        ],
    }
    (folder / "task.json").write_text(json.dumps(task))
    command = [PROGRAM, folder, folder / "task.json", folder / "served.json"]
    done = subprocess.run(
        [sys.executable, *map(str, command)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    answer = json.loads((folder / "served.json").read_text())
    return [{name: Served(**one) for name, one in served.items()} for served in answer]


def served_by_simulation(
    limits: Limits, turns: Sequence[Turn], arrived: dict[str, int]
) -> dict[str, Served]:
    """The same turns, arriving at the given steps, on an engine whose steps last a second."""
    profile = EngineProfile(
        "stepped", limits.block_size, limits.blocks, limits.max_num_seqs,
        limits.max_num_batched_tokens, limits.max_model_len, 1.0, 0.0, 0.0,
    )  # fmt: skip
    engine = SimulatedEngine("p", profile)
    by_name = {turn.name: turn for turn in turns}
    for name, step in arrived.items():
        turn = by_name[name]
        engine.submit(Job(name, CHAT, turn.prompt, turn.output_tokens, turn.answer, float(step)))
    return {
        done.request: Served(
            int(done.submitted_s), int(done.first_token_s), done.cached_tokens, int(done.finish_s)
        )
        for done in engine.advance(math.inf)
    }


def assert_equal(
    folder: Path, limits: Limits, sequences: Sequence[Sequence[Turn]], computes: bool
) -> None:
    real = served_by_vllm(folder, limits, sequences, computes)
    for turns, served in zip(sequences, real, strict=True):
        arrived = {name: one.arrived for name, one in served.items()}
        assert served_by_simulation(limits, turns, arrived) == served
    requests = sum(map(len, real))
    assert requests == sum(map(len, sequences))
    print(f"{requests} requests in {len(sequences)} sequences are equal")


@pytest.mark.parametrize("limits", LIMITS.values(), ids=LIMITS)
def test_every_request_finds_as_many_tokens_cached_and_ends_at_the_same_step(limits, tmp_path):
    sequences = [turns for theirs, turns in NAMED.values() if theirs == limits]
    sequences += [random_turns(seed, limits, RANDOM_TURNS) for seed in range(RANDOM_SEQUENCES)]
    assert_equal(tmp_path, limits, sequences, computes=True)


@pytest.mark.parametrize(
    "limits", SMALL_BLOCKS, ids=lambda limits: f"blocks of {limits.block_size}"
)
def test_the_same_holds_of_vllm_s_scheduler_with_blocks_as_on_a_gpu_and_smaller(limits, tmp_path):
    sequences = [random_turns(seed, limits, RANDOM_TURNS) for seed in range(RANDOM_SEQUENCES)]
    assert_equal(tmp_path, limits, sequences, computes=False)
