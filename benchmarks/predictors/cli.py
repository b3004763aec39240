"""The command: what is measured, and the page that it goes to."""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import click

from benchmarks.page import check_blocks, with_blocks
from benchmarks.predictors.accuracy import FACTORS, Accuracy, accuracy_of, pairs_of
from benchmarks.predictors.evaluator import evaluate
from benchmarks.predictors.report import Found, aims, errors_table, evaluator_table
from benchmarks.predictors.shadowing import SUBJECTS, Scored
from benchmarks.predictors.stream import market_of, scored_labels
from benchmarks.predictors.waits import Waits, waits_of, waits_table
from market.errors import WalrasError

#: The generated blocks of the page.
BLOCKS = ("file", "built-in", "waits", "evaluator", "aims")

PROVIDERS = 25
LABELS = 400


@click.command("predictors")
@click.option(
    "--dialogues",
    type=click.Path(dir_okay=False, exists=True, path_type=Path),
    help="A file in the shape of CoQA; without it there is only the built-in source.",
)
@click.option("--seeds", type=click.IntRange(min=2), default=8, show_default=True)
@click.option("--rounds", type=click.IntRange(min=10), default=120, show_default=True)
@click.option("--pairs", type=click.IntRange(min=PROVIDERS), default=20_000, show_default=True)
@click.option(
    "--write",
    type=click.Path(path_type=Path),
    metavar="PAGE",
    help="Write the tables into the generated blocks of this page; needs --dialogues.",
)
def command(
    dialogues: Path | None, seeds: int, rounds: int, pairs: int, write: Path | None
) -> None:
    """Errors of all predictors on the same awards, and the copied trees beside river's."""
    if write is not None and dialogues is None:
        raise click.BadParameter("expected --dialogues with it", param_hint="--write")
    try:
        if write is not None:
            check_blocks(write, BLOCKS)
        sources = {"built-in": None} if dialogues is None else {"file": dialogues, "built-in": None}
        found: dict[str, Found] = {}
        waits: dict[str, list[Waits]] = {}
        blocks: dict[str, str] = {}
        for source, path in sources.items():
            runs = [scored_labels(market_of(seed, path, rounds)) for seed in range(1, seeds + 1)]
            found[source] = accuracies(runs)
            waits[source] = [waits_of(run) for run in runs]
            blocks[source] = errors_table(found[source], [len(run) for run in runs])
            click.echo(f"{source}: {seeds} markets", err=True)
        blocks["waits"] = waits_table(waits)
        sizes = sorted({PROVIDERS, pairs // PROVIDERS})
        evaluations = [evaluate(PROVIDERS, LABELS, requests, seed=1) for requests in sizes]
        blocks["evaluator"] = evaluator_table(evaluations)
        blocks["aims"] = aims(found, evaluations)
        click.echo("\n\n".join(f"{name}\n\n{block}" for name, block in blocks.items()))
        if write is not None:
            write.write_text(with_blocks(write.read_text("utf-8"), blocks), "utf-8")
    except WalrasError as error:
        click.echo(f"predictors: {error}", err=True)
        sys.exit(2)


def accuracies(runs: Sequence[Sequence[Scored]]) -> Found:
    """The accuracies of all subjects, one for each run."""
    found: dict[str, dict[str, list[Accuracy]]] = {name: defaultdict(list) for name in SUBJECTS}
    for scored in runs:
        for name in SUBJECTS:
            pairs = pairs_of(scored, name)
            for factor in FACTORS:
                found[name][factor].append(accuracy_of(pairs[factor]))
    return found
