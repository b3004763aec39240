from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

import orchestrator
from market.errors import BadInput
from market.money import NANO_PER_USD
from orchestrator import Run, open_run, run_market
from orchestrator.analysis.metrics import market_metrics
from orchestrator.analysis.summary import summarize
from orchestrator.log import LogWriter
from orchestrator.log.schema import SCHEMAS
from orchestrator.runs.directory import write_description
from tests import markets
from tests.orchestrator.log.rounds import rows_of
from tests.orchestrator.logged_market import eventful_market

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "reading-the-log.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    place = tmp_path_factory.mktemp("opened") / "it's [one] *"
    return open_run(markets.run_market(eventful_market("random"), place, name="eventful"))


@pytest.fixture
def under_way(tmp_path: Path) -> tuple[Path, LogWriter]:
    """Two rounds in parts, two that are pending, and who writes."""
    write_description(tmp_path, "test", markets.small_market(), "running")
    log = LogWriter(tmp_path, 0)
    for round_ in range(1, 5):
        log.add(rows_of(0, round_))
        log.commit(round_)
        if round_ == 2:
            log.publish()
    return tmp_path, log


def seen(run: Run) -> list[int]:
    return [row[0] for row in run.sql("SELECT round FROM timings").fetchall()]


def test_a_run_says_what_was_run(run: Run) -> None:
    assert (run.name, run.seed, run.status, run.trials) == ("eventful", 3, "complete", 2)
    assert run.scenario == eventful_market("random")
    assert "eventful, seed 3, complete" in repr(run)
    assert "2 trials of 10 rounds, auction, compared with random" in repr(run)


def test_a_notebook_shows_a_run_as_a_table(run: Run) -> None:
    shown = run._repr_html_()
    assert "it&#x27;s [one] *" in shown
    assert "settlements" in shown


@pytest.mark.parametrize("table", SCHEMAS)
def test_every_library_shows_the_same_rows(run: Run, table: str) -> None:
    rows = run.arrow(table).to_pylist()
    assert rows
    assert run.polars(table).to_dicts() == rows
    names = ", ".join(f'"{name}"' for name in SCHEMAS[table].names)
    by_sql = run.sql(f"SELECT {names} FROM {table}").fetchall()
    assert sorted(map(repr, by_sql)) == sorted(repr(tuple(row.values())) for row in rows)
    frame = run.pandas(table)
    assert list(frame.columns) == SCHEMAS[table].names
    assert len(frame) == len(rows)


def test_integers_with_nulls_stay_integers_in_pandas(run: Run) -> None:
    values = run.pandas("completions", ["realized_value_nano"])["realized_value_nano"]
    assert str(values.dtype) == "Int64"
    known = run.arrow("completions")["realized_value_nano"].drop_null().to_pylist()
    assert values.dropna().tolist() == known


def test_money_comes_in_usd_on_demand(run: Run) -> None:
    for table in ("settlements", "hubs"):
        plain, usd = run.polars(table), run.polars(table, usd=True)
        assert [name.replace("_nano", "_usd") for name in plain.columns] == usd.columns
    paid = run.arrow("settlements", ["client_paid_nano"])["client_paid_nano"].to_pylist()
    in_usd = run.polars("settlements", ["client_paid_usd"], usd=True)["client_paid_usd"]
    assert in_usd.to_list() == [nano / NANO_PER_USD for nano in paid]
    for name in ("scarcity_prices", "largest_prices"):
        lists = run.arrow("hubs", [f"{name}_nano"])[0].to_pylist()
        shown = run.arrow("hubs", [f"{name}_nano"], usd=True)[f"{name}_usd"].to_pylist()
        assert shown == [
            [None if nano is None else nano / NANO_PER_USD for nano in prices] for prices in lists
        ]


def test_the_meaning_of_columns_travels_with_the_rows(run: Run) -> None:
    (cost,) = (column for column in run.columns("bids") if column.name == "true_cost")
    assert (cost.type, cost.unit, cost.private) == ("double", "USD per 1e6 output tokens", True)
    assert run.arrow("bids").schema.field("true_cost").metadata[b"doc"].decode() == cost.meaning
    usd = run.arrow("awards", ["true_cost_usd"], usd=True).schema.field("true_cost_usd")
    assert b"private cost" in usd.metadata[b"doc"]
    comments = run.sql(
        "SELECT comment FROM duckdb_columns() WHERE table_name = 'bids' AND column_name = 'load'"
    )
    assert comments.fetchall() == [("jobs in flight over slots, 1 at most",)]


def test_what_a_run_is_compared_with_opens_too(run: Run) -> None:
    assert list(run.arms) == ["auction", "random"]
    (random,) = run.compared.values()
    assert random.mechanism == "random"
    assert random.arrow("providers").equals(run.arrow("providers"))
    assert not random.arrow("awards").equals(run.arrow("awards"))


def test_what_has_not_begun_is_not_compared_with_yet(run: Run, tmp_path: Path) -> None:
    copy = open_run(shutil.copytree(run.path, tmp_path / "copy"))
    said = copy.path / "compared" / "random" / "run.json"
    said.rename(tmp_path / "run.json")
    assert copy.compared == {}
    (tmp_path / "run.json").rename(said)
    assert list(copy.compared) == ["random"]


def test_the_summary_is_that_of_the_command(run: Run) -> None:
    assert repr(run.summary()) == repr(summarize(run.path))


def test_the_metrics_are_those_of_sweeps(run: Run) -> None:
    assert run.metrics(["hit_rate"]) == market_metrics(run.path, ["hit_rate"])
    assert list(run.metrics(["hit_rate"])) == [0, 1]


@pytest.mark.parametrize("read", ["arrow", "polars", "pandas", "columns"])
def test_an_unknown_table_is_told_with_the_choices(run: Run, read: str) -> None:
    with pytest.raises(BadInput, match=r"expected one of providers, hubs, .*; got 'bid'"):
        getattr(run, read)("bid")


@pytest.mark.parametrize("name", ["cost", "client_paid_usd"])
def test_an_unknown_column_is_told_with_the_choices(run: Run, name: str) -> None:
    with pytest.raises(BadInput, match=f"expected some of trial, round, .*; got '{name}'"):
        run.arrow("settlements", [name])


def test_what_is_no_run_is_told_in_a_line(tmp_path: Path, run: Run) -> None:
    with pytest.raises(BadInput, match=r"expected a run's directory with a run\.json in it"):
        open_run(tmp_path)
    other = shutil.copytree(run.path, tmp_path / "other")
    said = json.loads((other / "run.json").read_text())
    (other / "run.json").write_text(json.dumps(said | {"schema_version": 4}))
    with pytest.raises(BadInput, match="schema_version: expected 5, got 4"):
        open_run(other)


@pytest.mark.parametrize("library", ["polars", "pandas", "duckdb"])
def test_a_library_that_is_not_installed_is_told_with_the_extra(
    run: Run, library: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, library, None)
    read: dict[str, Any] = {"polars": run.polars, "pandas": run.pandas, "duckdb": run.duckdb}
    with pytest.raises(BadInput) as caught:
        read[library](*() if library == "duckdb" else ["rounds"])
    assert str(caught.value) == f"{library}: is not installed: pip install -e '.[analysis]'"


def test_a_run_under_way_shows_every_committed_row_once(
    under_way: tuple[Path, LogWriter],
) -> None:
    path, log = under_way
    run = open_run(path)
    moment = run.duckdb()
    for round_ in range(5, 8):
        log.add(rows_of(0, round_))
        assert seen(run) == run.polars("timings")["round"].to_list() == list(range(1, round_))
        log.commit(round_)
    log.add(rows_of(0, 8))  # not committed
    assert seen(run) == list(range(1, 8))
    log.close()
    assert seen(run) == list(range(1, 8))
    assert moment.sql("SELECT round FROM timings").fetchall() == [(1,), (2,), (3,), (4,)]
    assert run.sql("SELECT * FROM edges").fetchall() == []


def test_a_run_that_was_killed_before_its_parts_were_placed_shows_them(
    under_way: tuple[Path, LogWriter], monkeypatch: pytest.MonkeyPatch
) -> None:
    path, log = under_way
    monkeypatch.setattr(LogWriter, "_finish", lambda self: None)
    log.publish()
    plain = duckdb.sql(f"SELECT count(*) FROM read_parquet('{path}/timings/*.parquet')")
    assert plain.fetchall() == [(2,)]
    assert seen(open_run(path)) == [1, 2, 3, 4]


def test_a_market_is_run_from_a_file_or_from_what_stands_in_it(tmp_path: Path) -> None:
    document = markets.small_market(rounds=3).model_dump(mode="json")
    (tmp_path / "three.yaml").write_text(yaml.safe_dump(document))
    settings = ("rounds=2", "compare=[sticky]")
    runs = [
        run_market(tmp_path / "three.yaml", tmp_path / "a", settings),
        run_market(document, tmp_path / "b", settings),
        run_market(markets.small_market(rounds=2, compare=["sticky"]), tmp_path / "c"),
    ]
    assert [one.name for one in runs] == ["three", "market", "market"]
    first, *others = runs
    assert first.status == "complete"
    assert first.scenario.rounds == 2
    assert document["rounds"] == 3
    for other in others:
        for ours, theirs in zip(first.arms.values(), other.arms.values(), strict=True):
            assert ours.arrow("settlements").equals(theirs.arrow("settlements"))


def test_a_market_is_not_run_over_another_or_from_nonsense(run: Run, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="exists already"):
        run_market(markets.small_market(), run.path)
    with pytest.raises(BadInput) as caught:
        run_market({**markets.small_market().model_dump(mode="json"), "rounds": 0}, tmp_path / "x")
    assert str(caught.value).startswith("scenario: rounds: expected greater than or equal to 1")
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize("query", re.findall(r"```sql\n(.*?)```", PAGE, re.DOTALL), ids=range(4))
def test_a_query_of_the_page_has_an_answer(run: Run, query: str) -> None:
    assert run.sql(query).fetchall()


def test_the_python_of_the_page_works(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "RUN").symlink_to(run.path)
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    names: dict[str, Any] = {}
    for snippet in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL):
        exec(snippet, names)
    assert "Run('RUN': eventful, seed 3, complete" in capsys.readouterr().out
    assert names["run"].path == Path("OUT")
    assert names["run"].seed == 3
    assert names["run"].polars("workflows").height == 3


def test_the_package_offers_its_names_without_importing_what_they_need() -> None:
    script = "import sys, orchestrator; sys.exit('pyarrow' in sys.modules or 'ray' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
    assert {"Run", "open_run", "run_market"} <= set(orchestrator.__all__)
    with pytest.raises(AttributeError, match="has no attribute 'close_run'"):
        orchestrator.close_run  # noqa: B018
