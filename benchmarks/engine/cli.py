"""The command: replays of a trace, with a small and with a large cache, as a table."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import click

from agents.engine.profiles import DEFAULT_PROFILE, ENGINE_PROFILES
from agents.engine.role import Job
from benchmarks.engine.replay import SteppedEngine, jobs_by_engine, replayed
from benchmarks.markdown import table
from benchmarks.page import check_blocks, with_blocks
from market.errors import WalrasError
from orchestrator.demand.mooncake import read_mooncake

#: The generated block of the page.
BLOCK = "mooncake"
HEAD = (
    "KV blocks each",
    "requests served",
    "prompt tokens",
    "of them cached",
    "requests / wall s",
    "engine s / wall s",
    "time without jumps",
)
#: Prompts and answers of the public traces are shorter.
LONGEST = 200_000


@click.command("engine")
@click.argument("trace", type=click.Path(dir_okay=False, exists=True, path_type=Path))
@click.option("--profile", type=click.Choice(list(ENGINE_PROFILES)), default=DEFAULT_PROFILE,
              show_default=True)  # fmt: skip
@click.option("--engines", type=click.IntRange(min=1), default=16, show_default=True)
@click.option(
    "--blocks",
    type=click.IntRange(min=2),
    multiple=True,
    default=(10_000, 100_000),
    show_default=True,
    help="KV blocks of every engine; once for each row.",
)
@click.option("--limit", type=click.IntRange(min=1), help="Only the first requests.")
@click.option(
    "--write",
    type=click.Path(path_type=Path),
    metavar="PAGE",
    help="Write the table into the generated block of this page.",
)
def command(
    trace: Path,
    profile: str,
    engines: int,
    blocks: tuple[int, ...],
    limit: int | None,
    write: Path | None,
) -> None:
    """Simulated requests and seconds for each second of wall time on a Mooncake TRACE."""
    try:
        if write is not None:
            check_blocks(write, (BLOCK,))
        jobs = jobs_by_engine(read_mooncake(trace, limit), engines)
        rows = [row(jobs, profile, count) for count in blocks]
        shown = table(HEAD, rows)
        if write is not None:
            write.write_text(with_blocks(write.read_text("utf-8"), {BLOCK: shown}), "utf-8")
    except WalrasError as error:
        click.echo(f"engine: {error}", err=True)
        sys.exit(2)
    click.echo(shown)


def row(jobs: list[list[Job]], name: str, blocks: int) -> list[str]:
    """A row of the table: the trace with jumps, and again with every step by itself."""
    profile = replace(ENGINE_PROFILES[name], kv_blocks=blocks, max_model_len=LONGEST)
    found, stepped = replayed(jobs, profile), replayed(jobs, profile, SteppedEngine)
    return [
        f"{blocks:,}",
        f"{found.served:,}",
        f"{found.prompt_tokens:,}",
        f"{found.hit_rate:.1%}",
        f"{found.requests_per_s:,.0f}",
        f"{found.speed:,.0f}",
        f"{stepped.wall_s / found.wall_s:.1f}",
    ]
