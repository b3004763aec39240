"""HTML from strings. Text is escaped here, so whatever else is passed on is markup already."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape


def text(content: object) -> str:
    """Text of any origin, safe in an element and in a quoted attribute."""
    return escape(str(content), quote=True)


def element(tag: str, *content: str, **attributes: str) -> str:
    """An element; ``class_`` stands for ``class``, and ``aria_label`` for ``aria-label``."""
    shown = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{text(value)}"' for key, value in attributes.items()
    )
    return f"<{tag}{shown}>{''.join(content)}</{tag}>"


def paragraph(words: str, class_: str = "words") -> str:
    """A paragraph of plain text."""
    return element("p", text(words), class_=class_)


def listed(items: Iterable[str]) -> str:
    """A list of lines of plain text."""
    return element("ul", *(element("li", text(item)) for item in items))


def pairs(rows: Iterable[tuple[str, str]]) -> str:
    """A list of terms and what is said of them, both as plain text."""
    return element(
        "dl", *(element("div", element("dt", text(a)), element("dd", text(b))) for a, b in rows)
    )


def details(summary: str, *content: str) -> str:
    """Content that is folded away below a line of plain text."""
    return element("details", element("summary", text(summary)), *content)


@dataclass(frozen=True)
class Row:
    """A row of a table: its label and its figures, as plain text."""

    head: str
    cells: Sequence[str]
    class_: str = ""


def table(caption: str, heads: Sequence[str], rows: Iterable[Row], class_: str = "") -> str:
    """A table in a box of its own, which scrolls where it is too wide.

    Args:
        caption: above it, plain text; also the name of the box.
        heads: of all columns, that of the labels included.
        rows: with one cell less than there are heads.
        class_: ``prose`` where cells are words.
    """
    columns = (element("th", text(head), scope="col") for head in heads)
    body = (
        element(
            "tr",
            element("th", text(row.head), scope="row"),
            *(element("td", text(cell)) for cell in row.cells),
            **({"class_": row.class_} if row.class_ else {}),
        )
        for row in rows
    )
    whole = element(
        "table",
        element("caption", text(caption)),
        element("thead", element("tr", *columns)),
        element("tbody", *body),
        **({"class_": class_} if class_ else {}),
    )
    return element("div", whole, class_="scroll", role="region", tabindex="0", aria_label=caption)
