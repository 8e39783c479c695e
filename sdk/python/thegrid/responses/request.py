"""A request of OpenAI's Responses as the body of a chat completion.

Every field is honoured, carried, or refused by name; answers are made in `events.py`. Bodies are
taken to have the shapes of the schema; whether anything is stored is not known here.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from thegrid.openai.errors import FieldRefused
from thegrid.responses.items import chat_messages

ENCRYPTED_REASONING = "reasoning.encrypted_content"
LOGPROBS = "message.output_text.logprobs"

_SAME = (
    "model",
    "temperature",
    "top_p",
    "stream",
    "parallel_tool_calls",
    "user",
    "safety_identifier",
    "prompt_cache_key",
    "prompt_cache_retention",
    "service_tier",
    "grid",
)
_NO_COUNTERPART = {
    "background": "answers are given to who waits for them; leave it out, or set it to false",
    "conversation": "conversations are not kept; send the items that are meant",
    "prompt": "templates of prompts are not kept; send the text",
    "context_management": "the context is not edited here; send the items that are meant",
    "moderation": "nothing is moderated here",
    "prompt_cache_options": "prompt caches are the suppliers' own affair",
}


def to_chat(body: Mapping[str, Any], earlier: Sequence[Mapping[str, Any]] = ()) -> dict[str, Any]:
    """Answer the chat completion that a request asks for; `earlier` items stand before its own.

    Raises FieldRefused.
    """
    given = {key: value for key, value in body.items() if value is not None}
    for name, why in _NO_COUNTERPART.items():
        if given.get(name):
            raise FieldRefused(name, f"'{name}' cannot be honoured: {why}.")
    if given.get("truncation", "disabled") != "disabled":
        raise FieldRefused("truncation", "Nothing is cut here; only 'disabled' can be honoured.")
    if (given.get("stream_options") or {}).get("include_obfuscation"):
        raise FieldRefused(
            "stream_options.include_obfuscation", "Streams are not padded here; leave it out."
        )
    chat = {name: given[name] for name in _SAME if name in given}
    instructions = given.get("instructions")
    first = [{"role": "system", "content": instructions}] if instructions else []
    chat["messages"] = first + chat_messages([*earlier, *input_items(given)])
    if "max_output_tokens" in given:
        chat["max_completion_tokens"] = given["max_output_tokens"]
    if given.get("tools"):
        chat["tools"] = [
            _tool(tool, f"tools[{position}]") for position, tool in enumerate(given["tools"])
        ]
    chat |= _choice(given.get("tool_choice"))
    chat |= _text(given.get("text") or {})
    if (given.get("reasoning") or {}).get("effort"):
        chat["reasoning_effort"] = given["reasoning"]["effort"]
    return chat | _included(given)


def input_items(body: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Answer the input as items; a string is a message of the user."""
    given = body.get("input")
    if isinstance(given, str):
        return [{"type": "message", "role": "user", "content": given}]
    return [dict(item) for item in given or ()]


def _tool(tool: Mapping[str, Any], path: str) -> dict[str, Any]:
    if tool["type"] != "function":
        raise FieldRefused(
            f"{path}.type",
            f"Tools of the type '{tool['type']}' cannot be honoured; only functions are, which the"
            " client runs.",
        )
    names = ("name", "description", "parameters", "strict")
    function = {name: tool[name] for name in names if tool.get(name) is not None}
    return {"type": "function", "function": function}


def _choice(choice: Any) -> dict[str, Any]:
    if not choice:
        return {}
    if isinstance(choice, str):
        return {"tool_choice": choice}
    if choice["type"] != "function":
        raise FieldRefused(
            "tool_choice.type", f"A choice of the type '{choice['type']}' cannot be honoured."
        )
    return {"tool_choice": {"type": "function", "function": {"name": choice["name"]}}}


def _text(text: Mapping[str, Any]) -> dict[str, Any]:
    chat: dict[str, Any] = {}
    if text.get("verbosity"):
        chat["verbosity"] = text["verbosity"]
    wanted = text.get("format") or {}
    kind = wanted.get("type", "text")
    if kind == "json_schema":
        names = ("name", "description", "schema", "strict")
        schema = {name: wanted[name] for name in names if wanted.get(name) is not None}
        chat["response_format"] = {"type": kind, "json_schema": schema}
    elif kind != "text":
        chat["response_format"] = {"type": kind}
    return chat


def _included(given: Mapping[str, Any]) -> dict[str, Any]:
    for position, name in enumerate(given.get("include") or ()):
        if name not in (ENCRYPTED_REASONING, LOGPROBS):
            raise FieldRefused(
                f"include[{position}]", f"'{name}' cannot be included: no such item is made here."
            )
    chat: dict[str, Any] = {}
    if LOGPROBS in (given.get("include") or ()) or given.get("top_logprobs"):
        chat["logprobs"] = True
        if given.get("top_logprobs"):
            chat["top_logprobs"] = given["top_logprobs"]
    return chat
