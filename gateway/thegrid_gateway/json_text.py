"""JSON in and out of HTTP: fast where the values allow it, exact where they do not.

What the JSON means is elsewhere.
"""

import re
from json import loads as exact_loads
from typing import Any, NoReturn

import orjson

from thegrid.openai import MappingError
from thegrid.openai.mapping import encode_json

_LONG_NUMBER = re.compile(rb"[0-9]{17}")


class JsonError(ValueError):
    """Text that is no JSON, or nested too deeply; the message says which."""


def _no_constant(name: str) -> NoReturn:
    raise JsonError(f"{name} is no JSON number")


def parse(text: bytes, depth_max: int) -> Any:
    """Answer the value that `text` holds. Raises JsonError."""
    try:
        # The fast parser turns an integer of more than 64 bits into a float.
        if _LONG_NUMBER.search(text):
            value = exact_loads(text, parse_constant=_no_constant)
        else:
            value = orjson.loads(text)
    except RecursionError:
        raise JsonError(f"nested more than {depth_max} levels deep") from None
    except JsonError:
        raise
    except ValueError as fault:
        raise JsonError(str(fault)) from None
    if text.count(b"{") + text.count(b"[") > depth_max:
        _check_depth(value, depth_max)
    return value


def _check_depth(value: Any, depth_max: int) -> None:
    level = [value]
    for _ in range(depth_max):
        level = [
            inner
            for outer in level
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, (dict, list))
        ]
        if not level:
            return
    raise JsonError(f"nested more than {depth_max} levels deep")


def write(value: Any) -> bytes:
    """Answer `value` as JSON in UTF-8, also where it holds very long integers."""
    try:
        return orjson.dumps(value)
    except TypeError:
        try:
            return encode_json(value)
        except MappingError as fault:
            raise JsonError(str(fault)) from None
