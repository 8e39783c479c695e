"""A request of Anthropic's Messages as the body of a chat completion.

Every field is honoured, carried, or refused by name; answers are made in `events.py`. Bodies are
taken to have the shapes of the schema.
"""

from collections.abc import Mapping
from typing import Any

from thegrid.anthropic.messages import chat_messages, content_of
from thegrid.openai.errors import FieldRefused

_SAME = ("model", "temperature", "top_p", "top_k", "stream", "grid")
_TOOL_HINTS = ("type", "name", "description", "input_schema", "strict", "cache_control")
_TOOL_UNDEMANDING = ("eager_input_streaming",)
_CHOICES = {"auto": "auto", "any": "required", "none": "none"}
_NO_COUNTERPART = {
    "container": "containers are run by nobody here",
    "mcp_servers": "tools of servers are called by nobody here; call them from the client",
    "user_profile_id": "there are no user profiles here; use metadata.user_id",
    "diagnostics": "prompt caches are the suppliers' own affair",
    "compaction": "the context is not edited here; send the messages that are meant",
    "fallbacks": "a model is an instrument here, and its suppliers stand in for each other",
    "fallback_credit_token": "nothing is credited between models here",
    "billing_policy": "a call is billed to its key",
}
_NO_THREAD = {"error_code": "thread_unsupported_request", "unsupported": ["thread"]}
"""By this the client's own loops know that they may send the whole conversation instead."""
_FAST = "standard"


def to_chat(body: Mapping[str, Any]) -> dict[str, Any]:
    """Answer the chat completion that a Messages request asks for. Raises FieldRefused."""
    given = {key: value for key, value in body.items() if value is not None}
    for name, why in _NO_COUNTERPART.items():
        if given.get(name):
            raise FieldRefused(name, f"'{name}' cannot be honoured: {why}.")
    if given.get("thread"):
        why = "'thread' cannot be honoured: conversations are not kept here; send all messages."
        raise FieldRefused("thread", why, _NO_THREAD)
    chat = {name: given[name] for name in _SAME if name in given}
    chat["messages"] = _system(given.get("system")) + chat_messages(given["messages"])
    if "max_tokens" in given:
        chat["max_completion_tokens"] = given["max_tokens"]
    if given.get("stop_sequences"):
        chat["stop"] = list(given["stop_sequences"])
    if given.get("tools"):
        chat["tools"] = [
            _tool(tool, f"tools[{position}]") for position, tool in enumerate(given["tools"])
        ]
    chat |= _choice(given.get("tool_choice"))
    chat |= _effort(given.get("thinking"), given.get("output_config"))
    chat |= _person(given)
    _refuse_management(given.get("context_management"))
    return chat


def _system(value: Any) -> list[dict[str, Any]]:
    if not value:
        return []
    return [{"role": "system", "content": content_of(value, "system")}]


def _tool(tool: Mapping[str, Any], path: str) -> dict[str, Any]:
    kind = tool.get("type") or "custom"
    if kind != "custom":
        raise FieldRefused(
            f"{path}.type",
            f"Tools of the type '{kind}' cannot be honoured; only custom tools are, which the"
            " client runs.",
        )
    function = {
        "name": tool["name"],
        "description": tool.get("description"),
        "parameters": tool.get("input_schema"),
        "strict": tool.get("strict"),
    }
    for name, value in tool.items():
        if name not in _TOOL_HINTS and name not in _TOOL_UNDEMANDING and value:
            _allow_direct(name, value, path)
    known = {key: value for key, value in function.items() if value is not None}
    return {"type": "function", "function": known}


def _allow_direct(name: str, value: Any, path: str) -> None:
    if name != "allowed_callers" or value != ["direct"]:
        raise FieldRefused(f"{path}.{name}", f"'{path}.{name}' cannot be honoured.")


def _choice(choice: Mapping[str, Any] | None) -> dict[str, Any]:
    if not choice:
        return {}
    kind = choice["type"]
    chosen: Any = _CHOICES.get(kind)
    if kind == "tool":
        chosen = {"type": "function", "function": {"name": choice["name"]}}
    elif chosen is None:
        raise FieldRefused("tool_choice.type", f"'{kind}' is no way to choose a tool.")
    if choice.get("disable_parallel_tool_use"):
        return {"tool_choice": chosen, "parallel_tool_calls": False}
    return {"tool_choice": chosen}


def _effort(thinking: Mapping[str, Any] | None, output: Mapping[str, Any] | None) -> dict[str, Any]:
    """Answer the effort, which budgets of thinking become as well, and the output's format."""
    chat: dict[str, Any] = {}
    if thinking and thinking["type"] == "enabled":
        budget_tokens = thinking["budget_tokens"]
        chat["reasoning_effort"] = _level(budget_tokens)
    elif thinking and thinking["type"] not in ("disabled", "adaptive"):
        raise FieldRefused(
            "thinking.type", f"Thinking of the type '{thinking['type']}' cannot be honoured."
        )
    output = output or {}
    for name, value in output.items():
        if name == "effort" and value:
            chat["reasoning_effort"] = value
        elif name == "format" and value:
            chat["response_format"] = _format(value)
        elif value is not None:
            raise FieldRefused(f"output_config.{name}", f"'{name}' cannot be honoured.")
    return chat


def _level(budget_tokens: int) -> str:
    if budget_tokens < 4_096:
        return "low"
    return "medium" if budget_tokens < 16_384 else "high"


def _format(value: Mapping[str, Any]) -> dict[str, Any]:
    if value.get("type") != "json_schema":
        raise FieldRefused("output_config.format.type", "Only 'json_schema' is a format.")
    schema = {"name": "output", "schema": value.get("schema") or {}, "strict": True}
    return {"type": "json_schema", "json_schema": schema}


def _person(given: Mapping[str, Any]) -> dict[str, Any]:
    chat: dict[str, Any] = {}
    user_id = (given.get("metadata") or {}).get("user_id")
    if user_id:
        chat["user"] = user_id
    if given.get("service_tier"):
        chat["service_tier"] = "auto" if given["service_tier"] == "auto" else "default"
    for name, common in (("speed", _FAST), ("inference_geo", "global")):
        if given.get(name, common) != common:
            raise FieldRefused(
                name, f"'{name}' cannot be honoured; leave it out, or choose another instrument."
            )
    return chat


def _refuse_management(value: Mapping[str, Any] | None) -> None:
    """Editing of the context is refused unless it asks to keep everything."""
    for position, edit in enumerate((value or {}).get("edits") or ()):
        if not str(edit.get("type", "")).startswith("clear_thinking") or edit.get("keep") != "all":
            raise FieldRefused(
                f"context_management.edits[{position}]",
                "The context is not edited here; send the messages that are meant.",
            )
