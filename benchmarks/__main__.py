"""The one driver of all benchmarks."""

from __future__ import annotations

import click

from benchmarks import (
    calibration,
    checkpoints,
    collusion,
    engine,
    faults,
    iemas,
    log_scale,
    matching_speed,
    model_gap,
    predictors,
    rounds,
    star_speed,
    star_table_1,
    treewidth,
    truthfulness,
    verify,
)

#: Every benchmark by name.
BENCHMARKS: dict[str, click.Command] = {
    "collusion": collusion.command,
    **iemas.COMMANDS,
    "engine": engine.command,
    "calibration": calibration.command,
    "checkpoints": checkpoints.command,
    "faults": faults.command,
    "log": log_scale.command,
    "matching": matching_speed.command,
    "model-gap": model_gap.command,
    "predictors": predictors.command,
    "rounds": rounds.command,
    "star": star_speed.command,
    "star-table-1": star_table_1.command,
    "treewidth": treewidth.command,
    "truthfulness": truthfulness.command,
    "verify": verify.command,
}


@click.group(commands=BENCHMARKS)
def main() -> None:
    """Measure Walras; every figure in its documentation is printed by one of these."""


main(prog_name="python -m benchmarks")
