"""``python -m benchmarks calibration DIR``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path

import click

from benchmarks.calibration.figure import draw
from benchmarks.calibration.published import read_published
from benchmarks.calibration.runs import RUNS, SUMMARY, Run
from benchmarks.calibration.tables import coefficients, errors, identified, roofline, shipped
from benchmarks.page import check_blocks, with_blocks
from market.errors import BadInput
from orchestrator.calibration import Calibration
from orchestrator.reading.text_file import read_text

PAGE, FIGURE = "calibration.md", "figures/calibration.svg"
BLOCKS = ("errors", "coefficients", "identified", "roofline", "profiles")
#: Steps by which the estimates are judged: name, requests that decode, prompt tokens.
CASES = (("1 decodes", 1, 0), ("32 decode", 32, 0), ("a prompt of 2,000", 0, 2000))


@click.command("calibration")
@click.argument("data", type=click.Path(file_okay=False, exists=True, path_type=Path))
@click.option(
    "--write",
    type=click.Path(file_okay=False, exists=True, path_type=Path),
    metavar="DOCS",
    help=f"The folder of the documentation: replace the blocks of {PAGE}, and {FIGURE}.",
)
@click.option(
    "--profiles",
    type=click.Path(file_okay=False, exists=True, path_type=Path),
    help="A folder to write the fitted profiles to; those shipped are in agents/engine/measured.",
)
def command(data: Path, write: Path | None, profiles: Path | None) -> None:
    """Fit the simulated engine to the runs in DATA and to ours, and say how close it comes."""
    try:
        if write is not None:
            check_blocks(write / PAGE, BLOCKS)
    except BadInput as error:
        raise click.BadParameter(str(error), param_hint="--write") from None
    if write is not None and not find_spec("matplotlib"):
        raise click.ClickException("matplotlib draws the figure: pip install -e '.[bench]'")
    try:
        found = fitted(data)
    except BadInput as error:
        raise click.BadParameter(str(error), param_hint="DATA") from None
    for run, one in found.items():
        if profiles is not None:
            text = json.dumps(asdict(one.profile), indent=2) + "\n"
            (profiles / f"{run.profile}.json").write_text(text, encoding="utf-8")
    made = blocks(found, data)
    for name, block in made.items():
        click.echo(f"{name}\n\n{block}\n")
    if write is not None:
        page = write / PAGE
        page.write_text(with_blocks(read_text(page), made), encoding="utf-8")
        draw(found, write / FIGURE)
        click.echo(f"wrote {page} and {write / FIGURE}", err=True)


def fitted(data: Path) -> dict[Run, Calibration]:
    """The fit of every run; raises ``BadInput``."""
    found = {}
    for run in RUNS:
        found[run] = run.calibrated(data)
        click.echo(f"fitted {run.title}", err=True)
    return found


def blocks(found: Mapping[Run, Calibration], data: Path) -> dict[str, str]:
    """Every generated block of the page by name."""
    by_run = (
        errors(run, one, read_published(data / run.folder / SUMMARY)) for run, one in found.items()
    )
    return {
        "errors": "\n\n".join(by_run),
        "coefficients": coefficients(found),
        "identified": identified(found),
        "roofline": roofline(found, CASES),
        "profiles": shipped(found),
    }
