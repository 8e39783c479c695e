"""Opaque strings in which a client carries reasoning from one call to the next.

They hold what they stand for and are no secret: nothing is kept here for them to point at.
"""

import base64
import binascii
import json
from typing import Any

_PREFIX = "thegrid.v1."


def seal(value: dict[str, Any]) -> str:
    """Answer an opaque string that holds the JSON object `value`."""
    text = json.dumps(value, ensure_ascii=True, separators=(",", ":"))
    return _PREFIX + base64.urlsafe_b64encode(text.encode()).decode()


def unseal(text: str) -> dict[str, Any] | None:
    """Answer the object that `seal` put into `text`; None when it is none of ours."""
    if not text.startswith(_PREFIX):
        return None
    try:
        value = json.loads(base64.urlsafe_b64decode(text.removeprefix(_PREFIX)))
    except (binascii.Error, ValueError, RecursionError):
        return None
    return value if type(value) is dict else None
