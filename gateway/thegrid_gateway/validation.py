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
    by_type,
    by_word,
    choice,
    component,
    decimal,
    described,
    either,
    integer,
    invalid,
    mapping,
    missing,
    record,
    text,
)

OBJECT = record({})
TOKENS = integer(1)
METADATA = mapping(text(512), 16, text(64))
STOP = either("a string or an array", {str: anything, list: array(text(), 4)})
STREAM_OPTIONS = record({"include_usage": boolean, "include_obfuscation": boolean})
LOGIT_BIAS = mapping(decimal(-100, 100), 1_024)

_PART = component(
    "ContentPart",
    by_type(
        {
            "text": record({"text": text()}, ("text",)),
            "image_url": record(
                {"image_url": record({"url": text(length_min=1), "detail": text(64)}, ("url",))},
                ("image_url",),
            ),
            "refusal": record({"refusal": text()}, ("refusal",)),
        }
    ),
)
_CONTENT = either("a string or an array", {str: anything, list: array(_PART, 4_096, 1)})
_NAMED = record({"name": text(256, 1)}, ("name",))
_FUNCTION_CALL = record({"name": text(256), "arguments": text()}, ("name", "arguments"))
_TOOL_CALL = record(
    {"id": text(), "type": text(64), "function": _FUNCTION_CALL, "custom": OBJECT}, ("id", "type")
)
_SAID = ("content", "tool_calls", "refusal", "function_call", "audio")
_ASSISTANT = record(
    {
        "content": _CONTENT,
        "name": text(256),
        "tool_calls": array(_TOOL_CALL, 1_024),
        "refusal": text(),
        "reasoning_content": text(),
        "audio": OBJECT,
        "function_call": _FUNCTION_CALL,
    }
)
_ASSISTANT_SCHEMA = {
    **_ASSISTANT.schema,
    "anyOf": [{"required": [key], "properties": {key: {"not": {"type": "null"}}}} for key in _SAID],
}


@described(_ASSISTANT_SCHEMA)
def _assistant(value: Any, path: str) -> None:
    _ASSISTANT.refuse(value, path)
    if all(value.get(key) is None for key in _SAID):
        raise missing(f"{path}.content")


_SPOKEN = {"content": _CONTENT, "name": text(256)}
_MESSAGE = component(
    "ChatMessage",
    by_word(
        "role",
        {
            "system": record(_SPOKEN, ("content",)),
            "developer": record(_SPOKEN, ("content",)),
            "user": record(_SPOKEN, ("content",)),
            "assistant": _assistant,
            "tool": record({**_SPOKEN, "tool_call_id": text(1_024)}, ("content", "tool_call_id")),
            "function": record(_SPOKEN, ("content",)),
        },
    ),
)
_FUNCTION = record(
    {"name": text(64, 1), "description": text(), "parameters": OBJECT, "strict": boolean},
    ("name",),
)
_TOOL = by_type(
    {
        "function": record({"function": _FUNCTION}, ("function",)),
        "custom": record(
            {"custom": record({"name": text(64, 1), "description": text()}, ("name",))},
            ("custom",),
        ),
    }
)
_ALLOWED = record({"mode": choice("auto", "required"), "tools": array(OBJECT, 1_024)}, ("mode",))
_TOOL_CHOICE = either(
    "a string or an object",
    {
        str: choice("none", "auto", "required"),
        dict: by_type(
            {
                "function": record({"function": _NAMED}, ("function",)),
                "custom": record({"custom": _NAMED}, ("custom",)),
                "allowed_tools": record({"allowed_tools": _ALLOWED}, ("allowed_tools",)),
            }
        ),
    },
)
_JSON_SCHEMA = record(
    {"name": text(64, 1), "description": text(), "schema": OBJECT, "strict": boolean}, ("name",)
)
_RESPONSE_FORMAT = by_word(
    "type",
    {
        "text": OBJECT,
        "json_object": OBJECT,
        "json_schema": record({"json_schema": _JSON_SCHEMA}, ("json_schema",)),
    },
)
_PREDICTION = record(
    {
        "type": choice("content"),
        "content": either("a string or an array", {str: anything, list: array(_PART, 4_096)}),
    },
    ("type", "content"),
)
_WEB_SEARCH = record(
    {"search_context_size": choice("low", "medium", "high"), "user_location": OBJECT}
)


def chat_fields(messages_max: int) -> dict[str, Check]:
    """Answer every field of a chat completion's body with its check."""
    return {
        "model": text(128, 1),
        "messages": array(_MESSAGE, messages_max, 1),
        "audio": record({"voice": anything, "format": text(64, 1)}, ("voice", "format")),
        "frequency_penalty": decimal(-2, 2),
        "function_call": either(
            "a string or an object", {str: choice("none", "auto"), dict: _NAMED}
        ),
        "functions": array(_FUNCTION, 128),
        "logit_bias": LOGIT_BIAS,
        "logprobs": boolean,
        "max_completion_tokens": TOKENS,
        "max_tokens": TOKENS,
        "metadata": METADATA,
        "modalities": array(text(64), 16),
        "moderation": record({"model": text(128, 1), "policy": OBJECT}, ("model",)),
        "n": integer(1, 128),
        "parallel_tool_calls": boolean,
        "prediction": _PREDICTION,
        "presence_penalty": decimal(-2, 2),
        "prompt_cache_key": text(512),
        "prompt_cache_options": record({"mode": text(64), "ttl": text(64)}),
        "prompt_cache_retention": text(64),
        "reasoning_effort": text(64),
        "response_format": _RESPONSE_FORMAT,
        "safety_identifier": text(512),
        "seed": integer(),
        "service_tier": text(64),
        "stop": STOP,
        "store": boolean,
        "stream": boolean,
        "stream_options": STREAM_OPTIONS,
        "temperature": decimal(0, 2),
        "tool_choice": _TOOL_CHOICE,
        "tools": array(_TOOL, 1_024),
        "top_logprobs": integer(0, 20),
        "top_p": decimal(0, 1),
        "user": text(512),
        "verbosity": choice("low", "medium", "high"),
        "web_search_options": _WEB_SEARCH,
        "grid": preferences.CHECK,
    }


def request_check(messages_max: int) -> Check:
    """Make the check of a whole body, which raises ApiError naming the parameter at fault."""
    body = record(chat_fields(messages_max), ("model", "messages"))

    @described(body.schema)
    def check(value: Any, path: str) -> None:
        if type(value) is not dict:
            raise ApiError(
                400, 'The body must be a JSON object such as {"model": …, "messages": […]}.'
            )
        body.refuse(value, path)
        _together(value)

    return component("ChatCompletionRequest", check)


def no_stray_stream_options(body: dict[str, Any]) -> None:
    """Refuse options of a stream where none is asked for."""
    if body.get("stream_options") is not None and not body.get("stream"):
        raise invalid(
            "stream_options",
            "The 'stream_options' parameter is only allowed when 'stream' is enabled.",
            "invalid_parameter_combination",
        )


def _together(body: dict[str, Any]) -> None:
    """Refuse fields that have no meaning side by side."""
    no_stray_stream_options(body)
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
