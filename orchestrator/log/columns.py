"""What the columns of the log mean, for people: type, unit, who may know it."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

from market.errors import BadInput
from market.fields import shown
from orchestrator.log.schema import SCHEMAS

PRICE = "USD per 1e6 output tokens"
NO_UNIT = "1"

#: The unit that the end of a name states; the first that fits holds.
SUFFIXES = {
    "_nano": "nano-USD",
    "_usd_per_s": "USD/s",
    "_usd": "USD",
    "_s_per_token": "s per token",
    "_s_per_seq": "s per request",
    "_s": "s",
    "_tokens": "tokens",
    "_blocks": "blocks",
    "_ratio": NO_UNIT,
    "_weight": NO_UNIT,
    "_factor": NO_UNIT,
    "quality": NO_UNIT,
}

#: The units that a name does not state.
UNITS: dict[tuple[str, str], str] = {
    ("providers", "scores"): NO_UNIT,
    ("requests", "difficulty"): NO_UNIT,
    **dict.fromkeys(
        [("bids", name) for name in ("chat_bid", "workflow_bid", "prior_low", "prior_high")]
        + [("bids", "true_cost")]
        + [("priors", name) for name in ("low", "high", "mean", "deviation", "median", "samples")],
        PRICE,
    ),
    ("bids", "price_level"): NO_UNIT,
    ("bids", "load"): NO_UNIT,
    ("priors", "sigma"): NO_UNIT,
    ("predictions", "ttft_error"): "s",
    ("predictions", "quality_error"): NO_UNIT,
    ("predictions", "charged_error"): "tokens",
    ("prequential", "quality_abs_error"): NO_UNIT,
    ("prequential", "quality_squared_error"): NO_UNIT,
}

_PRIVATE = "private: "
_PRIVATE_NAMES = ("true_", "realized_")

#: What a workflow turned out to take is no secret once it is done.
_DISCLOSED = ("settlements",)


@dataclass(frozen=True)
class Column:
    """A column of a table.

    ``unit`` is empty for names, numbers of things and truth values, and ``1`` for what has no
    dimension. What is ``private`` no hub ever sees; the log has it for analysis.
    """

    name: str
    type: str
    nullable: bool
    unit: str
    private: bool
    meaning: str


def columns(table: str) -> tuple[Column, ...]:
    """The columns of a table, in order.

    Raises:
        BadInput: there is no such table.
    """
    return tuple(_column(table, field) for field in schema_of(table))


def schema_of(table: str) -> pa.Schema:
    """The schema of a table that a person named.

    Raises:
        BadInput: there is no such table.
    """
    if table not in SCHEMAS:
        raise BadInput("table", f"expected one of {', '.join(SCHEMAS)}; got {shown(table)}")
    return SCHEMAS[table]


def _column(table: str, field: pa.Field) -> Column:
    meaning = field.metadata[b"doc"].decode()
    by_name = field.name.startswith(_PRIVATE_NAMES) and table not in _DISCLOSED
    return Column(
        name=field.name,
        type=_type(field.type),
        nullable=field.nullable,
        unit=_unit(table, field.name),
        private=by_name or meaning.startswith(_PRIVATE),
        meaning=meaning.removeprefix(_PRIVATE),
    )


def _type(of: pa.DataType) -> str:
    return f"list of {of.value_type}" if pa.types.is_list(of) else str(of)


def _unit(table: str, name: str) -> str:
    stated = (unit for suffix, unit in SUFFIXES.items() if name.endswith(suffix))
    return UNITS.get((table, name)) or next(stated, "")
