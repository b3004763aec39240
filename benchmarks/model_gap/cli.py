"""The command that plays the markets and fills the page."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from agents.engine.profiles import DEFAULT_PROFILE
from benchmarks.model_gap import study, two_engines
from benchmarks.page import blocks_of, check_blocks, with_blocks
from market.errors import BadInput

SIMULATED = {"reuse": study.reuse, "cost": study.cost, "charging": study.charging}
REAL = ("two-engines", "welfare")


@click.command("model-gap")
@click.option("--seeds", default=20, show_default=True, help="Markets that are drawn.")
@click.option("--scale", default=0.1, show_default=True, help="Executed tokens over auctioned.")
@click.option(
    "--vllm",
    metavar="MODEL_DIR",
    help="Play a small market on two vLLM engines and on simulated ones instead.",
)
@click.option(
    "--profile",
    default=DEFAULT_PROFILE,
    show_default=True,
    metavar="NAME",
    help="Engine profile of that market, which times its simulated engines.",
)
@click.option(
    "--write",
    type=click.Path(path_type=Path),
    metavar="PAGE",
    help="Write the tables into the generated blocks of this page.",
)
def command(seeds: int, scale: float, vllm: str | None, profile: str, write: Path | None) -> None:
    """What STAR assumes of caches against what they do: reuse, cost, and by which cause."""
    if seeds < 2:
        raise click.BadParameter("expected at least 2", param_hint="--seeds")
    if not 0 < scale <= 1:
        raise click.BadParameter("expected more than 0, at most 1", param_hint="--scale")
    engines = None if vllm is None else two_engines.engines(vllm, profile)
    try:
        if write is not None:
            check_blocks(write, (*SIMULATED, *REAL))
        blocks = simulated_blocks(seeds, scale) if engines is None else two_engines.blocks(engines)
        click.echo("\n\n".join(blocks.values()))
        if write is not None:
            page = write.read_text("utf-8")
            write.write_text(with_blocks(page, blocks_of(page) | blocks), "utf-8")
    except BadInput as error:
        click.echo(f"model-gap: {error}", err=True)
        sys.exit(2)


def simulated_blocks(seeds: int, scale: float) -> dict[str, str]:
    """The tables of simulated engines, by name."""
    found: study.Study = {arm: [] for arm in study.ARMS}
    for arm, gaps in study.play_all(seeds, scale):
        found[arm].append(gaps)
        click.echo(f"seed {len(found[arm]) - 1}: {arm.load}, {arm.cached_input}", err=True)
    return {name: make(found) for name, make in SIMULATED.items()}
