"""What may stand in the query of a read: text, turned into values and checked like JSON.

Which queries each path takes is written in `routes.py`.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from google.protobuf.timestamp_pb2 import Timestamp
from starlette.datastructures import QueryParams

from thegrid_gateway.fields import (
    Check,
    Schema,
    array,
    boolean,
    choice,
    described,
    integer,
    invalid,
    text,
    unknown,
)

Fields = Mapping[str, Check]

_INTEGER = re.compile(r"-?[0-9]{1,20}")
_SECONDS_MAX: Final = 253_402_300_799
_INSTANT: Final = (
    r"^([0-9]{1,11}|[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])T"
    r"([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,6})?Z)$"
)


@described({"type": "string", "pattern": _INSTANT})
def _instant(value: Any, path: str) -> None:
    instant_of(value, path)


def instant_of(value: str, path: str) -> Timestamp:
    """Answer the instant that a text names. Raises ApiError."""
    instant = Timestamp()
    try:
        if value.isascii() and value.isdigit():
            if int(value) > _SECONDS_MAX:
                raise OverflowError
            instant.FromSeconds(int(value))
        else:
            instant.FromJsonString(value)
    except (ValueError, OverflowError):
        raise invalid(
            path,
            f"Invalid '{path}': expected Unix seconds or RFC 3339, such as 2026-11-23T00:00:00Z.",
        ) from None
    return instant


_ID = text(64, 1)
VERDICTS: Final = (
    *("in_spec", "late_first_token", "too_slow", "failed", "cancelled_by_client"),
    *("client_fault", "venue_fault"),
)
_FILTERS: Fields = {
    "start_time": _instant,
    "end_time": _instant,
    "instrument": _ID,
    "model": _ID,
    "key_id": _ID,
    "serving_model": text(256, 1),
    "supplier_id": _ID,
    "verdict": choice(*VERDICTS),
}
USAGE: Fields = {
    "limit": integer(1, 1_000),
    "after": text(512, 1),
    **_FILTERS,
    "disputed": boolean,
}
"""Of a page of usage records; `model` is another word for `instrument`, as everywhere here."""

GROUPS: Final = ("model", "key", "instrument", "supplier", "verdict")
SUMMARY: Fields = {
    **_FILTERS,
    "interval": choice("hour", "day"),
    "group_by": array(choice(*GROUPS), len(GROUPS), 1),
}
"""Of a summary of usage."""

MODELS: Fields = {
    "limit": integer(1, 1_000),
    "after_id": text(128, 1),
    "before_id": text(128, 1),
}
"""Of the list of models as Anthropic's clients ask for it."""

KEPT_RESPONSE: Fields = {
    "stream": boolean,
    "starting_after": integer(0),
    "include": array(text(128), 64),
}
"""Of a kept response."""

INPUT_ITEMS: Fields = {
    "limit": integer(1, 100),
    "after": text(128, 1),
    "order": choice("asc", "desc"),
    "include": array(text(128), 64),
}
"""Of the items that a kept response was asked with."""


def read_query(fields: Fields, query: QueryParams, *, closed: bool = False) -> dict[str, Any]:
    """Answer the values of a query; those that stand in no table are refused where `closed`."""
    values: dict[str, Any] = {}
    for name in query:
        field = fields.get(name)
        if field is None:
            if closed:
                raise unknown(name)
            continue
        value = _value(field.schema, query.getlist(name))
        field.refuse(value, name)
        values[name] = value
    return values


def _value(schema: Schema, texts: Sequence[str]) -> Any:
    """Answer the value that a text stands for; one that stands for none stays text."""
    kind, last = schema["type"], texts[-1]
    if kind == "array":
        return [part for one in texts for part in one.split(",")]
    if kind == "integer" and _INTEGER.fullmatch(last):
        return int(last)
    if kind == "boolean" and last in ("true", "false"):
        return last == "true"
    return last
