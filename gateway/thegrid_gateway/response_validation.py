"""What a request of OpenAI's Responses may ask: the check of its schema, field by field.

What each field then means is in `thegrid.responses`; unknown fields are refused by name.
"""

from typing import Any

from thegrid_gateway import preferences
from thegrid_gateway.errors import ApiError
from thegrid_gateway.fields import (
    Check,
    anything,
    array,
    boolean,
    by_type,
    by_word,
    choice,
    component,
    decimal,
    described,
    either,
    integer,
    missing,
    record,
    text,
    unserved,
)
from thegrid_gateway.validation import METADATA, no_stray_stream_options

_OBJECT = record({})
_PART = component(
    "ResponsePart",
    by_type(
        {
            "input_text": record({"text": text()}, ("text",)),
            "output_text": record({"text": text()}, ("text",)),
            "text": record({"text": text()}, ("text",)),
            "refusal": record({"refusal": text()}, ("refusal",)),
            "input_image": record({"image_url": text(length_min=1), "detail": text(64)}),
        }
    ),
)
_CONTENT = either("a string or an array", {str: anything, list: array(_PART, 4_096)})
_THOUGHT = record({"type": text(64, 1), "text": text()}, ("type",))
_ITEMS: dict[str, Check] = {
    "message": record(
        {"role": choice("user", "assistant", "system", "developer"), "content": _CONTENT},
        ("role", "content"),
    ),
    "reasoning": record(
        {
            "summary": array(_THOUGHT, 4_096),
            "content": array(_THOUGHT, 4_096),
            "encrypted_content": text(),
        }
    ),
    "function_call": record(
        {"call_id": text(256, 1), "name": text(256, 1), "arguments": text()},
        ("call_id", "name", "arguments"),
    ),
    "function_call_output": record(
        {"call_id": text(256, 1), "output": _CONTENT}, ("call_id", "output")
    ),
}
_ITEM = component("ResponseItem", by_type(_ITEMS, default="message"))
_TOOL = by_type(
    {
        "function": record(
            {
                "name": text(64, 1),
                "description": text(),
                "parameters": _OBJECT,
                "strict": boolean,
            },
            ("name",),
        )
    }
)
_FORMAT = by_word(
    "type",
    {
        "text": _OBJECT,
        "json_object": _OBJECT,
        "json_schema": record(
            {"name": text(64, 1), "schema": _OBJECT, "description": text(), "strict": boolean},
            ("name", "schema"),
        ),
    },
)
_TOOL_CHOICE = either(
    "a string or an object",
    {
        str: choice("none", "auto", "required"),
        dict: by_type({"function": record({"name": text(64, 1)}, ("name",))}),
    },
)


_SAID = {
    "required": ["input"],
    "properties": {"input": {"type": ["string", "array"], "minLength": 1, "minItems": 1}},
}
_CONTINUED = {
    "required": ["previous_response_id"],
    "properties": {"previous_response_id": {"type": "string"}},
}


def response_check(items_max: int) -> Check:
    """Make the check of a body, which raises ApiError naming the parameter at fault."""
    fields: dict[str, Check] = {
        "model": text(128, 1),
        "input": either("a string or an array", {str: anything, list: array(_ITEM, items_max)}),
        "instructions": text(),
        "max_output_tokens": integer(1),
        "max_tool_calls": integer(1),
        "temperature": decimal(0, 2),
        "top_p": decimal(0, 1),
        "top_logprobs": integer(0, 20),
        "tools": array(_TOOL, 1_024),
        "tool_choice": _TOOL_CHOICE,
        "parallel_tool_calls": boolean,
        "text": record({"format": _FORMAT, "verbosity": text(64)}, closed=True),
        "reasoning": record(
            {
                "effort": text(64),
                "summary": choice("auto", "concise", "detailed"),
                "generate_summary": choice("auto", "concise", "detailed"),
            },
            closed=True,
        ),
        "include": array(text(128), 64),
        "metadata": METADATA,
        "stream": boolean,
        "stream_options": record({"include_obfuscation": boolean}, closed=True),
        "store": boolean,
        "previous_response_id": text(128, 1),
        "truncation": choice("auto", "disabled"),
        "background": boolean,
        "user": text(512),
        "safety_identifier": text(512),
        "prompt_cache_key": text(512),
        "prompt_cache_retention": text(64),
        "service_tier": text(64),
        "client_metadata": _OBJECT,
        "conversation": unserved,
        "prompt": unserved,
        "context_management": unserved,
        "moderation": unserved,
        "prompt_cache_options": unserved,
        "grid": preferences.CHECK,
    }
    body = record(fields, ("model",), closed=True)

    @described({**body.schema, "anyOf": [_SAID, _CONTINUED]})
    def check(value: Any, path: str) -> None:
        if type(value) is not dict:
            raise ApiError(400, 'The body must be a JSON object such as {"model": …, "input": …}.')
        body.refuse(value, path)
        if not value.get("input") and not value.get("previous_response_id"):
            raise missing("input")
        no_stray_stream_options(value)

    return component("ResponseRequest", check)
