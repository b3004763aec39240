from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator import Run, open_run
from orchestrator.log.columns import SUFFIXES, UNITS, columns
from orchestrator.log.relations import JOINS, KEYS, Join
from orchestrator.log.schema import SCHEMA_VERSION, SCHEMAS
from orchestrator.reference.log_schema import HISTORY, log_schema_page
from tests.markets import run_market
from tests.orchestrator.logged_market import eventful_market

PAGE = Path(__file__).resolve().parents[3] / "docs" / "log-schema.md"

PRIVATE = {
    "hubs": {"realized_client_losses", "realized_provider_losses"},
    "requests": {"true_quality_weight", "true_quality_usd", "true_latency_usd_per_s"},
    "bids": {"true_cost", "absence", "load", "fixed_cost_nano"},
    "awards": {"true_cost_nano"},
    "completions": {"realized_cost_nano", "realized_value_nano"},
}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return open_run(run_market(eventful_market(), tmp_path_factory.mktemp("schema") / "run"))


def count(run: Run, query: str) -> int:
    ((found,),) = run.sql(query).fetchall()
    assert isinstance(found, int)
    return found


def test_the_page_is_what_the_code_makes() -> None:
    assert PAGE.read_text(encoding="utf-8") == log_schema_page(), (
        "docs/log-schema.md is not up to date: python -m orchestrator.reference docs"
    )


def test_the_page_has_every_column_of_every_table() -> None:
    page = log_schema_page()
    for table, schema in SCHEMAS.items():
        section = page.split(f"\n### {table}\n")[1].split("\n### ")[0]
        for field in schema:
            (line,) = (one for one in section.splitlines() if one.startswith(f"| `{field.name}` |"))
            assert field.metadata[b"doc"].decode().removeprefix("private: ") in line


def test_every_version_of_the_schema_has_its_line() -> None:
    assert list(HISTORY) == list(range(1, SCHEMA_VERSION + 1))


def test_every_amount_has_a_unit() -> None:
    bare = [
        (table, column.name)
        for table in SCHEMAS
        for column in columns(table)
        if "double" in column.type and not column.unit
    ]
    assert bare == []


def test_no_unit_is_stated_of_what_is_not_there() -> None:
    there = {(table, name) for table, schema in SCHEMAS.items() for name in schema.names}
    assert UNITS.keys() <= there
    assert all(any(name.endswith(suffix) for _, name in there) for suffix in SUFFIXES)


def test_what_no_hub_ever_sees_is_called_private() -> None:
    for table in SCHEMAS:
        private = {column.name for column in columns(table) if column.private}
        assert private == PRIVATE.get(table, set()), table


@pytest.mark.parametrize("table", SCHEMAS)
def test_no_two_rows_share_a_key(run: Run, table: str) -> None:
    key = ", ".join(f'"{name}"' for name in KEYS[table])
    rows = count(run, f"SELECT count(*) FROM {table}")
    assert rows == count(run, f"SELECT count(*) FROM (SELECT DISTINCT {key} FROM {table})") > 0


@pytest.mark.parametrize("join", JOINS, ids=str)
def test_a_row_finds_exactly_one_of_what_it_refers_to(run: Run, join: Join) -> None:
    where = f"WHERE {join.where}" if join.where else ""
    ours = f"(SELECT row_number() OVER () AS place, * FROM {join.table} {where})"
    parents = ", ".join(f"{theirs} AS key{n}" for n, theirs in enumerate(join.on.values()))
    on = " AND ".join(f"ours.{name} = theirs.key{n}" for n, name in enumerate(join.on))
    found = run.sql(
        f"SELECT count(*), count(*) FILTER (WHERE found = 1) FROM (SELECT count(key0) AS found "
        f"FROM {ours} AS ours LEFT JOIN (SELECT {parents} FROM {join.parent}) AS theirs ON {on} "
        "GROUP BY ours.place)"
    )
    ((rows, with_one),) = found.fetchall()
    assert rows == with_one > 0
