import json

import pytest

from market.errors import BadInput
from orchestrator.supply.price_catalogue import ListPrice, read_catalogue
from tests.documents import MISSING, changed
from tests.orchestrator.supply.files import CATALOGUE, REAL_CATALOGUE, write_catalogue
from tests.real_files import real


def problem(path) -> str:
    """The one line that a bad catalogue is answered with, without the file's name."""
    with pytest.raises(BadInput) as caught:
        read_catalogue(path)
    line = str(caught.value)
    assert line.startswith(f"{path}: ")
    assert "\n" not in line
    return line.removeprefix(f"{path}: ")


def test_a_price_is_the_one_listed_last_and_its_base(tmp_path):
    assert read_catalogue(write_catalogue(tmp_path)) == {
        "acme": [
            ListPrice("acme", "good-8b-instruct", 0.5, 1.0, 0.05),
            ListPrice("acme", "best-70b", 1.0, 4.0, None),
        ],
        "bazaar": [
            ListPrice("bazaar", "vendor/Good-8B-Instruct", 0.25, 2.0, None),
            ListPrice("bazaar", "vendor/unscored-3b", 0.1, 0.5, None),
            ListPrice("bazaar", "vendor/weak_1_5b", 0.1, 0.1, None),
        ],
        "vectors": [],
    }


def test_a_cached_price_of_zero_is_a_price(tmp_path):
    free_hits = changed(CATALOGUE, "0.models.0.prices.cache_read_mtok", 0)
    (first, *_) = read_catalogue(write_catalogue(tmp_path, free_hits))["acme"]
    assert first.cached_usd_per_mtok == 0.0


PRICES = "0.models.0.prices"


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        ("0", 3, "sellers.0: expected an object with named keys, got 3"),
        ("0.id", MISSING, "sellers.0.id: missing"),
        ("0.id", "", "sellers.0.id: expected a text, got ''"),
        ("1.id", "acme", "sellers.1.id: duplicate id 'acme', first used at sellers.0"),
        ("0.models", MISSING, "sellers.0.models: missing"),
        ("0.models", {"a": 1}, "sellers.0.models: expected a list, got {'a': 1}"),
        ("0.models.0", "m", "sellers.0.models.0: expected an object with named keys, got 'm'"),
        ("0.models.1.id", 7, "sellers.0.models.1.id: expected a text, got 7"),
        (
            "0.models.1.id",
            "good-8b-instruct",
            "sellers.0.models.1.id: duplicate name 'acme/good-8b-instruct', "
            "first used at sellers.0.models.0",
        ),
        (
            "1",
            {"id": "acme/good", "models": [{"id": "a", "prices": {}}, {"id": "b/c"}]},
            "sellers.1.models.1.prices: missing",
        ),
        *(
            (
                "0.models.1.id",
                name,
                "sellers.0.models.1.id: expected at most 200 printable characters with the "
                f"seller's id, got {got}",
            )
            for name, got in [
                ("a\nb", r"'acme/a\nb'"),
                ("a\u2028b", r"'acme/a\u2028b'"),
                ("x" * 196, f"'acme/{'x' * 51}..."),
                ("x" * 500_000, f"'acme/{'x' * 51}..."),
            ]
        ),
        (
            "0.models.0.deprecated",
            "no",
            "sellers.0.models.0.deprecated: expected true or false, got 'no'",
        ),
        (PRICES, MISSING, "sellers.0.models.0.prices: missing"),
        (PRICES, 0.5, "sellers.0.models.0.prices: expected a list, got 0.5"),
        (PRICES, [], "sellers.0.models.0.prices: expected at least one entry, got none"),
        (PRICES, [{"constraint": {}}], "sellers.0.models.0.prices.0.prices: missing"),
        *(
            (
                f"{PRICES}.{key}",
                value,
                f"sellers.{PRICES}.{key}: expected a finite number >= 0 and <= 1e+06, got {got}",
            )
            for key in ("input_mtok", "output_mtok", "cache_read_mtok")
            for value, got in [(-0.1, "-0.1"), ("1", "'1'"), (True, "True"), (1e7, "10000000.0")]
        ),
        (
            f"{PRICES}.output_mtok",
            {"tiers": []},
            f"sellers.{PRICES}.output_mtok.base: missing",
        ),
        (
            f"{PRICES}.output_mtok",
            {"base": -1},
            f"sellers.{PRICES}.output_mtok.base: expected a finite number >= 0 and <= 1e+06, "
            "got -1",
        ),
        (
            f"{PRICES}.input_mtok",
            1001,
            f"sellers.{PRICES}.input_mtok: expected at most 1000 times output_mtok, 1; got 1001",
        ),
        (
            f"{PRICES}.cache_read_mtok",
            1001,
            f"sellers.{PRICES}.cache_read_mtok: expected at most 1000 times output_mtok, 1; "
            "got 1001",
        ),
        (
            f"{PRICES}.output_mtok",
            5e-324,
            f"sellers.{PRICES}.input_mtok: expected at most 1000 times output_mtok, 4.94066e-324; "
            "got 0.5",
        ),
    ],
)
def test_a_malformed_entry_is_named_with_its_key(tmp_path, path, value, expected):
    assert problem(write_catalogue(tmp_path, changed(CATALOGUE, path, value))) == expected


def test_two_models_under_one_name_are_told_apart_while_reading(tmp_path):
    prices = {"input_mtok": 1, "output_mtok": 2}
    sellers = [
        {"id": "a/b", "models": [{"id": "d", "prices": prices}, {"id": "c", "prices": prices}]},
        {"id": "a", "models": [{"id": "b/c", "prices": prices}]},
    ]
    assert problem(write_catalogue(tmp_path, sellers)) == (
        "sellers.1.models.0.id: duplicate name 'a/b/c', first used at sellers.0.models.1"
    )


def test_a_long_id_that_stands_twice_is_shortened(tmp_path):
    seller = {"id": "x" * 5000, "models": []}
    assert problem(write_catalogue(tmp_path, [seller, seller])) == (
        f"sellers.1.id: duplicate id '{'x' * 56}..., first used at sellers.0"
    )


def test_a_name_may_have_two_hundred_characters(tmp_path):
    longest = changed(CATALOGUE, "0.models.0.id", "x" * 195)
    (first, *_) = read_catalogue(write_catalogue(tmp_path, longest))["acme"]
    assert len(first.name) == 200


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "line 1 column 1: not JSON: Expecting value"),
        ("{}", "sellers: expected a list, got {}"),
        (json.dumps(CATALOGUE)[:-1], "not JSON: "),
        (json.dumps(CATALOGUE)[:300], "not JSON: "),
        ('[{"id": "a", "id": "b"}]', "duplicate key 'id'"),
        ('[{"id": NaN}]', "expected finite numbers, got NaN"),
        (
            json.dumps(CATALOGUE).replace('"output_mtok": 1}', '"output_mtok": 1e400}'),
            f"sellers.{PRICES}.output_mtok: expected a finite number >= 0 and <= 1e+06, got inf",
        ),
    ],
)
def test_a_file_that_is_no_catalogue_is_named(tmp_path, text, expected):
    path = tmp_path / "prices.json"
    path.write_text(text)
    assert expected in problem(path)


def test_a_catalogue_that_is_not_there_is_named(tmp_path):
    assert problem(tmp_path / "none.json") == "no such file"


def test_the_real_catalogue_is_read_whole():
    path = real(REAL_CATALOGUE)
    catalogue = read_catalogue(path)
    listed = {seller["id"]: seller["models"] for seller in json.loads(path.read_text())}
    assert list(catalogue) == list(listed)
    assert (len(listed), sum(map(len, listed.values()))) == (34, 1442)
    assert sum(map(len, catalogue.values())) == 1231
    known = {price.name: price for prices in catalogue.values() for price in prices}
    for seller, models in listed.items():
        for model in models:
            prices = model["prices"]
            if isinstance(prices, dict) and not any(isinstance(p, dict) for p in prices.values()):
                pays = prices.get("input_mtok", 0) > 0 and prices.get("output_mtok", 0) > 0
                kept = pays and "output_audio_mtok" not in prices and "deprecated" not in model
                assert (f"{seller}/{model['id']}" in known) == kept


@pytest.mark.parametrize(
    ("name", "uncached", "output", "cached"),
    [
        ("groq/llama-3.1-8b-instant", 0.05, 0.08, None),
        ("anthropic/claude-3-haiku", 0.25, 1.25, 0.03),
        ("openai/o3", 2.0, 8.0, 0.5),  # dated: it was 10 and 40 before
        ("anthropic/claude-sonnet-4-6", 3.0, 15.0, 0.3),  # dated, and in tiers before
    ],
)
def test_real_prices_are_those_of_the_page(name, uncached, output, cached):
    seller, model = name.split("/")
    prices = {price.model: price for price in read_catalogue(real(REAL_CATALOGUE))[seller]}
    assert prices[model] == ListPrice(seller, model, uncached, output, cached)
