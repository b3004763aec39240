from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from rich.console import Console

from market import solve
from orchestrator.analysis.logged_run import LoggedRun
from orchestrator.audit import audit_chat, audit_workflow, chat_places, workflow_places
from orchestrator.audit.progress import AuditProgress
from orchestrator.cli import main
from orchestrator.log import read_table
from orchestrator.runs.directory import prepare_directory
from orchestrator.runs.run import run_scenario
from orchestrator.runtime import InProcess
from tests.market.audit.test_problem import MATCHING, PAY_AS_BID, STAR
from tests.markets import (
    DIALOGUES,
    GROUPS,
    WORKFLOWS,
    StoppedAfter,
    rewritten,
    run_market,
    small_market,
)

DEMAND = [DIALOGUES | {"rate_per_s": 20}, WORKFLOWS]

#: Why some clearings need no audit.
IDLE = "nothing was awarded"


def walras_audit(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["audit", *map(str, arguments)])


@pytest.fixture
def file(tmp_path: Path):
    def write(problem: Any, name: str = "problem.json") -> Path:
        path = tmp_path / name
        path.write_text(json.dumps(problem))
        return path

    return write


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    liars = GROUPS[0] | {"strategy": {"kind": "aggressive", "by": 1.2}}
    market = small_market(providers=[liars, GROUPS[1]], demand=DEMAND)
    return run_market(market, tmp_path_factory.mktemp("run") / "run")


def test_a_truthful_auction_passes(file) -> None:
    result = walras_audit(file(STAR))
    assert result.exit_code == 0, result.output
    assert "providers audited: 3 (3 exact, 0 by search); none would gain" in result.stdout
    for check in ("monotone", "individually rational", "optimal", "payment identity"):
        assert f"{check}: holds" in result.stdout


def test_a_regret_is_told_and_its_counterexample_can_be_solved(file, tmp_path: Path) -> None:
    # In this order whoever gains most loses the tie that it would like to reach.
    truth = {**PAY_AS_BID, "providers": PAY_AS_BID["providers"][::-1]}
    lie = tmp_path / "lie.json"
    result = walras_audit(file(truth), "--counterexample", lie)
    assert result.exit_code == 1, result.output
    assert "a supremum that is not attained" in result.stdout
    problem = json.loads(lie.read_text())
    lying = [
        (told["id"], told["bid"], true["bid"])
        for told, true in zip(problem["providers"], truth["providers"], strict=True)
        if told["bid"] != true["bid"]
    ]
    ((liar, bid, cost),) = lying
    answer = solve(problem)
    gained = answer["payments"][liar] - cost * answer["quantities"][liar] / 1e6
    assert f"{liar} bids {bid:.12g} and gains {gained:.9g}; the truth: " in result.stdout


def test_there_is_no_counterexample_to_what_is_truthful(file, tmp_path: Path) -> None:
    result = walras_audit(file(STAR), "--counterexample", tmp_path / "lie.json")
    assert result.exit_code == 0
    assert "no misreport gains" in result.stdout
    assert not (tmp_path / "lie.json").exists()


def test_owners_and_sides_are_the_users(file) -> None:
    assert walras_audit(file(MATCHING), "--side", "clients").exit_code == 0
    result = walras_audit(file(MATCHING), "--side", "clients", "--owners", "both,both,rival")
    assert result.exit_code == 1
    assert "worst regret: 5 of client both" in result.stdout
    assert "wants" in result.stdout
    assert "under predicted settlement" in walras_audit(file(STAR), "--side", "both").stdout


def test_json_is_one_report_a_line(tmp_path: Path) -> None:
    path = tmp_path / "three.jsonl"
    path.write_text("\n".join(map(json.dumps, (STAR, PAY_AS_BID, MATCHING))))
    result = walras_audit(path, "--json", "--counterexample", tmp_path / "lie.json")
    reports = [json.loads(line) for line in result.stdout.splitlines()]
    assert [report["mechanism"] for report in reports] == ["star", "pay_as_bid", "client_clarke"]
    assert [report["violated"] for report in reports] == [False, True, True]
    assert reports[1]["where"] == f"{path}: line 2"
    assert "counterexample in" in result.stderr


@pytest.mark.parametrize(
    ("problem", "arguments", "complaint"),
    [
        ({**STAR, "nodes": 3}, [], "nodes: expected a list, got 3"),
        ({**STAR, "kind": "x"}, [], "kind: expected one of workflow, matching; got 'x'"),
        (STAR, ["--owners", "a"], "owners: are for matchings"),
        (MATCHING, ["--owners", "a,b"], "expected one for each of 3 requests, got 2"),
        ({**STAR, "providers": []}, [], "no provider takes part"),
    ],
)
def test_bad_input_is_one_line(file, problem, arguments: list[str], complaint: str) -> None:
    result = walras_audit(file(problem), *arguments)
    assert result.exit_code == 2, result.output
    (line,) = result.stderr.splitlines()
    assert line.startswith("walras: ")
    assert "problem.json" in line
    assert complaint in line


def test_a_place_to_write_is_checked(file, tmp_path: Path) -> None:
    result = walras_audit(file(PAY_AS_BID), "--counterexample", tmp_path / "no" / "lie.json")
    assert result.exit_code == 2
    assert "cannot be written" in result.stderr


def test_no_problems_and_no_run_are_refused(tmp_path: Path) -> None:
    (tmp_path / "none.jsonl").write_text("\n")
    for path, complaint in (("none.jsonl", "at least one problem"), (".", "run.json")):
        result = walras_audit(tmp_path / path)
        assert result.exit_code == 2
        assert complaint in result.stderr


def test_a_run_is_audited_clearing_by_clearing(run: Path) -> None:
    result = walras_audit(run)
    assert result.exit_code == 1
    lines = [line for line in result.stdout.splitlines() if not line.startswith(" ")]
    clearings = [line for line in lines if not line.startswith("not checked")]
    assert len(clearings) == len(chat_places(LoggedRun(run))) + len(workflow_places(LoggedRun(run)))
    paid = [line for line in clearings if line.startswith("workflow")]
    assert len(paid) == len(workflow_places(LoggedRun(run))) > 0
    clients = [line for line in result.stdout.splitlines() if "clients audited" in line]
    assert clients
    assert all("none would gain" in line for line in clients)


def test_the_largest_clearings_of_each_kind_come_first(run: Path) -> None:
    result = walras_audit(run, "--limit", 1, "--json")
    printed = [json.loads(line) for line in result.stdout.splitlines()]
    places = [one["where"] for one in printed if "where" in one]
    rows = read_table(run, "hubs").to_pylist()
    busiest = max(row["awarded"] for row in rows)
    dearest = max(row["payment_nano"] for row in read_table(run, "auctions").to_pylist())
    assert len(places) == 2
    workflow, chat = workflow_places(LoggedRun(run))[0], chat_places(LoggedRun(run))[0]
    assert places == [str(workflow), str(chat)]
    found = {(row["trial"], row["round"], row["hub"]): row["awarded"] for row in rows}
    assert found[tuple(chat)] == busiest
    (row,) = (
        row
        for row in read_table(run, "auctions").to_pylist()
        if row["workflow"] == workflow.workflow
    )
    assert row["payment_nano"] == dearest


def test_the_truth_is_that_of_the_log(run: Path) -> None:
    """The small providers bid 1.2 times their cost: that is a lie already."""
    report = audit_chat(LoggedRun(run), chat_places(LoggedRun(run))[0], sides=["provider"])
    truths = {f.participant: f.truth for f in report.findings}
    small = [truth for name, truth in truths.items() if name.startswith("small")]
    assert small
    assert all(truth == f"asks {1 / 1.2:.6g} times its stated cost" for truth in small)
    assert all(finding.truthful_utility == pytest.approx(0.0) for finding in report.findings)
    workflow = workflow_places(LoggedRun(run))[0]
    costs = {row["provider"]: row for row in read_table(run, "bids").to_pylist()}
    audited = audit_workflow(LoggedRun(run), workflow)
    assert {f.participant for f in audited.findings} <= set(costs)
    assert not audited.violated


def test_the_client_of_a_logged_workflow_is_billed_as_its_hub_settles(run: Path) -> None:
    report = audit_workflow(LoggedRun(run), workflow_places(LoggedRun(run))[0], sides=["client"])
    assert [finding.participant for finding in report.findings] == ["under predicted settlement"]


def test_the_counterexample_of_a_run_can_be_solved(run: Path, tmp_path: Path) -> None:
    lie = tmp_path / "lie.json"
    result = walras_audit(run, "--limit", 2, "--counterexample", lie)
    assert result.exit_code == 1, result.output
    assert solve(json.loads(lie.read_text()))["status"] == "optimal"


def test_what_is_of_no_use_for_a_run_is_refused(run: Path) -> None:
    for option, value in (("--owners", "a"), ("--cost-basis", "run")):
        result = walras_audit(run, option, value)
        assert result.exit_code == 2
        assert "is for a problem" in result.stderr


def test_a_run_that_held_no_auction_is_refused(tmp_path: Path) -> None:
    market = small_market(demand=[DIALOGUES], hubs={"count": 2, "mechanism": "sticky"})
    result = walras_audit(run_market(market, tmp_path / "run"))
    assert result.exit_code == 2
    (line,) = result.stderr.splitlines()
    assert "has no clearing that could be held again; not checked: " in line
    assert "chat clearings (sticky is a router, which holds no auction)" in line


def test_whose_turn_it_is_is_shown_now_and_then(capsys, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orchestrator.progress.PLAIN_EVERY_S", 0.0)
    with AuditProgress(Console(force_terminal=False)) as progress:
        progress.show("a [market]", 2, 7, "p1")
    assert capsys.readouterr().out == "auditing 2/7, a [market]: p1\n"


def test_the_bar_is_off_while_a_report_is_printed(capsys) -> None:
    with AuditProgress(Console(stderr=True, force_terminal=True)) as progress:
        before = sys.stdout
        progress.show("a market", 1, 2, "p1")
        with progress.aside():
            assert sys.stdout is before
            print("report")
    assert capsys.readouterr().out == "report\n"


def left_out(run: Path, *arguments: object) -> list[dict[str, Any]]:
    """What an audit says that it has not checked; both of its forms say the same."""
    told = walras_audit(run, *arguments).stdout.splitlines()
    printed = walras_audit(run, "--json", *arguments).stdout.splitlines()
    found = [json.loads(line).get("not_checked") for line in printed]
    found = [one for one in found if one is not None]
    assert [line for line in told if line.startswith("not checked: ")] == [
        f"not checked: {one['count']} {one['what']} ({one['reason']})" for one in found
    ]
    return found


def awarding(run: Path) -> int:
    return sum(row["awarded"] > 0 for row in read_table(run, "hubs").to_pylist())


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"hubs": {"count": 2, "mechanism": "random"}}, "random is a router, which holds no "),
        ({"log": {"predictions": "awarded"}}, "with log.predictions awarded the log has not "),
        ({"log": {"predictions": "none"}}, "with log.predictions none the log has not everyone"),
    ],
)
def test_clearings_that_cannot_be_held_again_are_counted(
    changes: dict[str, Any], reason: str, tmp_path: Path
) -> None:
    run = run_market(small_market(demand=DEMAND, **changes), tmp_path / "run")
    (one,) = left_out(run)
    assert (one["count"], one["what"]) == (awarding(run), "chat clearings")
    assert one["reason"].startswith(reason)


def test_clearings_that_awarded_nothing_are_counted(tmp_path: Path) -> None:
    """Every answer costs far more than it is worth."""
    dear = GROUPS[0] | {"cost": {"base": 1e6}, "workflow_slots": 0}
    mixed = small_market(providers=[dear, GROUPS[1]], demand=DEMAND, rounds=3)
    run = run_market(mixed, tmp_path / "run")
    cleared = {(row["round"], row["hub"]) for row in read_table(run, "predictions").to_pylist()}
    (one,) = left_out(run)
    assert one["count"] == len(cleared) - awarding(run) > 0
    assert one["reason"] == IDLE


@pytest.mark.parametrize("mechanism", ["auction", "auction_two_sided"])
def test_what_was_explored_is_counted_and_the_rest_is_audited(
    mechanism: str, tmp_path: Path
) -> None:
    exploring = {"count": 2, "mechanism": mechanism, "exploration": {"warm_up_rounds": 2}}
    run = run_market(small_market(demand=DEMAND, hubs=exploring), tmp_path / "run")
    explored = sum(row["explored"] for row in read_table(run, "awards").to_pylist())
    first = left_out(run)[0]
    assert first["count"] == explored > 0
    assert first["what"] == "chat awards"
    assert {place.round for place in chat_places(LoggedRun(run))}.isdisjoint({1, 2})


def test_what_a_limit_and_comparisons_leave_out_is_counted(tmp_path: Path) -> None:
    market = small_market(demand=DEMAND, compare=["random", "sticky"])
    run = run_market(market, tmp_path / "run")
    log = LoggedRun(run)
    rest = [len(chat_places(log)) - 1, len(workflow_places(log)) - 1, 1, 1]
    found = [one for one in left_out(run, "--limit", 1) if one["reason"] != IDLE]
    assert [one["count"] for one in found] == rest
    assert found[2]["what"] == "comparison, random"
    assert found[2]["reason"] == f"audit {run / 'compared' / 'random'} by itself"
    whole = [one["what"] for one in left_out(run) if one["reason"] != IDLE]
    assert whole == ["comparison, random", "comparison, sticky"]


def test_an_auction_by_the_request_is_audited_for_clients_with_several(tmp_path: Path) -> None:
    """They are charged as if each request were of another client, and gain by lying."""
    market = small_market(
        demand=[DIALOGUES | {"rate_per_s": 40}],
        clients={"count": 3},
        hubs={"count": 1, "mechanism": "auction_per_request"},
    )
    log = LoggedRun(run_market(market, tmp_path / "run"))
    reports = [audit_chat(log, place, sides=["client"]) for place in chat_places(log)[:4]]
    assert any(finding.gains for report in reports for finding in report.findings)
    owners = {row["client"] for row in log.rows("predictions")}
    assert {f.participant for report in reports for f in report.findings} <= owners
    assert all(check.verdict != "violated" for report in reports for check in report.checks)


def test_workflows_of_an_interrupted_run_are_audited_too(tmp_path: Path) -> None:
    market = small_market(
        rounds=40, log={"checkpoint_rounds": 2}, demand=[WORKFLOWS | {"every_rounds": 1}]
    )
    prepare_directory(tmp_path / "run", force=False)
    with pytest.raises(KeyboardInterrupt), StoppedAfter(7) as progress:
        run_scenario(market, "test", tmp_path / "run", InProcess(), progress.show)
    log = LoggedRun(tmp_path / "run")
    ended = {row["workflow"] for row in log.rows("workflows")}
    places = workflow_places(log)
    assert {place.workflow for place in places} - ended
    result = walras_audit(tmp_path / "run")
    assert result.exit_code == 0, result.output
    assert result.stdout.count("as logged: holds") == len(places) > 0


@pytest.mark.parametrize(
    ("table", "field", "complaint"),
    [
        ("awards", "client_pays_nano", "nano-USD, "),
        ("auctions", "virtual_cost_usd", "virtual cost"),
        ("nodes", "output_tokens", "nano-USD, "),
    ],
)
def test_what_does_not_end_as_it_did_is_told(
    run: Path, table: str, field: str, complaint: str, tmp_path: Path
) -> None:
    def change(rows: list[dict[str, Any]]) -> None:
        for row in rows:
            if row[field] is not None:
                row[field] *= 2

    other = LoggedRun(rewritten(run, tmp_path / "run", table, change))
    report = audit_workflow(other, workflow_places(other)[0])
    (check,) = (check for check in report.checks if check.name == "as logged")
    assert (check.verdict, report.violated) == ("violated", True)
    assert complaint in check.detail


def test_a_log_that_is_not_whole_is_one_line(run: Path, tmp_path: Path) -> None:
    other = rewritten(run, tmp_path / "run", "bids", lambda rows: rows.clear())
    result = walras_audit(other)
    assert result.exit_code == 2
    (line,) = result.stderr.splitlines()
    assert line.endswith("has no rows of bids for it: the log is not whole")


def test_reports_are_printed_as_they_come(file, monkeypatch: pytest.MonkeyPatch) -> None:
    """What came before an error is out already."""
    path = file(STAR).with_suffix(".jsonl")
    path.write_text("\n".join(map(json.dumps, (STAR, {**STAR, "nodes": 3}))))
    result = walras_audit(path)
    assert result.exit_code == 2
    assert f"{path}: line 1: star" in result.stdout
    assert f"{path}: line 2: nodes" in result.stderr
