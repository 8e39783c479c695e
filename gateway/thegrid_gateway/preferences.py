"""What a caller wants of supplier and price: `grid` in the body, or header `x-grid-preferences`.

Both hold the same JSON object; of a key that stands in both, the body's counts.
"""

from collections.abc import Mapping
from typing import Any, Final

from thegrid.v1 import delivery_pb2
from thegrid_gateway import json_text
from thegrid_gateway.errors import ApiError
from thegrid_gateway.fields import array, boolean, integer, record, text

HEADER: Final = b"x-grid-preferences"
_HEADER_BYTES_MAX: Final = 8_192

_SUPPLIERS: Final = array(text(64, 1), 32)
_WORDS: Final = array(text(64, 1), 16)

CHECK: Final = record(
    {
        "max_price_micros": integer(1),
        "only_suppliers": _SUPPLIERS,
        "ignore_suppliers": _SUPPLIERS,
        "order_suppliers": _SUPPLIERS,
        "allow_fallbacks": boolean,
        "data_policies": _WORDS,
        "regions": _WORDS,
        "models": array(text(128, 1), 16),
        "hedge_after_percent": integer(10, 90),
    },
    closed=True,
)
"""Refuses what is no object of preferences."""


def preferences(
    header: str, body: Mapping[str, Any] | None
) -> delivery_pb2.DeliveryPreferences | None:
    """Answer what is wanted, or None for nothing; `body` is checked already."""
    wanted = {**_from_header(header), **(body or {})}
    named = {
        key.replace("_suppliers", "_supplier_ids"): value
        for key, value in wanted.items()
        if value is not None
    }
    return delivery_pb2.DeliveryPreferences(**named) if named else None


def _from_header(header: str) -> dict[str, Any]:
    if not header:
        return {}
    if len(header) > _HEADER_BYTES_MAX:
        raise _refused(f"is longer than {_HEADER_BYTES_MAX} bytes")
    try:
        wanted = json_text.parse(header.encode(), 4)
    except json_text.JsonError as fault:
        raise _refused(f"is no JSON: {fault}") from None
    CHECK(wanted, HEADER.decode())
    return dict(wanted)


def _refused(why: str) -> ApiError:
    name = HEADER.decode()
    return ApiError(400, f"The header {name} {why}.", param=name, code="invalid_value")
