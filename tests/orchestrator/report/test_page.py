import json
import shutil

import pytest

from market.errors import BadInput
from orchestrator.report import write_report
from tests.markets import StoppedAfter
from tests.orchestrator.report.reading import read
from tests.orchestrator.report.tiny_market import CHAT, S3, run_tiny

CHAT_CHARTS = {
    "welfare", "money", "cache", "ttft", "scarcity", "load", "prediction", "expected-ttft",
    "expected-output",
}  # fmt: skip
ALL_CHARTS = CHAT_CHARTS | {"workflows"}


def page_of(run):
    return read(write_report(run, run / "report.html").read_text(encoding="utf-8"))


def plots(page):
    return {key.removeprefix("plot-") for key in page.ids if key.startswith("plot-")}


@pytest.fixture(scope="module")
def html(tiny_run, tmp_path_factory):
    out = tmp_path_factory.mktemp("page") / "new" / "report.html"
    assert write_report(tiny_run, out) == out
    return out.read_text(encoding="utf-8")


@pytest.fixture
def copy(tiny_run, tmp_path):
    return shutil.copytree(tiny_run, tmp_path / "copy")


def redescribe(run, **changes):
    path = run / "run.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def test_the_page_has_every_section(html):
    page = read(html)
    assert {"summary", "charts", *ALL_CHARTS} <= set(page.ids)
    assert plots(page) == ALL_CHARTS
    for words in ("tiny", "12 (8 small, 4 large)", "2 matching (auction)", "python", "complete"):
        assert words in page.text
    for label in ("requests served", "welfare, realised", "workflows served", "cache hit rate"):
        assert label in page.text
    assert "not complete" not in page.text


def test_the_page_asks_no_network_for_anything(html):
    page = read(html)
    assert page.links == []
    assert not {"link", "iframe", "object", "embed", "img", "base"} & set(page.tags)
    assert "@import" not in page.styles
    assert "url(" not in page.styles
    assert "default-src 'none'" in html
    assert html.count('"showSendToCloud":') == html.count('"showSendToCloud": false') > 0


def test_the_plotting_library_is_there_once(html):
    assert html.count("* plotly.js v") == 1
    assert len(html) < 7e6


def test_the_page_of_a_run_is_always_the_same(html, tiny_run, tmp_path):
    again = write_report(tiny_run, tmp_path / "again.html")
    assert again.read_text(encoding="utf-8") == html


def test_names_are_text_and_not_markup(copy):
    name = "<img src='http://example.org/x'>&amp;\"</script>"
    redescribe(copy, name=name)
    page = page_of(copy)
    assert "img" not in page.tags
    assert page.links == []
    assert name in page.text


def test_an_interrupted_run_is_said_to_be_not_complete(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        run_tiny(tmp_path, StoppedAfter(4))
    page = page_of(tmp_path / "run")
    assert "This run is not complete: its status is “interrupted”" in page.text
    assert "The comparison with random was planned, and was not run" in page.text
    assert "welfare" in plots(page)


def test_an_interrupted_comparison_is_named(copy):
    redescribe(copy / "compared" / "random", status="interrupted")
    page = page_of(copy)
    assert "The comparison with random is not complete" in page.text
    assert "random (interrupted)" in page.text


def test_a_run_before_its_first_checkpoint_has_a_page_without_plots(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        run_tiny(tmp_path, StoppedAfter(1))
    page = page_of(tmp_path / "run")
    assert plots(page) == set()
    assert page.text.count("nothing to show") == len(ALL_CHARTS)
    assert "nan" not in page.text


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"demand": [CHAT]}, CHAT_CHARTS),
        ({"demand": [S3]}, {"workflows"}),
        ({"log": {"predictions": "none"}}, ALL_CHARTS),
        ({"rounds": 1, "demand": [CHAT]}, CHAT_CHARTS - {"cache"}),
    ],
    ids=["no workflows", "no chat", "no predictions", "one round"],
)
def test_what_a_run_lacks_the_page_does_without(tmp_path, changes, expected):
    page = page_of(run_tiny(tmp_path, compare=[], **changes))
    assert plots(page) == expected
    assert "nan" not in page.text


def test_trials_are_averaged_and_the_page_says_so(tmp_path):
    page = page_of(run_tiny(tmp_path, trials=2, demand=[CHAT], compare=[]))
    assert "means over the 2 trials" in page.text


def test_a_folder_that_is_no_run_is_refused_in_one_line(tmp_path):
    with pytest.raises(BadInput, match=r"run\.json") as refused:
        write_report(tmp_path, tmp_path / "report.html")
    assert "\n" not in str(refused.value)
    assert list(tmp_path.iterdir()) == []


def test_a_description_without_a_scenario_is_refused(copy):
    description = json.loads((copy / "run.json").read_text())
    del description["scenario"]
    (copy / "run.json").write_text(json.dumps(description))
    with pytest.raises(BadInput, match="scenario: is not what a run says"):
        write_report(copy, copy / "report.html")


def test_a_place_that_cannot_be_written_is_refused(tiny_run, tmp_path):
    with pytest.raises(BadInput, match="cannot be written"):
        write_report(tiny_run, tmp_path)


def test_the_page_has_the_scenario_without_the_scores_that_are_replayed(tmp_path):
    scores = "0.125 0.25 0.375 0.625"
    model = {"name": "acme/one", "tier": 1, "skills": {"code": 0.5}, "scores": {"code": scores}}
    serving = {"name": "api", "count": 2, "domains": ["code"], "models": [model]}
    run = run_tiny(tmp_path, providers=[serving], demand=[CHAT], compare=[])
    page = page_of(run)
    assert scores in (run / "run.json").read_text()
    assert scores not in page.text
    assert "name: acme/one" in page.text
    assert "every default; scores on single queries are in run.json" in page.text


def test_the_page_has_the_whole_scenario_where_nothing_is_replayed(html, tiny_run):
    text = read(html).text
    scenario = json.loads((tiny_run / "run.json").read_text())["scenario"]
    assert all(f"{key}:" in text for key in scenario)
    assert "single queries" not in text
