"""What ``walras calibrate`` does."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path

from agents.engine.profiles import profile_from
from market.errors import BadInput
from orchestrator.calibration.calibrate import calibrate
from orchestrator.calibration.measurements import read_measurements
from orchestrator.calibration.report import report_lines
from orchestrator.supply.engine_profiles import SUFFIX, names_file


def calibrate_file(
    path: Path,
    *,
    limits: Mapping[str, int | None],
    name: str | None = None,
    out: Path | None = None,
    force: bool = False,
    gpus: int = 1,
    power_w: float | None = None,
) -> Iterator[str]:
    """Fit a profile to the measurements of a file and write it; lines that tell what comes out.

    Args:
        path: the measurements.
        limits: of the engine, where they are not in ``meta.json`` or differ from it.
        name: of the profile; by default that of the folder.
        out: where it goes; by default NAME.json in the working folder.
        force: replace what is there.
        gpus: that the engine took.
        power_w: that they drew, in watts.

    Raises:
        BadInput: names the file and what is wrong with it.
    """
    name = name or path.absolute().parent.name
    out = out or Path(f"{name}.json")
    _check_out(out, force)
    measurements = read_measurements(path, limits)
    yield f"{len(measurements.requests)} requests; fitting every second one takes up to a minute"
    try:
        found = calibrate(measurements, name, gpus, power_w)
    except BadInput as error:
        raise error.inside(str(path)) from None
    record = asdict(found.profile)
    profile_from(record)
    try:
        out.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise BadInput(str(out), f"cannot be written: {error.strerror}") from None
    yield from report_lines(found)
    yield f"wrote {out}"


def _check_out(out: Path, force: bool) -> None:
    """Before the fit, which takes a while: a profile can go there, and a scenario can name it."""
    if not names_file(str(out)):
        raise BadInput(
            str(out), f"expected a name that ends in {SUFFIX}, by which scenarios know it"
        )
    try:
        there = out.exists()
    except OSError as error:
        raise BadInput(str(out), f"cannot be written: {error.strerror}") from None
    if there and not force:
        raise BadInput(str(out), "is there already: --force replaces it")
    if not out.parent.is_dir():
        raise BadInput(str(out), "cannot be written: its folder is not there")
