"""What a request for embeddings may ask: the gateway's check of OpenAI's schema, field by field.

How many inputs an instrument takes, and how long they may be, is the exchange's word.
"""

from typing import Any, Final

from thegrid_gateway import preferences
from thegrid_gateway.errors import ApiError
from thegrid_gateway.fields import (
    Check,
    choice,
    described,
    integer,
    record,
    text,
    texts_or_tokens,
)

_INPUTS_MAX: Final = 65_536
_TOKENS_MAX: Final = 1 << 20


def embedding_check() -> Check:
    """Answer the check of a whole body."""
    body = record(
        {
            "model": text(128, 1),
            "input": texts_or_tokens(text(length_min=1), _INPUTS_MAX, _TOKENS_MAX),
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
