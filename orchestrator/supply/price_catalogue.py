"""Prices from a catalogue: a JSON list of sellers, ``[].models[].prices`` in USD per 1e6 tokens.

The shape is that of the ``genai-prices`` data set. A price is a number, or a ``base`` with dearer
``tiers`` for long prompts, of which the base is taken. ``prices`` is a record, or a list of
records that hold from a date or at a time of the day, of which the last one listed is taken.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from agents.served_model import LONGEST_MODEL_NAME, MOST_RATIO, MOST_USD_PER_MTOK, is_model_name
from market.errors import BadInput
from market.fields import Fields, check_unique, shown
from orchestrator.reading.json_text import parse_json
from orchestrator.reading.text_file import read_text

INPUT, CACHED, OUTPUT = "input_mtok", "cache_read_mtok", "output_mtok"
SPOKEN_OUTPUT = "output_audio_mtok"


@dataclass(frozen=True, slots=True)
class ListPrice:
    """What one seller asks for one model; ``cached_usd_per_mtok`` is null where not listed."""

    seller: str
    model: str
    input_usd_per_mtok: float
    output_usd_per_mtok: float
    cached_usd_per_mtok: float | None

    @property
    def name(self) -> str:
        """A name that no other price of the catalogue has."""
        return _name(self.seller, self.model)


def read_catalogue(path: Path) -> dict[str, list[ListPrice]]:
    """By seller, the prices of models that answer in text for money.

    Models that are deprecated, lack a price above 0 of input or of output tokens (free ones,
    embeddings), or have one of spoken output, are left out.

    Raises:
        BadInput: names the file, and the key of the first malformed entry.
    """
    text = read_text(path)
    try:
        sellers = Fields({"sellers": parse_json(text)}, "").records("sellers")
        check_unique("sellers", [seller.text("id") for seller in sellers])
        _check_names(sellers)
        return {seller.text("id"): _read_seller(seller) for seller in sellers}
    except BadInput as error:
        raise error.inside(str(path)) from None


def _name(seller: str, model: str) -> str:
    return f"{seller}/{model}"


def _check_names(sellers: Sequence[Fields]) -> None:
    """No two models may have one name: ``a/b`` with ``c`` would be ``a`` with ``b/c``."""
    first: dict[str, str] = {}
    for seller in sellers:
        for model in seller.records("models"):
            name = _name(seller.text("id"), model.text("id"))
            if not is_model_name(name):
                expected = f"at most {LONGEST_MODEL_NAME} printable characters with the seller's id"
                raise BadInput(model.place("id"), f"expected {expected}, got {shown(name)}")
            if name in first:
                problem = f"duplicate name {shown(name)}, first used at {first[name]}"
                raise BadInput(model.place("id"), problem)
            first[name] = model.where


def _read_seller(seller: Fields) -> list[ListPrice]:
    prices = (_read_model(model, seller.text("id")) for model in seller.records("models"))
    return [price for price in prices if price is not None]


def _read_model(model: Fields, seller: str) -> ListPrice | None:
    prices = _prices_in_force(model)
    paid = {key: _price(prices, key) for key in (INPUT, CACHED, OUTPUT, SPOKEN_OUTPUT)}
    uncached, output = paid[INPUT], paid[OUTPUT]
    if model.flag("deprecated", default=False) or not uncached or not output:
        return None
    if paid[SPOKEN_OUTPUT] is not None:
        return None
    for key in (INPUT, CACHED):
        if (paid[key] or 0.0) / output > MOST_RATIO:
            expected = f"expected at most {MOST_RATIO:g} times {OUTPUT}, {output:g}"
            raise BadInput(prices.place(key), f"{expected}; got {paid[key]:g}")
    return ListPrice(seller, model.text("id"), uncached, output, paid[CACHED])


def _prices_in_force(model: Fields) -> Fields:
    if isinstance(model.raw("prices"), Mapping):
        return model.record("prices")
    dated = model.records("prices")
    if not dated:
        raise BadInput(model.place("prices"), "expected at least one entry, got none")
    return dated[-1].record("prices")


def _price(prices: Fields, key: str) -> float | None:
    """USD per 1e6 tokens, or None where none is listed."""
    value = prices.raw(key, None)
    if value is None:
        return None
    if isinstance(value, Mapping):
        return prices.record(key).number("base", low=0, high=MOST_USD_PER_MTOK)
    return prices.number(key, low=0, high=MOST_USD_PER_MTOK)
