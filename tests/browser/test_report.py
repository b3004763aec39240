"""The report in a browser: it draws, fits, needs no network, and can be read without eyes."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route, sync_playwright

from orchestrator.report import write_report
from tests.markets import StoppedAfter
from tests.orchestrator.report.tiny_market import CHAT, S3, run_tiny

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
WIDTHS = (390, 1440)
PAGES = ("both", "three", "no chat", "no workflows", "cut")

#: Tenths of a second that a page may take to draw on a busy machine.
POLLS = 300

pytestmark = pytest.mark.browser

ALL_DRAWN = """[...document.querySelectorAll(".plotly-graph-div")].every(
  plot => plot.querySelector(".plot path, .plot image, .plot rect"))"""

FITS = """[...document.querySelectorAll(".plotly-graph-div")].every(
  plot => plot.querySelector(".main-svg").getBoundingClientRect().width <= plot.clientWidth + 1)"""

#: What a plot has drawn: its marks and its size.
DRAWN = """plots => plots.map(plot => {
  const box = plot.querySelector(".main-svg").getBoundingClientRect();
  const marks = plot.querySelectorAll(".plot path, .plot image, .plot rect, .plot circle");
  return {id: plot.id, width: box.width, height: box.height, marks: marks.length};
})"""

#: Pairs of neighbours in the header, the tiles and the tables whose text lies over each other's.
OVERLAPS = """() => {
  const shown = [...document.querySelectorAll("h1, dt, dd, th, td, nav a")].filter(
    one => !one.closest("details:not([open])"));
  const boxes = shown.map(one => {
    const range = document.createRange();
    range.selectNodeContents(one);
    return {one, box: range.getBoundingClientRect()};
  }).filter(({box}) => box.width > 0 && box.height > 0);
  const found = [];
  for (let i = 0; i < boxes.length; i++) {
    for (let j = i + 1; j < Math.min(i + 12, boxes.length); j++) {
      const [a, b] = [boxes[i], boxes[j]];
      const stuck = [a, b].some(({one}) => getComputedStyle(one).position === "sticky");
      const wide = Math.min(a.box.right, b.box.right) - Math.max(a.box.left, b.box.left);
      const high = Math.min(a.box.bottom, b.box.bottom) - Math.max(a.box.top, b.box.top);
      if (!stuck && wide > 1 && high > 1) found.push([a.one.textContent, b.one.textContent]);
    }
  }
  return found;
}"""

#: Text whose contrast with what is behind it is below 4.5 (WCAG 2.2, success criterion 1.4.3).
FAINT = """() => {
  const rgb = colour => colour.match(/[\\d.]+/g).map(Number);
  const light = colour => rgb(colour).slice(0, 3).map(c => c / 255)
    .map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = one => {
    for (let at = one; at; at = at.parentElement) {
      const colour = getComputedStyle(at).backgroundColor;
      if ((rgb(colour)[3] ?? 1) > 0) return colour;
    }
    return "rgb(255, 255, 255)";
  };
  const own = one => [...one.childNodes].some(n => n.nodeType === 3 && n.textContent.trim());
  const shown = [...document.querySelectorAll("body *")].filter(
    one => own(one) && !one.closest("svg, script, style, noscript"));
  return shown.filter(one => {
    const [a, b] = [light(getComputedStyle(one).color), light(behind(one))].sort((x, y) => y - x);
    return (a + 0.05) / (b + 0.05) < 4.5;
  }).map(one => one.outerHTML.slice(0, 80));
}"""

#: What who cannot see the page would miss.
UNNAMED = """() => {
  const named = one => (one.getAttribute("aria-label") ?? "").trim() ||
    document.getElementById(one.getAttribute("aria-labelledby"))?.textContent.trim();
  const bad = [];
  for (const one of document.querySelectorAll("figure, nav, section, [role=img], [role=region]"))
    if (!named(one)) bad.push(one.outerHTML.slice(0, 80));
  for (const one of document.querySelectorAll(".plot > div"))
    if (one.parentElement.getAttribute("role") !== "img") bad.push("plot without a role");
  for (const one of document.querySelectorAll("table"))
    if (!one.caption?.textContent.trim()) bad.push("table without a caption");
  for (const one of document.querySelectorAll("th"))
    if (!one.scope) bad.push("head without a scope: " + one.textContent);
  const ids = [...document.querySelectorAll("[id]")].map(one => one.id);
  for (const id of new Set(ids))
    if (ids.filter(other => other === id).length > 1) bad.push("id twice: " + id);
  return bad;
}"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.fail("expected chromium on the PATH, found none", pytrace=False)
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield launched
        launched.close()


@dataclass
class Opened:
    """A page that was opened, and what went wrong as it was."""

    page: Page
    asked: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)

    def open(self, file: Path) -> None:
        """Open a file; whatever else is asked for is noted and not answered."""

        def answer(route: Route) -> None:
            if route.request.url == file.as_uri():
                route.continue_()
            else:
                self.asked.append(route.request.url)
                route.abort()

        self.page.route("**/*", answer)
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.goto(file.as_uri())
        self.until(ALL_DRAWN)

    def until(self, holds: str) -> None:
        """Wait for an expression; the page's policy lets it not be polled from within."""
        for _ in range(POLLS):
            if self.page.evaluate(holds):
                return
            self.page.wait_for_timeout(100)
        pytest.fail(f"never came true: {holds}", pytrace=False)


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Pages about a run of both markets, of either, of one that was cut off, and of three runs."""
    folder = tmp_path_factory.mktemp("reports")
    both = run_tiny(folder / "both", rounds=12)
    cut = folder / "cut"
    with pytest.raises(KeyboardInterrupt):
        run_tiny(cut, StoppedAfter(4))
    runs = {
        "both": [both],
        "no chat": [run_tiny(folder / "workflows", demand=[S3], compare=[])],
        "no workflows": [run_tiny(folder / "chat", demand=[CHAT], compare=[])],
        "cut": [cut / "run"],
        "three": [
            both,
            both / "compared" / "random",
            run_tiny(folder / "two-sided", rounds=12, compare=[],
                     hubs={"count": 2, "mechanism": "auction_two_sided"}),
        ],
    }  # fmt: skip
    return {name: write_report(each, folder / f"{name}.html") for name, each in runs.items()}


@pytest.fixture(
    scope="module",
    params=[(name, width) for name in PAGES for width in WIDTHS],
    ids=lambda one: f"{one[0]}, {one[1]} px",
)
def opened(
    request: pytest.FixtureRequest, browser: Browser, pages: dict[str, Path]
) -> Iterator[Opened]:
    name, width = request.param
    page = browser.new_page(viewport={"width": width, "height": 900})
    opened = Opened(page)
    opened.open(pages[name])
    yield opened
    page.close()


def wider_than_window(page: Page) -> int:
    return int(page.evaluate("document.documentElement.scrollWidth - window.innerWidth"))


def test_a_page_asks_for_nothing_and_nothing_goes_wrong(opened: Opened) -> None:
    assert opened.asked == []
    assert opened.said == []


def test_every_plot_is_drawn(opened: Opened) -> None:
    drawn = opened.page.locator(".plotly-graph-div").evaluate_all(DRAWN)
    assert drawn
    for plot in drawn:
        assert plot["marks"] > 0, plot
        assert min(plot["width"], plot["height"]) > 100, plot


def test_a_page_fits_its_window_and_no_text_lies_on_other_text(opened: Opened) -> None:
    assert wider_than_window(opened.page) <= 0
    assert opened.page.evaluate(OVERLAPS) == []


def test_a_page_can_be_read_without_eyes(opened: Opened) -> None:
    page = opened.page
    assert page.evaluate(UNNAMED) == []
    assert page.locator("h1").count() == 1
    assert page.locator("html").get_attribute("lang") == "en"
    assert page.get_by_role("banner").count() == 1
    assert page.get_by_role("main").count() == 1
    assert page.get_by_role("contentinfo").count() == 1


def test_all_words_stand_out_from_what_is_behind_them(opened: Opened) -> None:
    assert opened.page.evaluate(FAINT) == []


@pytest.fixture
def narrow(browser: Browser, pages: dict[str, Path]) -> Iterator[Opened]:
    page = browser.new_page(viewport={"width": 390, "height": 900})
    narrow = Opened(page)
    narrow.open(pages["three"])
    yield narrow
    page.close()


def test_a_page_can_be_used_without_a_mouse(narrow: Opened) -> None:
    page = narrow.page
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.url.endswith("#main")
    folded = page.locator("#forest details")
    assert not folded.evaluate("one => one.open")
    folded.locator("summary").focus()
    page.keyboard.press("Enter")
    assert folded.evaluate("one => one.open")
    assert folded.locator("table").is_visible()
    assert wider_than_window(page) <= 0


def test_plots_fit_again_when_the_window_changes(narrow: Opened) -> None:
    narrow.page.set_viewport_size({"width": 600, "height": 900})
    narrow.until(FITS)
    narrow.page.set_viewport_size({"width": 360, "height": 900})
    narrow.until(FITS)
    assert wider_than_window(narrow.page) <= 0
