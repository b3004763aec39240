"""What a browser would find in a page."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

LINKS = {"src", "srcset", "href", "xlink:href", "action", "formaction", "poster", "data", "ping"}


@dataclass
class Page(HTMLParser):
    """The elements, links and text of a page; feed it."""

    tags: list[str] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    styles: str = ""
    text: str = ""
    inside: str = ""

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.inside = tag
        self.tags.append(tag)
        self.ids += [value for key, value in attrs if key == "id" and value]
        self.links += [value for key, value in attrs if key in LINKS and value]
        self.styles += "".join(value for key, value in attrs if key == "style" and value)

    def handle_endtag(self, tag: str) -> None:
        self.inside = ""

    def handle_data(self, data: str) -> None:
        if self.inside == "style":
            self.styles += data
        elif self.inside != "script":
            self.text += data


def read(html: str) -> Page:
    """Parse a page."""
    page = Page()
    page.feed(html)
    page.close()
    return page
