"""Which key of OpenAI's chat completions lies in which field of `thegrid.v1`: the one table.

How a value is carried, and what happens to keys that stand in no table, is in `mapping.py`.
"""

from collections.abc import Mapping
from typing import Any

from thegrid.openai.mapping import (
    Reader,
    Shape,
    Writer,
    boolean,
    integer,
    nested,
    number,
    repeated,
    text,
    verbatim,
)
from thegrid.v1 import chat_pb2

_DETAILS = (
    ("prompt_tokens_details", "cached_tokens"),
    ("completion_tokens_details", "reasoning_tokens"),
)

IMAGE_URL = Shape(chat_pb2.ImageUrl, {"url": ("url", text), "detail": ("detail", text)})

CONTENT_PART = Shape(
    chat_pb2.ContentPart,
    {
        "type": ("type", text),
        "text": ("text", text),
        "image_url": ("image_url", nested(IMAGE_URL)),
        "refusal": ("refusal", text),
    },
)

FUNCTION_CALL = Shape(
    chat_pb2.FunctionCall, {"name": ("name", text), "arguments": ("arguments", text)}
)

TOOL_CALL = Shape(
    chat_pb2.ToolCall,
    {
        "index": ("index", integer),
        "id": ("id", text),
        "type": ("type", text),
        "function": ("function", nested(FUNCTION_CALL)),
    },
)


def _content(name: str) -> tuple[Reader, Writer]:
    read_text, write_text = text(name)

    def read(message: Any, value: Any) -> bool:
        if type(value) is not list:
            return read_text(message, value)
        if any(type(part) is not dict for part in value):
            return False
        message.parts.SetInParent()
        for part in value:
            CONTENT_PART.read(part, message.parts.parts.add())
        return True

    return read, write_text


def _write_parts(value: Any) -> list[dict[str, Any]]:
    return [CONTENT_PART.write(part) for part in value.parts]


CHAT_MESSAGE = Shape(
    chat_pb2.ChatMessage,
    {
        "role": ("role", text),
        "content": ("text", _content),
        "name": ("name", text),
        "tool_calls": ("tool_calls", repeated(TOOL_CALL)),
        "tool_call_id": ("tool_call_id", text),
        "refusal": ("refusal", text),
        "reasoning_content": ("reasoning", text),
    },
)
CHAT_MESSAGE.alternative("parts", "content", chat_pb2.ChatMessage, _write_parts)


def _stop(name: str) -> tuple[Reader, Writer]:
    def read(message: Any, value: Any) -> bool:
        stop = chat_pb2.Stop()
        try:
            if type(value) is str:
                stop.text = value
            elif type(value) is list and all(type(item) is str for item in value):
                stop.sequences.SetInParent()
                stop.sequences.sequences.extend(value)
            else:
                return False
        except ValueError:  # a lone surrogate
            return False
        getattr(message, name).CopyFrom(stop)
        return True

    def write(value: Any) -> Any:
        if value.WhichOneof("value") == "text":
            return value.text
        return list(value.sequences.sequences)

    return read, write


FUNCTION_DEFINITION = Shape(
    chat_pb2.FunctionDefinition,
    {
        "name": ("name", text),
        "description": ("description", text),
        "parameters": ("parameters_json", verbatim(dict)),
        "strict": ("strict", boolean),
    },
)

TOOL = Shape(
    chat_pb2.Tool,
    {"type": ("type", text), "function": ("function", nested(FUNCTION_DEFINITION))},
)

JSON_SCHEMA = Shape(
    chat_pb2.JsonSchema,
    {
        "name": ("name", text),
        "description": ("description", text),
        "schema": ("schema_json", verbatim(dict)),
        "strict": ("strict", boolean),
    },
)

RESPONSE_FORMAT = Shape(
    chat_pb2.ResponseFormat,
    {"type": ("type", text), "json_schema": ("json_schema", nested(JSON_SCHEMA))},
)

CHAT_REQUEST = Shape(
    chat_pb2.ChatRequest,
    {
        "model": ("model", text),
        "messages": ("messages", repeated(CHAT_MESSAGE)),
        "tools": ("tools", repeated(TOOL)),
        "tool_choice": ("tool_choice_json", verbatim(str, dict)),
        "parallel_tool_calls": ("parallel_tool_calls", boolean),
        "temperature": ("temperature", number),
        "top_p": ("top_p", number),
        "n": ("n", integer),
        "stop": ("stop", _stop),
        "max_tokens": ("max_tokens", integer),
        "max_completion_tokens": ("max_completion_tokens", integer),
        "presence_penalty": ("presence_penalty", number),
        "frequency_penalty": ("frequency_penalty", number),
        "logit_bias": ("logit_bias_json", verbatim(dict)),
        "seed": ("seed", integer),
        "logprobs": ("logprobs", boolean),
        "top_logprobs": ("top_logprobs", integer),
        "response_format": ("response_format", nested(RESPONSE_FORMAT)),
        "reasoning_effort": ("reasoning_effort", text),
        "verbosity": ("verbosity", text),
        "service_tier": ("service_tier", text),
        "store": ("store", boolean),
        "metadata": ("metadata_json", verbatim(dict)),
        "user": ("user", text),
        "safety_identifier": ("safety_identifier", text),
        "prompt_cache_key": ("prompt_cache_key", text),
        "stream": ("stream", boolean),
        "stream_options": ("stream_options_json", verbatim(dict)),
        "modalities": ("modalities_json", verbatim(list)),
        "prediction": ("prediction_json", verbatim(dict)),
        "prompt": ("prompt_json", verbatim(str, list)),
        "suffix": ("suffix", text),
    },
)


class UsageShape(Shape):
    """Usage, of whose details two counts have fields and the rest stays verbatim."""

    def read(self, value: Mapping[str, Any], message: Any) -> None:
        """Fill `message` from the JSON object `value`."""
        rest = dict(value)
        for outer, inner in _DETAILS:
            details = rest.get(outer)
            if type(details) is dict and integer(inner)[0](message, details.get(inner)):
                others = {key: item for key, item in details.items() if key != inner}
                if others:
                    rest[outer] = others
                else:
                    del rest[outer]
        super().read(rest, message)

    def write(self, message: Any) -> dict[str, Any]:
        """Answer the JSON object that lies in `message`."""
        out = super().write(message)
        for outer, inner in _DETAILS:
            if message.HasField(inner):
                others = out.get(outer)
                others = others if type(others) is dict else {}
                out[outer] = {**others, inner: getattr(message, inner)}
        return out


CHAT_USAGE = UsageShape(
    chat_pb2.ChatUsage,
    {
        "prompt_tokens": ("prompt_tokens", integer),
        "completion_tokens": ("completion_tokens", integer),
        "total_tokens": ("total_tokens", integer),
    },
)

CHAT_CHOICE = Shape(
    chat_pb2.ChatChoice,
    {
        "index": ("index", integer),
        "message": ("message", nested(CHAT_MESSAGE)),
        "delta": ("delta", nested(CHAT_MESSAGE)),
        "finish_reason": ("finish_reason", text),
        "logprobs": ("logprobs_json", verbatim(dict)),
    },
)

CHAT_REPLY = Shape(
    chat_pb2.ChatReply,
    {
        "id": ("id", text),
        "object": ("object", text),
        "created": ("created", integer),
        "model": ("model", text),
        "choices": ("choices", repeated(CHAT_CHOICE)),
        "usage": ("usage", nested(CHAT_USAGE)),
        "system_fingerprint": ("system_fingerprint", text),
        "service_tier": ("service_tier", text),
    },
)
