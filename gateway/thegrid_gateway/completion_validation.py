"""What a legacy completion may ask: the check of OpenAI's schema, field by field.

What each field then means is in `thegrid.completions`. Unknown fields pass untouched.
"""

from typing import Any

from thegrid_gateway import preferences
from thegrid_gateway.errors import ApiError
from thegrid_gateway.fields import (
    Check,
    boolean,
    component,
    decimal,
    described,
    integer,
    invalid,
    record,
    text,
    texts_or_tokens,
)
from thegrid_gateway.validation import (
    LOGIT_BIAS,
    STOP,
    STREAM_OPTIONS,
    TOKENS,
    no_stray_stream_options,
)

CHOICES_MAX = 128
_TOKENS_MAX = 1 << 20


def completion_check() -> Check:
    """Make the check of a body, which raises ApiError naming the parameter at fault."""
    fields: dict[str, Check] = {
        "model": text(128, 1),
        "prompt": texts_or_tokens(text(), CHOICES_MAX, _TOKENS_MAX),
        "best_of": integer(1, CHOICES_MAX),
        "echo": boolean,
        "frequency_penalty": decimal(-2, 2),
        "logit_bias": LOGIT_BIAS,
        "logprobs": integer(0, 5),
        "max_tokens": TOKENS,
        "n": integer(1, CHOICES_MAX),
        "presence_penalty": decimal(-2, 2),
        "seed": integer(),
        "stop": STOP,
        "stream": boolean,
        "stream_options": STREAM_OPTIONS,
        "suffix": text(),
        "temperature": decimal(0, 2),
        "top_p": decimal(0, 1),
        "user": text(512),
        "grid": preferences.CHECK,
    }
    body = record(fields, ("model", "prompt"))

    @described(body.schema)
    def check(value: Any, path: str) -> None:
        if type(value) is not dict:
            raise ApiError(400, 'The body must be a JSON object such as {"model": …, "prompt": …}.')
        body.refuse(value, path)
        no_stray_stream_options(value)
        if value.get("messages") is not None:
            raise invalid(
                "messages",
                "A completion has a prompt and no messages; send these to /v1/chat/completions.",
            )

    return component("CompletionRequest", check)
