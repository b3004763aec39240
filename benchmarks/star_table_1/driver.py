"""``python -m benchmarks star-table-1``."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import click

from benchmarks.page import check_blocks, with_blocks
from benchmarks.star_table_1.figure import draw
from benchmarks.star_table_1.printed import PRINTED_TRIALS
from benchmarks.star_table_1.study import Size, Study
from benchmarks.star_table_1.tables import MEASURED
from benchmarks.star_table_1.verdicts import JUDGED, all_readings
from market.errors import BadInput
from orchestrator.reading.text_file import read_text

PAGE, FIGURE = "star-table-1.md", "figures/star-table-1.svg"


def blocks(study: Study) -> dict[str, str]:
    """Every generated block of the page by name."""
    rows = all_readings(study)
    found = {name: made(study) for name, made in MEASURED.items()}
    return found | {name: made(rows) for name, made in JUDGED.items()}


@click.command("star-table-1")
@click.option("--trials", default=Size.trials, show_default=True, help="Of the main settings.")
@click.option("--band-trials", default=Size.band_trials, show_default=True, help="Of the others.")
@click.option("--seed", default=Size.seed, show_default=True)
@click.option(
    "--write",
    type=click.Path(file_okay=False, exists=True, path_type=Path),
    help=f"A folder with {PAGE}: replace its tables, and {FIGURE}.",
)
def command(trials: int, band_trials: int, seed: int, write: Path | None) -> None:
    """Table 1 of the STAR paper: as printed, in many paired trials, and as a band of readings."""
    if trials < PRINTED_TRIALS:
        raise click.BadParameter(f"expected at least {PRINTED_TRIALS}", param_hint="--trials")
    if not 2 <= band_trials <= trials:
        raise click.BadParameter(f"expected 2 to {trials}", param_hint="--band-trials")
    if write:
        _check_target(write)
    study = Study.run(Size(trials, band_trials, seed), _tell)
    found = blocks(study)
    if write:
        page = write / PAGE
        page.write_text(with_blocks(read_text(page), found), encoding="utf-8")
        draw(study, write / FIGURE)
        click.echo(f"wrote {page} and {write / FIGURE}")
    else:
        for name, block in found.items():
            click.echo(f"{name}\n\n{block}\n")


def _check_target(folder: Path) -> None:
    """Before anything is measured: what would be missing afterwards."""
    try:
        check_blocks(folder / PAGE, [*MEASURED, *JUDGED])
    except BadInput as error:
        raise click.BadParameter(str(error), param_hint="--write") from None
    if not find_spec("matplotlib"):
        raise click.ClickException("matplotlib draws the figure: pip install -e '.[bench]'")


def _tell(what: str, of: int, done: int) -> None:
    if done % max(1, of // 20) == 0 or done == of:
        click.echo(f"{what}: {done} of {of} trials", err=True)
