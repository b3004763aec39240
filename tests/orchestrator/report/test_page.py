import json
import re
import shutil

import numpy as np
import pytest
from click.testing import CliRunner

from market.errors import BadInput
from orchestrator.analysis.logged_run import LoggedRun
from orchestrator.audit import workflow_places
from orchestrator.cli import main
from orchestrator.report import checks, write_report
from orchestrator.report.arms import read_arms
from orchestrator.report.charts import ALL
from orchestrator.verify.verify import Verdict
from tests.markets import StoppedAfter, rewritten
from tests.orchestrator.report.reading import read
from tests.orchestrator.report.tiny_market import CHAT, S3, run_tiny

#: Charts that need requests, and one that needs workflows.
OF_CHAT = {"welfare", "money", "cache", "ttft", "scarcity", "prediction", "expected-ttft"}
OF_WORKFLOWS = {"workflows"}


def page_of(run, **options):
    options = {"checks": False} | options
    return read(write_report([run], run / "report.html", **options).read_text(encoding="utf-8"))


def plots(page):
    return {key.removeprefix("plot-") for key in page.ids if key.startswith("plot-")}


@pytest.fixture(scope="module")
def html(tiny_run, tmp_path_factory):
    out = tmp_path_factory.mktemp("page") / "new" / "report.html"
    assert write_report([tiny_run], out) == out
    return out.read_text(encoding="utf-8")


@pytest.fixture
def copy(tiny_run, tmp_path):
    return shutil.copytree(tiny_run, tmp_path / "copy")


def redescribe(run, **changes):
    path = run / "run.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def test_the_page_has_every_section(html):
    page = read(html)
    charts = {f"charts-{section.title.lower()}" for section in ALL}
    assert {"summary", "comparison", "metrics", "checks", "scenario", *charts} <= set(page.ids)
    assert plots(page) >= OF_CHAT | OF_WORKFLOWS
    for words in ("tiny", "12 (8 small, 4 large)", "2 matching and a workflow hub", "complete"):
        assert words in page.text
    for label in ("requests served", "welfare, realised", "workflows served", "cache hit rate"):
        assert label in page.text
    assert "not complete" not in page.text


def test_every_part_of_the_contents_is_on_the_page_and_every_id_is_used_once(html):
    page = read(html)
    assert {link.removeprefix("#") for link in page.links} <= set(page.ids)
    assert len(page.ids) == len(set(page.ids))


def test_the_page_reads_in_order(html):
    tags = read(html).tags
    levels = [int(tag[1]) for tag in tags if tag in ("h1", "h2", "h3", "h4")]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert max(np.diff(levels)) <= 1
    assert {"header", "nav", "main", "footer"} <= set(tags)
    assert tags.count("table") == tags.count("caption") > 5


def test_the_page_asks_no_network_for_anything(html):
    page = read(html)
    assert all(link.startswith("#") for link in page.links)
    assert not {"link", "iframe", "object", "embed", "img", "base"} & set(page.tags)
    assert "@import" not in page.styles
    assert "url(" not in page.styles
    assert "default-src 'none'" in html
    assert html.count('"showSendToCloud":') == html.count('"showSendToCloud": false') > 0


def test_the_plotting_library_is_there_once(html):
    assert html.count("* plotly.js v") == 1
    assert len(html) < 7e6


def test_the_page_of_a_run_is_always_the_same(html, tiny_run, tmp_path):
    again = write_report([tiny_run], tmp_path / "again.html")
    assert again.read_text(encoding="utf-8") == html


def test_names_are_text_and_not_markup(copy):
    name = "<img src='http://example.org/x'>&amp;\"</script>"
    redescribe(copy, name=name)
    page = page_of(copy)
    assert "img" not in page.tags
    assert all(link.startswith("#") for link in page.links)
    assert name in page.text


def test_an_interrupted_run_is_said_to_be_not_complete(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        run_tiny(tmp_path, StoppedAfter(4))
    page = page_of(tmp_path / "run")
    assert "This run is not complete: its status is “interrupted”" in page.text
    assert "The comparison with random was planned, and was not run" in page.text
    assert "welfare" in plots(page)


def test_a_page_without_checks_says_so(copy):
    page = page_of(copy)
    assert "Neither verified nor audited" in page.text
    assert "Largest regrets found" not in page.text


def test_what_was_checked_is_told_with_the_largest_regret(html):
    text = read(html).text
    assert "All invariants that were checked hold in each of the 2 runs" in text
    assert "What was not verified, and why" in text
    assert "no: not truthful" in text
    assert "asks its cost" not in text
    assert "times its stated cost" in text


def test_a_log_that_was_altered_does_not_hold_and_is_not_audited(tiny_run, tmp_path):
    def pay_more(rows):
        rows[0]["client_paid_nano"] += 1

    run = rewritten(tiny_run, tmp_path / "altered", "settlements", pay_more)
    text = page_of(run, checks=True).text
    assert "auction does not hold:" in text
    assert "settlements, trial 0, round" in text
    assert "auction: none, since its log does not hold" in text


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
    charts = sum(len(section.charts) for section in ALL)
    assert page.text.count("Nothing to show in this log") == charts
    assert "Nothing has ended in the log" in page.text
    assert "nan" not in page.text


@pytest.mark.parametrize(
    ("changes", "there", "missing"),
    [
        ({"demand": [CHAT]}, OF_CHAT, OF_WORKFLOWS),
        ({"demand": [S3]}, OF_WORKFLOWS, OF_CHAT),
        ({"log": {"predictions": "none"}}, OF_CHAT | OF_WORKFLOWS, set()),
        ({"rounds": 1, "demand": [CHAT]}, OF_CHAT - {"cache", "prediction"}, {"cache"}),
    ],
    ids=["no workflows", "no chat", "no predictions", "one round"],
)
def test_what_a_run_lacks_the_page_does_without(tmp_path, changes, there, missing):
    page = page_of(run_tiny(tmp_path, compare=[], **changes), checks=True)
    assert there <= plots(page)
    assert not missing & plots(page)
    assert "comparison" not in page.ids
    assert "All invariants that were checked hold in the run" in page.text
    assert "nan" not in page.text


def test_trials_are_averaged_and_the_page_says_so(tmp_path):
    page = page_of(run_tiny(tmp_path, trials=2, demand=[CHAT], compare=[]))
    assert "means over the 2 trials" in page.text


def test_a_folder_that_is_no_run_is_refused_in_one_line(tmp_path):
    with pytest.raises(BadInput, match=r"run\.json") as refused:
        write_report([tmp_path], tmp_path / "report.html")
    assert "\n" not in str(refused.value)
    assert list(tmp_path.iterdir()) == []


def test_a_sweep_is_refused_with_a_word_where_its_runs_are(tmp_path):
    (tmp_path / "sweep.json").touch()
    told = re.escape(f"is a sweep: expected some of its runs, {tmp_path}/runs/ARM/sSEED")
    for runs in ([tmp_path], [tmp_path, tmp_path]):
        with pytest.raises(BadInput, match=told):
            write_report(runs, tmp_path / "report.html")


def test_a_run_beside_itself_is_refused(tiny_run, tmp_path):
    same = tiny_run / "compared" / ".."
    with pytest.raises(BadInput, match="is named twice"):
        write_report([tiny_run, same], tmp_path / "report.html")


def test_a_workflow_auction_that_runs_have_alike_is_audited_once(tiny_run, monkeypatch):
    asked = []
    true_audit = checks.audit_workflow

    def counted(log, *place, **options):
        asked.append(log.path)
        return true_audit(log, *place, **options)

    monkeypatch.setattr(checks, "audit_workflow", counted)
    monkeypatch.setattr(checks, "verify_run", lambda path, **_: iter([Verdict(path)]))
    arms = read_arms(tiny_run)
    first, second = checks.check(arms, lambda what: None)
    assert asked == [tiny_run]
    again = true_audit(LoggedRun(arms[1].path), workflow_places(LoggedRun(arms[1].path))[0])
    assert first.audits[-1].report == second.audits[-1].report == again


def test_a_description_without_a_scenario_is_refused(copy):
    description = json.loads((copy / "run.json").read_text())
    del description["scenario"]
    (copy / "run.json").write_text(json.dumps(description))
    with pytest.raises(BadInput, match="scenario: is not what a run says"):
        write_report([copy], copy / "report.html")


def test_a_place_that_cannot_be_written_is_refused(tiny_run, tmp_path):
    with pytest.raises(BadInput, match="cannot be written"):
        write_report([tiny_run], tmp_path, checks=False)


def test_a_file_that_no_report_wrote_is_left_alone(tiny_run, tmp_path):
    thesis = tmp_path / "report.html"
    thesis.write_text("a year's work")
    with pytest.raises(BadInput, match="no page of walras report"):
        write_report([tiny_run], thesis, checks=False)
    assert thesis.read_text() == "a year's work"


def test_a_page_of_ours_is_replaced_and_may_have_another_title(copy):
    page_of(copy)
    assert "Rules of the house" in page_of(copy, title="Rules of the house").text


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


def test_the_command_puts_a_page_about_several_runs_where_it_is_called(
    tiny_run, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    both = [str(tiny_run), str(tiny_run / "compared" / "random")]
    done = CliRunner().invoke(main, ["report", *both, "--no-checks", "--title", "Both"])
    assert done.stdout == "report.html\n"
    assert re.search(r"made in [0-9.]+ s, [4-6]\.[0-9] MB", done.stderr)
    assert "Both" in read((tmp_path / "report.html").read_text(encoding="utf-8")).text
    (tmp_path / "report.html").write_text("mine")
    refused = CliRunner().invoke(main, ["report", *both, "--no-checks"])
    assert refused.exit_code == 2
    assert refused.stderr == (
        "walras: report.html: is there already, and is no page of walras report\n"
    )
