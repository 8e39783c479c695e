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
    choice,
    decimal,
    either,
    integer,
    invalid,
    missing,
    record,
    text,
)

_OBJECT = record({})
_PART = by_type(
    {
        "input_text": record({"text": text()}, ("text",)),
        "output_text": record({"text": text()}, ("text",)),
        "text": record({"text": text()}, ("text",)),
        "refusal": record({"refusal": text()}, ("refusal",)),
        "input_image": record({"image_url": text(length_min=1), "detail": text(64)}),
    }
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
_ITEM = by_type(_ITEMS, default="message")
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
_FORMAT = by_type(
    {
        "json_schema": record(
            {"name": text(64, 1), "schema": _OBJECT, "description": text(), "strict": boolean},
            ("name", "schema"),
        )
    }
)


def _format(value: Any, path: str) -> None:
    _FORMAT(value, path)
    choice("text", "json_object", "json_schema")(value["type"], f"{path}.type")


def _tool_choice(value: Any, path: str) -> None:
    if type(value) is str:
        choice("none", "auto", "required")(value, path)
    else:
        by_type({"function": record({"name": text(64, 1)}, ("name",))})(value, path)


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
        "tool_choice": _tool_choice,
        "parallel_tool_calls": boolean,
        "text": record({"format": _format, "verbosity": text(64)}, closed=True),
        "reasoning": record(
            {
                "effort": text(64),
                "summary": choice("auto", "concise", "detailed"),
                "generate_summary": choice("auto", "concise", "detailed"),
            },
            closed=True,
        ),
        "include": array(text(128), 64),
        "metadata": _metadata,
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
        "conversation": anything,
        "prompt": anything,
        "context_management": anything,
        "moderation": anything,
        "prompt_cache_options": anything,
        "grid": preferences.CHECK,
    }
    body = record(fields, ("model",), closed=True)

    def check(value: Any, path: str) -> None:
        if type(value) is not dict:
            raise ApiError(400, 'The body must be a JSON object such as {"model": …, "input": …}.')
        body(value, path)
        if not value.get("input") and not value.get("previous_response_id"):
            raise missing("input")
        if value.get("stream_options") is not None and not value.get("stream"):
            raise invalid(
                "stream_options",
                "The 'stream_options' parameter is only allowed when 'stream' is enabled.",
                "invalid_parameter_combination",
            )

    return check


def _metadata(value: Any, path: str) -> None:
    _OBJECT(value, path)
    if len(value) > 16:
        raise invalid(path, f"Invalid '{path}': at most 16 pairs, but got {len(value)}.")
    for key, item in value.items():
        text(64)(key, f"{path}.{key}")
        text(512)(item, f"{path}.{key}")
