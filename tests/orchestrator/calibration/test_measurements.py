from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from market.errors import BadInput
from orchestrator.calibration.measurements import Limits, read_measurements
from tests.documents import MISSING, changed
from tests.orchestrator.calibration.synthetic import meta, write

LIMITS = Limits(16, 2000, 12, 512, 4096)


def plain(requests: int = 20) -> list[dict[str, Any]]:
    """Requests a second apart, of 100 and 5 tokens; the clocks are 1,000 s apart."""
    return [
        {
            "request_id": f"r{number}",
            "input_toks": 100,
            "output_toks": 5,
            "arrival_time": 1000.0 + number,
            "queued_ts": number + (0.25 if number else 0.0),
            "first_token_ts": number + 0.5,
            "last_token_ts": number + 0.9,
        }
        for number in range(requests)
    ]


def test_times_are_on_the_engine_s_clock_from_the_first_arrival_on(tmp_path: Path) -> None:
    found = read_measurements(write(tmp_path, plain(), meta()))
    third = found.requests[2]
    assert (third.arrival_s, third.queued_s, third.first_s, third.last_s) == (2.0, 2.25, 2.5, 2.9)
    assert found.limits == LIMITS


def test_requests_come_in_the_order_of_their_arrival(tmp_path: Path) -> None:
    found = read_measurements(write(tmp_path, plain()[::-1], meta()))
    assert [one.request for one in found.requests] == [f"r{number}" for number in range(20)]


def test_options_go_before_what_meta_says_and_stand_in_for_it(tmp_path: Path) -> None:
    said = changed(changed(meta(), "kv_cache", MISSING), "engine_kwargs.max_model_len", None)
    options = {"block_size": 32, "kv_blocks": 900, "max_model_len": 200, "max_num_seqs": None}
    found = read_measurements(write(tmp_path, plain(), said), options)
    assert found.limits == Limits(32, 900, 12, 512, 200)
    path = write(tmp_path, plain(), said)
    (tmp_path / "meta.json").unlink()
    with pytest.raises(BadInput, match=r"engine_kwargs\.max_num_seqs: .* state --max-num-seqs"):
        read_measurements(path, options)


@pytest.mark.parametrize(
    ("key", "value", "complaint"),
    [
        ("first_token_ts", 4.0, "line 6: first_token_ts: expected at least queued_ts, 5.25; got 4"),
        ("last_token_ts", 5.25, "last_token_ts: expected at least first_token_ts, 5.5; got 5.25"),
        ("queued_ts", MISSING, "line 6: queued_ts: missing"),
        ("arrival_time", "soon", "line 6: arrival_time: expected a finite number"),
        ("input_toks", 0, "line 6: input_toks: expected a finite number >= 1"),
        ("output_toks", 1.5, "line 6: output_toks: expected a whole number, got 1.5"),
        ("request_id", "r3", "line 6: request_id: duplicate id 'r3'"),
        ("colour", "red", "line 6: colour: unknown key"),
        ("input_toks", 4092, "4097 tokens with the answer, expected at most .* 4096"),
    ],
)
def test_a_malformed_line_is_named(tmp_path: Path, key: str, value: Any, complaint: str) -> None:
    path = write(tmp_path, changed(plain(), f"5.{key}", value), meta())
    with pytest.raises(BadInput, match=complaint):
        read_measurements(path)


@pytest.mark.parametrize("number", ["NaN", "Infinity"])
def test_a_time_that_is_no_number_is_named(tmp_path: Path, number: str) -> None:
    path = write(tmp_path, plain(), meta())
    path.write_text(path.read_text().replace("7.5", number))
    with pytest.raises(BadInput, match=f"line 8: expected finite numbers, got {number}"):
        read_measurements(path)


def test_a_request_must_fit_the_blocks_that_can_be_used(tmp_path: Path) -> None:
    path = write(tmp_path, plain(), meta())
    assert read_measurements(path, {"kv_blocks": 8}).limits.kv_blocks == 8  # 104 states, 7 blocks
    with pytest.raises(BadInput, match=r"input_toks: 7 KV blocks .* at most the engine's 6"):
        read_measurements(path, {"kv_blocks": 7})


@pytest.mark.parametrize("requests", [0, 19])
def test_too_few_requests_are_refused(tmp_path: Path, requests: int) -> None:
    path = write(tmp_path, plain(requests), meta())
    with pytest.raises(BadInput, match=f"expected at least 20 requests, got {requests}"):
        read_measurements(path)


@pytest.mark.parametrize(
    ("said", "complaint"),
    [
        (changed(meta(), "kv_cache.block_size", 0), r"meta\.json: kv_cache\.block_size: expected"),
        (changed(meta(), "kv_cache.num_gpu_blocks", None), "num_gpu_blocks: .* state --kv-blocks"),
        ([1], r"meta\.json: expected an object with named keys"),
    ],
)
def test_a_malformed_meta_file_is_named(tmp_path: Path, said: Any, complaint: str) -> None:
    with pytest.raises(BadInput, match=complaint):
        read_measurements(write(tmp_path, plain(), said))


def test_a_meta_file_that_is_no_json_is_named(tmp_path: Path) -> None:
    path = write(tmp_path, plain(), meta())
    (tmp_path / "meta.json").write_text(json.dumps(meta())[:-1])
    with pytest.raises(BadInput, match=r"meta\.json: line 1 column \d+: not JSON"):
        read_measurements(path)
