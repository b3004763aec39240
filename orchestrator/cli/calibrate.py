"""``walras calibrate``."""

from __future__ import annotations

from pathlib import Path

import click

from orchestrator.cli.errors import one_line_errors

EPILOG = """
\b
Example:
  walras calibrate measurements/requests.jsonl --name mine --out profiles/mine.json

Exit status: 0 if a profile was written, 2 on bad input.
"""


@click.command(epilog=EPILOG)
@click.argument("measurements", metavar="FILE", type=click.Path(path_type=Path))
@click.option("--name", help="The profile's name [default: that of FILE's folder].")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    metavar="PROFILE",
    help="Where the profile goes [default: NAME.json].",
)
@click.option("--force", is_flag=True, help="Replace the file that is there already.")
@click.option("--kv-blocks", type=click.IntRange(1), help="Blocks in the KV cache.")
@click.option("--block-size", type=click.IntRange(1), help="Tokens in a block.")
@click.option("--max-num-seqs", type=click.IntRange(1), help="Requests that run together at most.")
@click.option(
    "--max-num-batched-tokens",
    type=click.IntRange(1),
    help="Tokens that one step computes at most.",
)
@click.option(
    "--max-model-len",
    type=click.IntRange(1),
    help="Tokens of the longest prompt and answer together.",
)
@click.option(
    "--gpus",
    type=click.IntRange(0, 1000),
    default=1,
    show_default=True,
    help="GPUs that the engine runs on.",
)
@click.option("--power-w", type=click.FloatRange(0, 10**9), help="Watts that they draw under load.")
@one_line_errors
def calibrate(
    measurements: Path,
    name: str | None,
    out: Path | None,
    force: bool,
    gpus: int,
    power_w: float | None,
    **limits: int | None,
) -> None:
    """Fit an engine profile to the measured requests in FILE.

    FILE has a request a line, as JSON, with its times and lengths; the documentation of
    calibration says how to measure them. A profile is what simulated engines run by: `profile:` in
    a scenario names its file. The engine's limits are those of the meta.json beside FILE, or of
    the options.
    """
    from orchestrator.calibration.command import calibrate_file

    for line in calibrate_file(
        measurements,
        limits=limits,
        name=name,
        out=out,
        force=force,
        gpus=gpus,
        power_w=power_w,
    ):
        click.echo(line)
