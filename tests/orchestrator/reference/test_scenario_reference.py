from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Annotated, Any

import pytest
import yaml
from pydantic import BaseModel, Field

from agents.cost.replay import PriceSeries
from agents.params import Distribution
from orchestrator.past_bids import PastBids
from orchestrator.reference import __main__ as command
from orchestrator.reference import scenario_reference
from orchestrator.reference.docstrings import meanings, summary
from orchestrator.reference.file_keys import FILE_FORMS
from orchestrator.reference.keys import keys_of, models_below
from orchestrator.reference.name_tables import NAME_TABLES
from orchestrator.reference.names import REGISTRIES
from orchestrator.reference.scenario_reference import scenario_page
from orchestrator.reference.scenario_sections import GROUP, SECTIONS
from orchestrator.reference.words import bounds_words, default_words, type_words
from orchestrator.scenario.model import LogParams, Scenario, load_scenario
from orchestrator.supply.served_models import SupplyParams

DOCS = Path(__file__).resolve().parents[3] / "docs"
MODELS = models_below(Scenario)
EXAMPLES = {
    f"{section.title} {kind}".strip(): (section.stands, example)
    for section in SECTIONS
    for kind, example in section.examples.items()
}


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_every_key_of_a_scenario_is_described(model: type[BaseModel]) -> None:
    assert summary(model)
    assert [key.name for key in keys_of(model) if not key.meaning] == []


@pytest.fixture(scope="module")
def page() -> str:
    return scenario_page()


def test_the_page_has_every_kind_and_every_name_of_a_registry(page: str) -> None:
    for section in SECTIONS:
        for kind in section.examples:
            assert not kind or f"### {section.noun.capitalize()} `{kind}`" in page
        assert set(section.examples) == ({""} if not section.is_union else kinds(section.models))
    for names, heading in REGISTRIES.values():
        assert heading in NAME_TABLES
        for name in names:
            assert f"| `{name}` |" in page.partition(f"\n## {heading}\n")[2]


def test_a_model_that_no_section_tells_of_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(scenario_reference._SECTION_OF, LogParams)
    with pytest.raises(ValueError, match="expected a section of the reference for LogParams"):
        scenario_page()


def kinds(models: tuple[type[BaseModel], ...]) -> set[str]:
    return {model.model_fields["kind"].annotation.__args__[0] for model in models}  # type: ignore[union-attr]


def test_every_link_of_the_page_leads_to_one_heading(page: str) -> None:
    titles = re.findall(r"^#+ (.*)$", page, re.MULTILINE)
    anchors = [re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles]
    links = re.findall(r"\]\(#([^)]*)\)", page)
    assert links
    assert [link for link in links if anchors.count(link) != 1] == []


def test_every_row_of_a_table_has_as_many_cells_as_its_head(page: str) -> None:
    width = 0
    for line in page.splitlines():
        cells = len(re.findall(r"(?<!\\)\|", line)) if line.startswith("|") else 0
        assert not cells or not width or cells == width
        width = cells


def loaded(stands: str, example: str, folder: Path) -> Scenario:
    """The example in a scenario that has what it needs, and no more."""
    document: dict[str, Any] = {
        "seed": 1,
        "rounds": 20,
        "providers": [{"name": "small", "count": 4, "tier": 3, "domains": ["code", "law"]}],
        "hubs": {"count": 2},
        "demand": [{"kind": "dialogues", "rate_per_s": 1}],
    }
    stated = yaml.safe_load(example)
    (document["providers"][0] if stands == GROUP else document).update(stated)
    file = folder / "scenario.yaml"
    file.write_text(yaml.safe_dump(document))
    return load_scenario(file)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """One with the files that examples name."""
    hours = [f"2024-01-0{day} {hour:02}:00:00" for day in (1, 2) for hour in range(24)]
    prices = "".join(f"{hour},{40 + index}\n" for index, hour in enumerate(hours))
    (tmp_path / "prices.csv").write_text("hour,real_price\n" + prices)
    columns = "timestamp,availability_zone,instance_type,product,spot_price_usd_per_hour"
    rows = [f"{hour},us-east-1a,p3.2xlarge,Linux/UNIX,0.9" for hour in hours]
    (tmp_path / "spot.csv").write_text("\n".join([columns, *rows, ""]))
    price = {"input_mtok": 0.1, "output_mtok": 0.4}
    model = {"id": "swift", "prices": price}
    (tmp_path / "prices.json").write_text(json.dumps([{"id": "acme", "models": [model]}]))
    return tmp_path


@pytest.mark.parametrize("title", EXAMPLES)
def test_every_example_loads(title: str, folder: Path) -> None:
    loaded(*EXAMPLES[title], folder)


def test_examples_are_of_the_kind_that_they_stand_under() -> None:
    for section in SECTIONS:
        for kind, example in section.examples.items():
            assert not kind or f"kind: {kind}" in example


@pytest.mark.parametrize("form", FILE_FORMS, ids=lambda form: form.title)
def test_every_example_of_a_file_loads(form: Any, folder: Path) -> None:
    if form.example:
        loaded(GROUP, form.example, folder)


def test_keys_that_name_files_are_those_that_are_read(folder: Path) -> None:
    listed = {form.title: {key.name: key.default for key in form.keys} for form in FILE_FORMS}
    for title, model in (("Models from files", SupplyParams), ("Samples from a run", PastBids)):
        fields = {name: one for name, one in model.model_fields.items() if name != "kind"}
        assert listed[title] == {
            name: "required" if one.is_required() else default_words(one.default)
            for name, one in fields.items()
        }
    given = {"path": "spot.csv", "instance_type": "p3.2xlarge", "product": "Linux/UNIX"}
    given |= {"availability_zones": ["us-east-1a"], "start": "2024-01-01 00:00:00"}  # type: ignore[dict-item]
    assert set(listed["Spot prices from a file"]) == set(given)
    loaded(GROUP, yaml.safe_dump({"cost": scarce({"kind": "spot"} | given)}), folder)
    given = {"path": "prices.csv", "column": "real_price", "start": "2024-01-01 05:00:00"}
    assert set(listed["Electricity prices from a file"]) == set(given)
    watts = {"kind": "electricity", "power_w": 700}
    loaded(GROUP, yaml.safe_dump({"cost": scarce(watts | given)}), folder)


def scarce(cost: dict[str, Any]) -> dict[str, Any]:
    return {"kind": "scarcity", "of": cost}


@pytest.mark.parametrize(
    ("model", "key", "words"),
    [
        (Scenario, "seed", "at least 0, below 2^63"),
        (Scenario, "round_s", "above 0, at most 1e6"),
        (Distribution, "uniform", "each -1e15 to 1e15"),
        (Distribution, "lognormal", "first above 0, at most 1e15; second 0 to 100"),
        (PriceSeries, "prices", "1 to 100000 of them; each -1e6 to 1e6"),
    ],
)
def test_bounds_are_told_in_words(model: type[BaseModel], key: str, words: str) -> None:
    assert bounds_words(model.model_fields[key]) == words


def test_types_are_told_in_words() -> None:
    def words(annotation: Any) -> str:
        return type_words(annotation, lambda model, several: "models" if several else "model")

    assert words(bool) == "true or false"
    assert words(int | None) == "whole number or null"
    assert words(tuple[tuple[float, float], ...]) == "list of lists of two numbers"
    assert words(dict[str, tuple[int, ...]]) == "mapping of names to lists of whole numbers"
    assert words(tuple[PriceSeries | Distribution, ...]) == "list of models or numbers or models"
    assert words(Annotated[str, Field(min_length=1)]) == "text"


def test_without_its_source_a_model_has_no_descriptions_and_no_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    module = ModuleType("compiled_only")
    monkeypatch.setitem(sys.modules, "compiled_only", module)
    source = (
        'from agents.params import Params\nclass Bare(Params):\n    one: int = 1\n    """One."""'
    )
    exec(source, vars(module))
    assert meanings(module.Bare) == {}
    assert [(key.name, key.meaning, key.default) for key in keys_of(module.Bare)] == [
        ("one", "", "1")
    ]


def test_a_description_in_the_field_itself_counts_too() -> None:
    class Said(BaseModel):
        one: int = Field(1, description="One, ``1``.")

    assert meanings(Said) == {"one": "One, `1`."}


def test_the_command_writes_pages_and_tells_which_are_not_current(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "PAGES", {"one.md": lambda: "1", "two.md": lambda: "2"})
    check = ["--check", str(tmp_path)]
    assert command.main(check) == 1
    assert not list(tmp_path.iterdir())
    assert command.main([str(tmp_path)]) == 0
    assert command.main(check) == 0
    (tmp_path / "two.md").write_text("3")
    capsys.readouterr()
    assert command.main(check) == 1
    assert capsys.readouterr().out.startswith(f"{tmp_path / 'two.md'} is not current")


def test_the_command_says_that_there_is_no_such_folder(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        command.main(["nowhere"])
    assert "DOCS: expected a folder, got nowhere" in capsys.readouterr().err


def test_all_generated_pages_in_docs_are_current() -> None:
    assert command.main(["--check", str(DOCS)]) == 0
