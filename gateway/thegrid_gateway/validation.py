"""What a chat completion may ask: the gateway's check of OpenAI's schema, field by field.

Unknown fields pass untouched; whether a supplier honours a field is the exchange's word.
"""

from typing import Any

from thegrid_gateway import preferences
from thegrid_gateway.errors import ApiError
from thegrid_gateway.fields import (
    Check,
    anything,
    array,
    boolean,
    choice,
    decimal,
    either,
    integer,
    invalid,
    record,
    text,
)

_OBJECT = record({})
_TOKENS = integer(1)

_PART = record(
    {
        "type": text(64, 1),
        "text": text(),
        "refusal": text(),
        "image_url": record({"url": text(length_min=1), "detail": text(64)}, ("url",)),
        "input_audio": _OBJECT,
        "file": _OBJECT,
    },
    ("type",),
)
_FUNCTION_CALL = record({"name": text(256), "arguments": text()}, ("name", "arguments"))
_TOOL_CALL = record(
    {"id": text(), "type": text(64), "function": _FUNCTION_CALL, "custom": _OBJECT}, ("id", "type")
)
_MESSAGE = record(
    {
        "role": choice("system", "developer", "user", "assistant", "tool", "function"),
        "content": either("a string or an array", {str: anything, list: array(_PART, 4_096, 1)}),
        "name": text(256),
        "tool_calls": array(_TOOL_CALL, 1_024),
        "tool_call_id": text(1_024),
        "refusal": text(),
        "reasoning_content": text(),
        "audio": _OBJECT,
        "function_call": _FUNCTION_CALL,
    },
    ("role",),
)
_FUNCTION = record(
    {"name": text(64, 1), "description": text(), "parameters": _OBJECT, "strict": boolean},
    ("name",),
)
_TOOL = record({"type": text(64, 1), "function": _FUNCTION, "custom": _OBJECT}, ("type",))
_JSON_SCHEMA = record(
    {"name": text(64, 1), "description": text(), "schema": _OBJECT, "strict": boolean}, ("name",)
)
_RESPONSE_FORMAT = record(
    {"type": choice("text", "json_object", "json_schema"), "json_schema": _JSON_SCHEMA}, ("type",)
)


def _needs(message: dict[str, Any], key: str, path: str) -> None:
    if message.get(key) is None:
        raise invalid(
            f"{path}.{key}",
            f"Missing parameter '{key}': messages with role '{message['role']}' must have one.",
            "missing_required_parameter",
        )


def _message(value: Any, path: str) -> None:
    _MESSAGE(value, path)
    role = value["role"]
    if role == "tool":
        _needs(value, "tool_call_id", path)
    if role == "assistant":
        said = ("content", "tool_calls", "refusal", "function_call", "audio")
        if all(value.get(key) is None for key in said):
            _needs(value, "content", path)
    else:
        _needs(value, "content", path)


def request_check(messages_max: int) -> Check:
    """Make the check of a whole body, which raises ApiError naming the parameter at fault."""
    fields: dict[str, Check] = {
        "model": text(128, 1),
        "messages": array(_message, messages_max, 1),
        "tools": array(_TOOL, 1_024),
        "tool_choice": either("a string or an object", {str: anything, dict: anything}),
        "parallel_tool_calls": boolean,
        "temperature": decimal(0, 2),
        "top_p": decimal(0, 1),
        "n": integer(1, 128),
        "stop": either("a string or an array", {str: anything, list: array(text(), 4)}),
        "max_tokens": _TOKENS,
        "max_completion_tokens": _TOKENS,
        "presence_penalty": decimal(-2, 2),
        "frequency_penalty": decimal(-2, 2),
        "logit_bias": _OBJECT,
        "seed": integer(),
        "logprobs": boolean,
        "top_logprobs": integer(0, 20),
        "response_format": _RESPONSE_FORMAT,
        "reasoning_effort": text(64),
        "verbosity": text(64),
        "service_tier": text(64),
        "store": boolean,
        "metadata": _OBJECT,
        "user": text(512),
        "safety_identifier": text(512),
        "prompt_cache_key": text(512),
        "stream": boolean,
        "stream_options": record({"include_usage": boolean}),
        "modalities": array(text(64), 16),
        "prediction": _OBJECT,
        "functions": array(_FUNCTION, 1_024),
        "grid": preferences.CHECK,
    }
    body = record(fields, ("model", "messages"))

    def check(value: Any, path: str) -> None:
        if type(value) is not dict:
            raise ApiError(
                400, 'The body must be a JSON object such as {"model": …, "messages": […]}.'
            )
        body(value, path)
        _together(value)

    return check


def _together(body: dict[str, Any]) -> None:
    """Refuse fields that have no meaning side by side."""
    if body.get("stream_options") is not None and not body.get("stream"):
        raise invalid(
            "stream_options",
            "The 'stream_options' parameter is only allowed when 'stream' is enabled.",
            "invalid_parameter_combination",
        )
    if body.get("max_tokens") is not None and body.get("max_completion_tokens") is not None:
        raise invalid(
            "max_tokens",
            "Setting 'max_tokens' and 'max_completion_tokens' at the same time is not supported.",
            "invalid_parameter_combination",
        )
    if body.get("top_logprobs") is not None and not body.get("logprobs"):
        raise invalid(
            "top_logprobs",
            "The 'top_logprobs' parameter is only allowed when 'logprobs' is enabled.",
            "invalid_parameter_combination",
        )
