from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from benchmarks.engine import command
from benchmarks.engine.cli import BLOCK, HEAD, LONGEST
from benchmarks.engine.replay import SteppedEngine, jobs_by_engine, replayed
from benchmarks.page import blocks_of
from orchestrator.demand.mooncake import read_mooncake
from tests.engine_profiles import MEDIUM
from tests.real_files import real

PAGE = Path(__file__).resolve().parents[2] / "docs" / "engine-simulator.md"


def trace(folder: Path, rows: int = 40) -> Path:
    """Four conversations in turn, each prompt longer than the last by a block of 512 tokens."""
    path = folder / "trace.jsonl"
    lines = (
        {
            "timestamp": 700 * n,
            "input_length": 512 * (n // 4 + 1) + 200,
            "output_length": 40 + n,
            "hash_ids": [0, *(1000 * (n % 4) + k for k in range(n // 4)), 9000 + n],
        }
        for n in range(rows)
    )
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def cells(text: str) -> list[list[str]]:
    return [
        [cell.strip() for cell in line.strip("|").split("|")] for line in text.strip().splitlines()
    ]


def test_a_conversation_stays_with_one_engine(tmp_path):
    jobs = jobs_by_engine(read_mooncake(trace(tmp_path)), 3)
    assert sum(map(len, jobs)) == 40
    engines = [{job.prompt[1].content for job in each if len(job.prompt) > 2} for each in jobs]
    assert sum(map(len, engines)) == len(set().union(*engines)) == 4


@pytest.mark.parametrize("blocks", [700, 20_000])
def test_a_replay_without_jumps_is_the_same_replay(tmp_path, blocks):
    jobs = jobs_by_engine(read_mooncake(trace(tmp_path)), 2)
    profile = replace(MEDIUM, kv_blocks=blocks, max_model_len=LONGEST)
    found, stepped = replayed(jobs, profile), replayed(jobs, profile, SteppedEngine)
    assert (found.served, found.failed) == (40, 0)
    assert found.cached_tokens == stepped.cached_tokens > 0
    assert found.simulated_s == pytest.approx(stepped.simulated_s, rel=1e-9)


def test_the_table_has_a_row_for_every_size_of_the_cache(tmp_path):
    page = tmp_path / "page.md"
    page.write_text(f"Before.\n<!-- {BLOCK}: generated -->\nold\n<!-- end -->\nAfter.\n")
    arguments = [str(trace(tmp_path)), "--engines", "2", "--blocks", "500", "--blocks", "20000"]
    done = CliRunner().invoke(command, [*arguments, "--write", str(page)])
    assert done.exit_code == 0, done.output
    head, _, small, large = cells(done.stdout)
    assert head == list(HEAD)
    assert [row[:2] for row in (small, large)] == [["500", "40"], ["20,000", "40"]]
    assert float(small[3].rstrip("%")) < float(large[3].rstrip("%"))
    assert blocks_of(page.read_text()) == {BLOCK: done.stdout.strip()}


def test_a_broken_trace_is_told_in_one_line(tmp_path):
    path = tmp_path / "trace.jsonl"
    path.write_text('{"timestamp": -1}\n')
    done = CliRunner().invoke(command, [str(path)])
    assert done.exit_code == 2
    assert done.stderr.startswith(f"engine: {path}: line 1")
    assert done.stderr.count("\n") == 1


def test_the_real_trace_is_replayed():
    path = real("traces/mooncake_conversation_trace.jsonl")
    done = CliRunner().invoke(command, [str(path), "--limit", "300", "--engines", "4"])
    assert done.exit_code == 0, done.output
    small, large = cells(done.stdout)[2:]
    assert small[1] == large[1] == "300"


def test_the_page_has_the_columns_of_the_command():
    (block,) = [body for name, body in blocks_of(PAGE.read_text()).items() if name == BLOCK]
    assert cells(block)[0] == list(HEAD)


def test_a_cache_that_nothing_fits_in_is_told_in_one_line(tmp_path):
    told = CliRunner().invoke(command, [str(trace(tmp_path)), "--blocks", "2"])
    assert told.exit_code == 2
    assert told.stderr == "engine: 2 KV blocks: no request of the trace fits in them\n"
