"""The example package, installed: a market in which everything that can be is a plug-in's."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hubs.mechanisms import Clearing, Offers, TruthfulFor, is_router, truthful_for
from market import solve
from market.errors import BadInput
from orchestrator.analysis.logged_run import LoggedRun
from orchestrator.audit.unchecked import not_checked
from orchestrator.log import read_table
from orchestrator.runs.directory import read_description
from orchestrator.scenario.model import Scenario, load_scenario
from orchestrator.verify import verify_run
from tests.markets import StoppedAfter, run_market
from tests.orchestrator.test_determinism import rows
from tests.plugins.installed import EXAMPLE, install_example, off_path, on_path

SETTINGS = ("rounds=8", "log.checkpoint_rounds=2", "log.snapshot_share=1", "providers.0.count=3")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return install_example(tmp_path_factory.mktemp("site"))


@pytest.fixture(scope="module")
def scenario(site: Path) -> Iterator[Scenario]:
    with on_path(site):
        yield load_scenario(EXAMPLE / "scenario.yaml", SETTINGS)


@pytest.fixture(scope="module")
def run(scenario: Scenario, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return run_market(scenario, tmp_path_factory.mktemp("whole") / "run")


def test_every_role_shows_in_the_rows(run: Path) -> None:
    turns = read_table(run, "requests").to_pylist()
    assert {row["arrival_s"] % 0.5 for row in turns if row["turn"] == 1} == {0.0}  # the metronome
    awards = [row for row in read_table(run, "awards").to_pylist() if row["kind"] == "chat"]
    assert awards
    for row in awards:  # the posted price
        assert row["client_pays_nano"] == row["provider_receives_nano"] == 2 * row["cost_nano"]
    served = [row for row in read_table(run, "completions").to_pylist() if row["kind"] == "chat"]
    constant = [row for row in served if row["provider"].startswith("steady")]
    assert constant
    assert {round(row["finish_s"] - row["submitted_s"], 9) for row in constant} == {1.5}
    bids = [r for r in read_table(run, "bids").to_pylist() if r["provider"] == "steady-000"]
    factors = [row["chat_bid"] / row["true_cost"] for row in bids]
    assert factors == pytest.approx([1 + 0.5 * 0.5 ** (n / 10) for n in range(len(bids))])
    workflows = [r for r in read_table(run, "awards").to_pylist() if r["kind"] == "workflow"]
    assert workflows
    for row in workflows:  # a tenth above what was asked
        assert row["provider_receives_nano"] == pytest.approx(1.1 * row["cost_nano"], rel=1e-6)


def test_the_router_is_compared_as_a_built_in_one_would_be(run: Path) -> None:
    arm = run / "compared" / "dearest"
    assert read_description(arm).scenario.hubs.mechanism == "dearest"
    awards = [row for row in read_table(arm, "awards").to_pylist() if row["kind"] == "chat"]
    assert {row["client_pays_nano"] - row["cost_nano"] for row in awards} == {0}


def test_run_json_keeps_what_plug_ins_alone_know_and_their_versions(
    run: Path, scenario: Scenario
) -> None:
    described = read_description(run)
    assert described.scenario == scenario
    written = json.loads((run / "run.json").read_text())
    assert written["scenario"]["providers"][0]["strategy"] == {
        "kind": "fading", "first": 1.5, "half_life": 10.0,
    }  # fmt: skip
    assert written["scenario"]["providers"][0]["engine"]["seconds"] == 1.5
    keys = [key for key in written["versions"] if key.startswith("walras.")]
    assert sorted(keys) == [
        "walras.demand:metronome",
        "walras.engines:constant",
        "walras.mechanisms:posted_price",
        "walras.routers:dearest",
        "walras.strategies:fading",
        "walras.workflow_mechanisms:fixed_margin",
    ]
    assert {written["versions"][key].split(",")[0] for key in keys} == {"walras-example 0.1.0"}


def test_verify_says_what_of_a_plug_in_it_cannot_check(run: Path) -> None:
    main, arm = verify_run(run)
    assert not main.count
    assert main.coverage.checked["payments of workflows by their rule"]
    unchecked = dict(main.coverage.unchecked.keys())
    reason = "posted_price is a plug-in's: only that it decides so again is checked"
    assert unchecked["optima of chat clearings"] == reason
    assert main.coverage.checked["clearings by a plug-in"]
    assert "optima and reserves of workflows" in unchecked
    assert arm.coverage.checked["clearings by a router"]
    (chat, *_) = not_checked(LoggedRun(run), None)
    assert chat.reason == "posted_price is a plug-in's, which claims to be truthful for nobody"


def test_what_plug_ins_say_of_themselves_is_known_by_their_names(scenario: Scenario) -> None:
    assert truthful_for("posted_price") == TruthfulFor(clients=False, providers=False)
    assert truthful_for("dearest") == TruthfulFor(clients=False, providers=False)
    assert is_router("dearest")
    assert not is_router("posted_price")
    assert not scenario.hubs.workflow.truthful


def test_an_auction_can_be_solved_by_the_rule_of_a_plug_in(scenario: Scenario) -> None:
    prior = {"kind": "uniform", "low": 0.1, "high": 4}
    problem = {
        "kind": "workflow",
        "nodes": [{"id": "a", "output_tokens": 1_000_000, "difficulty": 1}],
        "edges": [],
        "providers": [
            {"id": f"p{bid}", "tier": 1, "input_ratio": 0.25, "bid": bid, "prior": prior}
            for bid in (2, 3)
        ],
        "options": {"mechanism": "fixed_margin"},
    }
    assert solve(problem)["payments"] == pytest.approx({"p2": 2.2})


def test_a_run_that_was_stopped_goes_on_elsewhere_if_the_plug_ins_are_there(
    run: Path, scenario: Scenario, site: Path, tmp_path: Path
) -> None:
    with pytest.raises(KeyboardInterrupt):
        run_market(scenario, tmp_path / "run", progress=StoppedAfter(6))
    assert list((tmp_path / "run" / ".state").glob("snapshot-*"))
    script = (
        "import sys; from orchestrator.cli import main; "
        "main(['resume', sys.argv[1], '--ray', 'off'], standalone_mode=False); "
        "main(['verify', sys.argv[1]], standalone_mode=False)"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error::UserWarning:pydantic", "-c", script, tmp_path / "run"],
        env=os.environ | {"PYTHONPATH": os.pathsep.join((str(site), str(Path.cwd())))},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "passed over" not in done.stderr  # the snapshot was thawed
    assert f"{tmp_path / 'run'}: holds" in done.stdout
    assert rows(tmp_path / "run") == rows(run)
    assert rows(tmp_path / "run" / "compared" / "dearest") == rows(run / "compared" / "dearest")


def test_a_run_without_its_plug_ins_is_one_line_that_names_them(run: Path, site: Path) -> None:
    with off_path(site), pytest.raises(BadInput) as caught:
        read_description(run)
    assert "needs the plug-in walras.mechanisms:posted_price of walras-example 0.1.0" in str(
        caught.value
    )
    assert str(caught.value).endswith("which is not installed here")


def test_verify_says_that_a_plug_in_has_changed_since(
    run: Path, site: Path, tmp_path: Path
) -> None:
    with off_path(site), on_path(install_example(tmp_path, version="0.2.0")):
        main, _ = verify_run(run, payments="none")
    said = [what for what, _ in main.coverage.unchecked if what.startswith("the plug-in")]
    assert "the plug-in walras.mechanisms:posted_price as it was" in said
    assert len(said) == 6


def test_verify_finds_what_the_mechanism_would_have_charged_otherwise(
    run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    posted = sys.modules["walras_example"].PostedPrice
    clear = posted.clear

    def dearer(self: object, offers: Offers, rng: np.random.Generator) -> Clearing:
        cleared = clear(self, offers, rng)
        prices = np.full(len(offers.capacities), 7)
        return replace(cleared, client_pays=2 * cleared.client_pays, scarcity_prices=prices)

    monkeypatch.setattr(posted, "clear", dearer)
    main, _ = verify_run(run, payments="none")
    wrong = {(one.table, one.column) for one in main.findings}
    assert wrong == {("awards", "client_pays_nano"), ("hubs", "scarcity_prices_nano")}


@pytest.mark.slow
def test_on_ray_rows_are_those_of_one_process(run: Path, site: Path, tmp_path: Path) -> None:
    done = walras_run(tmp_path, str(site), str(site))
    assert done.returncode == 0, done.stderr
    assert rows(tmp_path / "out") == rows(run)
    assert rows(tmp_path / "out" / "compared" / "dearest") == rows(run / "compared" / "dearest")


@pytest.mark.slow
def test_workers_that_have_another_version_of_a_plug_in_are_refused(
    site: Path, tmp_path: Path
) -> None:
    other = install_example(tmp_path / "other", version="0.2.0")
    done = walras_run(tmp_path, str(site), str(other))
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert "runs walras.mechanisms:posted_price walras-example 0.2.0, source" in line
    assert "expected walras-example 0.1.0, source" in line
    assert not (tmp_path / "out").exists()


def walras_run(folder: Path, here: str, there: str) -> subprocess.CompletedProcess[str]:
    """Run the example on Ray into ``folder``/out; the driver has it ``here``, others ``there``."""
    script = (
        "import os, sys; from market import plugins; plugins.offered(); "
        "[one.release for some in plugins.offered().values() for one in some]; "
        f"os.environ['PYTHONPATH'] = {os.pathsep.join((there, str(Path.cwd())))!r}; "
        "from orchestrator.cli import main; main(sys.argv[1:])"
    )
    settings = [word for one in SETTINGS for word in ("--set", one)]
    out = ["--out", folder / "out", "--set", "packing.cpus_per_actor=0.1"]
    scenario = EXAMPLE / "scenario.yaml"
    return subprocess.run(
        [sys.executable, "-c", script, "run", scenario, *settings, *out],
        env=os.environ | {"PYTHONPATH": os.pathsep.join((here, str(Path.cwd())))},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
