"""What a request of Anthropic's Messages may ask: the check of its schema, field by field.

What each field then means is in `thegrid.anthropic`; unknown fields are refused by name.
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
    component,
    decimal,
    described,
    either,
    integer,
    invalid,
    record,
    text,
    unserved,
)

_OBJECT = record({})
_CACHE = record({"type": choice("ephemeral"), "ttl": text(16)}, ("type",))
_CITATIONS = record({"enabled": boolean})
_DEEPEST = 4


def _source(blocks: Check) -> Check:
    kinds: dict[str, Check] = {
        "base64": record({"media_type": text(128, 1), "data": text(length_min=1)}, _MEDIA),
        "url": record({"url": text(length_min=1)}, ("url",)),
        "text": record({"data": text(), "media_type": text(128)}, ("data",)),
        "content": record({"content": blocks}, ("content",)),
    }
    return by_type(kinds)


_MEDIA = ("media_type", "data")


def _block(depth: int) -> Check:
    """Take one block of content; blocks may hold blocks, to a depth."""
    if not depth:
        return _too_deep
    inner = either("a string or an array", {str: anything, list: array(_block(depth - 1), 4_096)})
    source = _source(inner)
    marked = {"cache_control": _CACHE, "citations": anything}
    kinds: dict[str, Check] = {
        "text": record({"text": text(), **marked}, ("text",)),
        "image": record({"source": source, **marked}, ("source",)),
        "document": record(
            {
                "source": source,
                "title": text(),
                "context": text(),
                "cache_control": _CACHE,
                "citations": _CITATIONS,
            },
            ("source",),
        ),
        "search_result": record(
            {
                "title": text(),
                "source": text(),
                "content": inner,
                "cache_control": _CACHE,
                "citations": _CITATIONS,
            },
            ("title", "source", "content"),
        ),
        "tool_use": record(
            {"id": text(256, 1), "name": text(256, 1), "input": _OBJECT, **marked},
            ("id", "name", "input"),
        ),
        "tool_result": record(
            {"tool_use_id": text(256, 1), "content": inner, "is_error": boolean, **marked},
            ("tool_use_id",),
        ),
        "thinking": record({"thinking": text(), "signature": text()}, ("thinking",)),
        "redacted_thinking": record({"data": text()}, ("data",)),
    }
    return component(f"MessageBlock{_DEEPEST - depth}", by_type(kinds))


@described({"not": {}})
def _too_deep(value: Any, path: str) -> None:
    raise invalid(path, f"'{path}' is nested more than {_DEEPEST} blocks deep.")


_CONTENT = either("a string or an array", {str: anything, list: array(_block(_DEEPEST), 4_096)})
_MESSAGE = record(
    {"role": choice("user", "assistant", "system"), "content": _CONTENT}, ("role", "content")
)
_TOOL = record(
    {
        "type": text(64),
        "name": text(128, 1),
        "description": text(),
        "input_schema": _OBJECT,
        "strict": boolean,
        "cache_control": _CACHE,
        "eager_input_streaming": boolean,
    },
    ("name",),
)
_THINKING = record(
    {
        "type": text(64, 1),
        "budget_tokens": integer(1_024),
        "display": choice("summarized", "omitted"),
    },
    ("type",),
)
_EDITS = record({"edits": array(record({"type": text(64, 1)}, ("type",)), 64)})


def message_check(messages_max: int, *, is_count: bool = False) -> Check:
    """Make the check of a body, which raises ApiError naming the parameter at fault.

    The body of a count has the same fields and needs no `max_tokens`.
    """
    fields: dict[str, Check] = {
        "model": text(128, 1),
        "messages": array(_MESSAGE, messages_max, 1),
        "max_tokens": integer(1),
        "system": either("a string or an array", {str: anything, list: array(_block(1), 4_096)}),
        "tools": array(_TOOL, 1_024),
        "tool_choice": record(
            {
                "type": choice("auto", "any", "tool", "none"),
                "name": text(128, 1),
                "disable_parallel_tool_use": boolean,
            },
            ("type",),
        ),
        "stop_sequences": array(text(length_min=1), 64),
        "stream": boolean,
        "temperature": decimal(0, 1),
        "top_p": decimal(0, 1),
        "top_k": integer(0),
        "metadata": record({"user_id": text(1_024)}),
        "service_tier": choice("auto", "standard_only"),
        "thinking": _THINKING,
        "output_config": _OBJECT,
        "cache_control": _CACHE,
        "context_management": _EDITS,
        "speed": text(64),
        "inference_geo": text(64),
        "container": unserved,
        "mcp_servers": unserved,
        "user_profile_id": unserved,
        "diagnostics": unserved,
        "thread": unserved,
        "compaction": unserved,
        "fallbacks": unserved,
        "fallback_credit_token": unserved,
        "billing_policy": unserved,
        "grid": preferences.CHECK,
    }
    required = ("model", "messages") if is_count else ("model", "messages", "max_tokens")
    body = record(fields, required, closed=True)

    @described(body.schema)
    def check(value: Any, path: str) -> None:
        if type(value) is not dict:
            raise ApiError(
                400,
                'The body must be a JSON object such as {"model": …, "max_tokens": …, "messages":'
                " […]}.",
            )
        body.refuse(value, path)
        _together(value)

    return component("CountTokensRequest" if is_count else "MessageRequest", check)


def _together(body: dict[str, Any]) -> None:
    """Refuse fields that lack what they need beside them."""
    chosen = body.get("tool_choice") or {}
    if chosen.get("type") == "tool" and not chosen.get("name"):
        raise invalid("tool_choice.name", "Missing required parameter: 'tool_choice.name'.")
    thinking = body.get("thinking") or {}
    if thinking.get("type") == "enabled":
        budget_tokens = thinking.get("budget_tokens")
        if budget_tokens is None:
            raise invalid("thinking.budget_tokens", "Missing 'thinking.budget_tokens'.")
        if budget_tokens >= body.get("max_tokens", budget_tokens + 1):
            raise invalid(
                "thinking.budget_tokens",
                "Invalid 'thinking.budget_tokens': it must be less than 'max_tokens'.",
            )
