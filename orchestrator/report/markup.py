"""HTML from strings. Text is escaped here, so whatever else is passed on is markup already."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape


def text(content: object) -> str:
    """Text of any origin, safe in an element and in a quoted attribute."""
    return escape(str(content), quote=True)


def element(tag: str, *content: str, **attributes: str) -> str:
    """An element; ``class_`` stands for ``class``."""
    shown = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{text(value)}"' for key, value in attributes.items()
    )
    return f"<{tag}{shown}>{''.join(content)}</{tag}>"


def pairs(rows: Iterable[tuple[str, str]]) -> str:
    """A list of terms and what is said of them, both as plain text."""
    return element(
        "dl", *(element("div", element("dt", text(a)), element("dd", text(b))) for a, b in rows)
    )


def table_row(head: str, cells: Iterable[str], class_: str = "") -> str:
    """A row of a table: its label and its figures, as plain text."""
    label = element("th", text(head), scope="row")
    return element("tr", label, *(element("td", text(cell)) for cell in cells), class_=class_)
