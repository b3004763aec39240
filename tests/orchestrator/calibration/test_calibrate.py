from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from agents.engine.profiles import profile_from
from market.errors import BadInput
from orchestrator.calibration import Calibration, Measurements, calibrate, read_measurements
from orchestrator.calibration.command import calibrate_file
from orchestrator.calibration.fit import COEFFICIENTS, every_second, fit
from orchestrator.calibration.report import report_lines
from orchestrator.calibration.start import linear_guess
from tests.orchestrator.calibration.synthetic import TRUTH, meta, rows, write


@pytest.fixture(scope="module")
def measurements(tmp_path_factory: pytest.TempPathFactory) -> Measurements:
    return read_measurements(write(tmp_path_factory.mktemp("run"), rows(), meta()))


@pytest.fixture(scope="module")
def found(measurements: Measurements) -> Calibration:
    return calibrate(measurements, "found", gpus=2, power_w=500.0)


@pytest.mark.parametrize("name", COEFFICIENTS)
def test_the_fit_recovers_the_coefficients_of_an_engine(found: Calibration, name: str) -> None:
    assert getattr(found.profile, name) == pytest.approx(getattr(TRUTH, name), rel=1e-3)


def test_the_rest_of_the_profile_is_what_was_said(found: Calibration) -> None:
    coefficients = {name: getattr(TRUTH, name) for name in COEFFICIENTS}
    expected = replace(TRUTH, name="found", gpus=2, power_w=500.0, source="measured")
    assert replace(found.profile, **coefficients) == expected


def test_the_replay_is_as_measured_for_those_that_the_fit_did_not_see(found: Calibration) -> None:
    assert {figure.name for figure in found.figures()} >= {"TTFT mean", "TPOT P90", "Latency P99"}
    for figure in found.figures():
        assert abs(figure.error) < 1e-3
        assert abs(figure.unseen_error) < 1e-3


def test_times_of_the_other_half_are_not_looked_at(tmp_path: Path) -> None:
    measurements = read_measurements(write(tmp_path, rows(requests=24), meta()))
    known = every_second(measurements)
    spoiled = tuple(
        one if seen else replace(one, first_s=one.first_s + 50, last_s=one.last_s + 90)
        for one, seen in zip(measurements.requests, known, strict=True)
    )
    other = replace(measurements, requests=spoiled)
    assert np.array_equal(linear_guess(other, known), linear_guess(measurements, known))
    start = replace(TRUTH, step_s=0.5)
    same = [fit(one, start, known).profile for one in (measurements, other)]
    assert same[0] == same[1]


def test_what_no_request_tells_is_said(tmp_path: Path) -> None:
    # Nobody waits, and prompts and answers are of one length: one number is all that is told.
    alone = [
        {
            "request_id": f"r{number}", "input_toks": 100, "output_toks": 11,
            "arrival_time": 100.0 * number, "queued_ts": 100.0 * number,
            "first_token_ts": 100.0 * number + 1.0, "last_token_ts": 100.0 * number + 3.0,
        }
        for number in range(20)
    ]  # fmt: skip
    calibration = calibrate(read_measurements(write(tmp_path, alone, meta())), "alone")
    for figure in calibration.figures():
        assert abs(figure.error) < 0.02
    untold = [line for line in report_lines(calibration) if line.endswith("is not told")]
    assert {line.split()[0] for line in untold} >= {"decode_s_per_seq", "context_s_per_token"}


def test_the_command_writes_a_profile_that_reads_back(tmp_path: Path) -> None:
    path = write(tmp_path, rows(requests=30), meta())
    out = tmp_path / "profile.json"
    lines = list(calibrate_file(path, limits={}, name="mine", out=out, gpus=1))
    assert lines[0].startswith("30 requests")
    assert lines[-1] == f"wrote {out}"
    profile = profile_from(json.loads(out.read_text()))
    assert (profile.name, profile.source, profile.kv_blocks) == ("mine", "measured", 2000)
    assert profile.step_s == pytest.approx(TRUTH.step_s, rel=0.05)
    with pytest.raises(BadInput, match=r"profile\.json: is there already: --force replaces it"):
        next(calibrate_file(path, limits={}, out=out))


def test_a_profile_is_called_like_the_folder_of_its_measurements(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "my-engine"
    folder.mkdir()
    monkeypatch.chdir(tmp_path)
    list(calibrate_file(write(folder, rows(requests=30), meta()), limits={}))
    assert profile_from(json.loads((tmp_path / "my-engine.json").read_text())).name == "my-engine"


def test_where_it_cannot_write_it_says_so(tmp_path: Path) -> None:
    path = write(tmp_path, rows(requests=20), meta())
    with pytest.raises(BadInput, match="cannot be written"):
        list(calibrate_file(path, limits={}, out=tmp_path / "nowhere" / "p.json"))


@pytest.mark.parametrize("out", ["profile", "profile.yaml", "nowhere/p.json", f"{'p' * 300}.json"])
def test_a_place_where_no_profile_can_go_is_told_before_the_fit(tmp_path: Path, out: str) -> None:
    path = write(tmp_path, rows(requests=20), meta())
    with pytest.raises(BadInput, match=r"cannot be written|expected a name that ends in \.json"):
        next(calibrate_file(path, limits={}, out=tmp_path / out))


@pytest.mark.parametrize(
    ("limit", "value"), [("max_num_batched_tokens", 11), ("block_size", 100_001)]
)
def test_a_limit_that_no_profile_can_have_is_told(tmp_path: Path, limit: str, value: int) -> None:
    path = write(tmp_path, rows(requests=20), meta())
    with pytest.raises(BadInput, match=rf"requests\.jsonl: {limit}: expected"):
        list(calibrate_file(path, limits={limit: value}, out=tmp_path / "p.json"))


@pytest.mark.parametrize("half", [0, 1])
@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"output_toks": 1}, "TPOT: expected a median above 0 s in either half .* got none"),
        ({"last_token_ts": 9.5}, "TPOT: .* got 0 s"),
        ({"first_token_ts": 9.0}, "TTFT: .* got 0 s"),
    ],
)
def test_spans_that_were_hardly_measured_are_told(
    tmp_path: Path, half: int, changes: dict[str, float], complaint: str
) -> None:
    usual = {
        "input_toks": 100, "output_toks": 11, "arrival_time": 8.0,
        "queued_ts": 9.0, "first_token_ts": 9.5, "last_token_ts": 11.0,
    }  # fmt: skip
    lines = [{"request_id": f"r{number}", **usual} for number in range(40)]
    for line in lines[half::2]:
        line |= changes
    shifted = [
        line | {key: line[key] + 10.0 * number for key in line if key.endswith(("time", "ts"))}
        for number, line in enumerate(lines)
    ]
    with pytest.raises(BadInput, match=rf"requests\.jsonl: {complaint}"):
        list(calibrate_file(write(tmp_path, shifted, meta()), limits={}, out=tmp_path / "p.json"))
