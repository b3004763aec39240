from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from agents.engine.profiles import ENGINE_PROFILES
from benchmarks.calibration.cli import BLOCKS, FIGURE, blocks
from benchmarks.calibration.figure import draw
from benchmarks.calibration.published import read_published
from benchmarks.calibration.runs import RUNS, Run
from benchmarks.page import blocks_of, check_blocks
from orchestrator.calibration import Calibration
from orchestrator.calibration.calibrate import STATISTICS
from orchestrator.calibration.fit import Fit, every_second
from orchestrator.calibration.replay import measured_spans, replay
from tests.real_files import real

DOCS = Path(__file__).resolve().parents[2] / "docs"
DATA = "traces/vllm_measured"
OURS = RUNS[-1]
BY_PROFILE = pytest.mark.parametrize("run", RUNS, ids=[run.profile for run in RUNS])


def as_shipped(run: Run, data: Path) -> Calibration:
    """The shipped profile's replay, without the fit that it comes from."""
    measurements, profile = run.read(data), ENGINE_PROFILES[run.profile]
    fit = Fit(profile, every_second(measurements), np.full(5, 0.1), np.eye(5))
    return Calibration(fit, measured_spans(measurements), replay(measurements, profile))


def test_the_page_has_the_blocks_and_its_figure_and_names_every_profile() -> None:
    check_blocks(DOCS / "calibration.md", BLOCKS)
    assert (DOCS / FIGURE).exists()
    printed = blocks_of((DOCS / "calibration.md").read_text(encoding="utf-8"))["profiles"]
    assert all(f"`{name}`" in printed for name in ENGINE_PROFILES)


def test_our_run_makes_every_block_and_a_figure(tmp_path: Path) -> None:
    found = {OURS: as_shipped(OURS, tmp_path)}
    made = blocks(found, tmp_path)
    assert set(made) == set(BLOCKS)
    assert "| TTFT mean |" in made["errors"]
    draw(found, tmp_path / "figure.svg")
    assert "replayed" in (tmp_path / "figure.svg").read_text(encoding="utf-8")


@pytest.mark.parametrize("run", RUNS[:2], ids=["4090", "pro-6000"])
def test_the_shipped_profiles_of_real_runs_come_within_the_aims(run: Run) -> None:
    found = as_shipped(run, real(DATA))
    errors = {figure.name: figure for figure in found.figures()}
    for name, aim in (("TTFT mean", 0.05), ("TPOT mean", 0.02), ("Latency P99", 0.03)):
        assert abs(errors[name].error) < aim
        assert abs(errors[name].unseen_error) < aim


@pytest.mark.parametrize("run", RUNS[:2], ids=["4090", "pro-6000"])
def test_what_was_published_as_measured_is_what_the_requests_say(run: Run) -> None:
    data = real(DATA)
    measurements, published = run.read(data), read_published(data / run.folder / "summary.txt")
    queued, first, last, output = (
        measurements.column(name) for name in ("queued_s", "first_s", "last_s", "output_tokens")
    )
    # Theirs count from when the engine noted a request.
    spans = {
        "TTFT": first - queued,
        "TPOT": (last - first) / (output - 1),
        "Latency": last - queued,
    }
    for label, values in spans.items():
        for name, statistic in STATISTICS.items():
            assert 1e3 * statistic(values) == pytest.approx(
                published[f"{label} {name}"].measured_ms, abs=0.06
            )
