"""Arrow schemas, made from the classes that declare the tables."""

from __future__ import annotations

from types import NoneType, UnionType
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import pyarrow as pa

from orchestrator.log.tables import TABLES

SCHEMA_VERSION = 5

_SCALARS = {int: pa.int64(), float: pa.float64(), str: pa.string(), bool: pa.bool_()}


def arrow_schema(table: str) -> pa.Schema:
    """The schema of a table; every field carries its meaning as metadata ``doc``."""
    hints = get_type_hints(TABLES[table], include_extras=True)
    return pa.schema([_field(name, hint) for name, hint in hints.items()])


def _field(name: str, hint: Any) -> pa.Field:
    assert get_origin(hint) is Annotated
    annotated, doc = get_args(hint)
    nullable = get_origin(annotated) is UnionType
    if nullable:
        annotated = next(arm for arm in get_args(annotated) if arm is not NoneType)
    return pa.field(name, _arrow_type(annotated), nullable, metadata={"doc": doc})


def _arrow_type(annotated: Any) -> pa.DataType:
    if get_origin(annotated) is list:
        (item,) = get_args(annotated)
        if get_origin(item) is UnionType:
            item = next(arm for arm in get_args(item) if arm is not NoneType)
        return pa.list_(_SCALARS[item])
    return _SCALARS[annotated]


SCHEMAS: dict[str, pa.Schema] = {table: arrow_schema(table) for table in TABLES}
