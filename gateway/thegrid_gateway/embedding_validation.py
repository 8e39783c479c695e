"""What a request for embeddings may ask: the gateway's check of OpenAI's schema, field by field.

How many inputs an instrument takes, and how long they may be, is the exchange's word.
"""

from typing import Any, Final

from thegrid_gateway import preferences
from thegrid_gateway.errors import ApiError
from thegrid_gateway.fields import (
    Check,
    array,
    choice,
    described,
    integer,
    record,
    text,
    wrong_type,
)

_INPUTS_MAX: Final = 65_536
_TOKENS_MAX: Final = 1 << 20

_TEXT = text(length_min=1)
_TOKEN = integer(0, (1 << 31) - 1)
_TOKENS = array(_TOKEN, _TOKENS_MAX, 1)
_LISTS: Final = {
    str: array(_TEXT, _INPUTS_MAX, 1),
    int: _TOKENS,
    list: array(_TOKENS, _INPUTS_MAX, 1),
}
"""A list holds one kind of things: that of its first one."""

_EXPECTED = "a string, or an array of strings, of tokens, or of arrays of tokens"


@described({"anyOf": [_TEXT.schema, *(check.schema for check in _LISTS.values())]})
def _input(value: Any, path: str) -> None:
    if type(value) is str:
        _TEXT.refuse(value, path)
    elif type(value) is list:
        kind = type(value[0]) if value else str
        if kind not in _LISTS:
            raise wrong_type(f"{path}[0]", "a string, a token, or an array of tokens", value[0])
        _LISTS[kind].refuse(value, path)
    else:
        raise wrong_type(path, _EXPECTED, value)


def embedding_check() -> Check:
    """Answer the check of a whole body."""
    body = record(
        {
            "model": text(128, 1),
            "input": _input,
            "encoding_format": choice("float", "base64"),
            "dimensions": integer(1),
            "user": text(512),
            "grid": preferences.CHECK,
        },
        ("model", "input"),
    )

    @described(body.schema)
    def check(value: Any, path: str) -> None:
        if type(value) is not dict:
            raise ApiError(
                400, 'The body must be a JSON object such as {"model": …, "input": "…"}.'
            )
        body.refuse(value, path)

    return check
