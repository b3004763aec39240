"""Where tables and drawings go: to the terminal, or into a page and a figure of the docs."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import click

from benchmarks.page import check_blocks, with_blocks
from market.errors import BadInput
from orchestrator.reading.text_file import read_text

#: Colours that keep apart under every common colour blindness (Okabe and Ito).
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#6E6E6E", "#000000")

#: Draws into a matplotlib figure.
Drawing = Callable[[Any], None]

data_option = click.option(
    "--data",
    type=click.Path(file_okay=False, exists=True, path_type=Path),
    help="A folder with the files of dialogues; without it what needs one is left out.",
)
write_option = click.option(
    "--write",
    type=click.Path(file_okay=False, exists=True, path_type=Path),
    metavar="DOCS",
    help="The folder of the documentation: replace the page's blocks and the figure.",
)


def seeds_option(default: int = 10) -> Callable[[Any], Any]:
    """The option that says how many seeds."""
    return click.option(
        "--seeds",
        default=default,
        show_default=True,
        type=click.IntRange(min=2),
        help="Markets of each kind, paired by their seed.",
    )


class Publication:
    """A page ``iemas/NAME.md`` of the documentation, with a drawing ``figures/iemas-NAME.svg``.

    Args:
        name: of the table or figure.
        blocks: the generated blocks of its page.
        size: of the drawing in inches; None where there is none.
    """

    def __init__(self, name: str, blocks: Collection[str], size: tuple[float, float] | None):
        self._name = name
        self._blocks = tuple(blocks)
        self._size = size

    def check(self, docs: Path | None) -> None:
        """Before anything is measured: whether it could be written."""
        if docs is None:
            return
        try:
            check_blocks(self._page(docs), self._blocks)
        except BadInput as error:
            raise click.BadParameter(str(error), param_hint="--write") from None
        if self._size and not find_spec("matplotlib"):
            raise click.ClickException("matplotlib draws the figure: pip install -e '.[bench]'")

    def publish(
        self, blocks: Mapping[str, str], docs: Path | None, draw: Drawing | None = None
    ) -> None:
        """Print the blocks, and write them into ``docs`` with the drawing."""
        for name, block in blocks.items():
            click.echo(f"{name}\n\n{block}\n")
        if docs is None:
            return
        page = self._page(docs)
        page.write_text(with_blocks(read_text(page), blocks), encoding="utf-8")
        click.echo(f"wrote {page}", err=True)
        if draw is not None and self._size is not None:
            path = docs / "figures" / f"iemas-{self._name}.svg"
            _save(draw, self._size, path, f"iemas-{self._name}")
            click.echo(f"wrote {path}", err=True)

    def _page(self, docs: Path) -> Path:
        return docs / "iemas" / f"{self._name}.md"


def _save(draw: Drawing, size: tuple[float, float], path: Path, salt: str) -> None:
    """Write a drawing as SVG, the same bytes for the same drawing."""
    import matplotlib

    matplotlib.use("svg")
    from matplotlib import pyplot

    style = {
        "svg.hashsalt": salt,
        "svg.fonttype": "none",
        "font.family": "sans-serif",
        "font.size": 9,
        "axes.spines.top": False,
        "axes.spines.right": False,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    with matplotlib.rc_context(style):
        figure = pyplot.figure(figsize=size, layout="constrained")
        draw(figure)
        figure.savefig(path, metadata={"Date": None})
        pyplot.close(figure)


def tell(what: str) -> None:
    """Say what has been done, apart from what is printed."""
    click.echo(what, err=True)
