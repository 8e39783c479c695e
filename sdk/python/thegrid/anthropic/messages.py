"""The messages of a Messages request as messages of a chat: blocks become parts and tool calls.

Marks for a prompt cache are taken and have no effect: no price here depends on one.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from thegrid.openai.errors import FieldRefused
from thegrid.openai.mapping import encode_json
from thegrid.openai.sealing import unseal

Block = Mapping[str, Any]

_CITED = ("document", "search_result")
"""Blocks that may ask to be cited; in others citations are what an answer once had."""


def chat_messages(messages: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Answer the chat's messages; one with results of tools becomes several."""
    out: list[dict[str, Any]] = []
    for position, message in enumerate(messages):
        path = f"messages[{position}].content"
        content, role = message["content"], message["role"]
        if isinstance(content, str):
            out.append({"role": role, "content": content})
        elif role == "assistant":
            out.append(_assistant(content, path))
        else:
            out += _user(content, path, role)
    return out


def content_of(content: Any, path: str) -> Any:
    """Answer text and images as the content of a chat's message: a string, or parts."""
    if isinstance(content, str):
        return content
    parts = [
        part
        for position, block in enumerate(content)
        for part in _parts(block, f"{path}[{position}]")
    ]
    return _content(parts)


def _content(parts: list[dict[str, Any]]) -> Any:
    if len(parts) == 1 and parts[0]["type"] == "text":
        return parts[0]["text"]
    return parts or ""


def _user(content: Sequence[Block], path: str, role: str) -> list[dict[str, Any]]:
    out: list[dict[str, Any]] = []
    parts: list[dict[str, Any]] = []
    for position, block in enumerate(content):
        place = f"{path}[{position}]"
        if block["type"] == "tool_result":
            if parts:
                out.append({"role": role, "content": _content(parts)})
                parts = []
            out.append(_tool_result(block, place))
        else:
            parts += _parts(block, place)
    if parts or not out:
        out.append({"role": role, "content": _content(parts)})
    return out


def _tool_result(block: Block, path: str) -> dict[str, Any]:
    content = content_of(block.get("content") or "", f"{path}.content")
    if block.get("is_error"):
        content = _marked(content)
    return {"role": "tool", "tool_call_id": block["tool_use_id"], "content": content}


def _marked(content: Any) -> Any:
    """A chat has no place for `is_error`, so the model reads it."""
    if isinstance(content, str):
        return f"Error: {content}"
    return [{"type": "text", "text": "Error:"}, *content]


def _assistant(content: Sequence[Block], path: str) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": None}
    parts: list[dict[str, Any]] = []
    thoughts: list[str] = []
    blocks: list[Block] = []
    calls: list[dict[str, Any]] = []
    for position, block in enumerate(content):
        kind = block["type"]
        if kind == "tool_use":
            calls.append(_tool_call(block))
        elif kind in ("thinking", "redacted_thinking"):
            blocks += _think(block, thoughts)
        else:
            parts += _parts(block, f"{path}[{position}]")
    if parts:
        message["content"] = _content(parts)
    elif not calls:
        message["content"] = ""
    if thoughts:
        message["reasoning_content"] = "".join(thoughts)
    if blocks:
        # Signed by whoever made them: they travel as they are.
        message["thinking_blocks"] = [dict(block) for block in blocks]
    if calls:
        message["tool_calls"] = calls
    return message


def _think(block: Block, thoughts: list[str]) -> list[Block]:
    """Take the text of a block of thinking; answers what must travel as it is beside it."""
    if block["type"] != "thinking":
        return [block]
    text, signature = block.get("thinking") or "", block.get("signature") or ""
    sealed = unseal(signature)
    if sealed is not None:
        text = text or str(sealed.get("thinking") or "")
        signature = str(sealed.get("signature") or "")
    thoughts.append(text)
    return [{"type": "thinking", "thinking": text, "signature": signature}] if signature else []


def _tool_call(block: Block) -> dict[str, Any]:
    arguments = encode_json(block["input"]).decode()
    return {
        "id": block["id"],
        "type": "function",
        "function": {"name": block["name"], "arguments": arguments},
    }


def _parts(block: Block, path: str) -> list[dict[str, Any]]:
    kind = block["type"]
    if kind == "text":
        return [{"type": "text", "text": block["text"]}]
    if kind == "image":
        return [{"type": "image_url", "image_url": {"url": _image(block["source"], path)}}]
    if kind in _CITED and (block.get("citations") or {}).get("enabled"):
        raise FieldRefused(f"{path}.citations", "Citations are made by nobody here.")
    if kind == "document":
        return _document(block, path)
    if kind == "search_result":
        head = {"type": "text", "text": f"{block['title']}\n{block['source']}"}
        return [head, *_nested(block["content"], f"{path}.content")]
    raise FieldRefused(
        f"{path}.type",
        f"Content of the type '{kind}' cannot be honoured here; send text, images and results of"
        " tools.",
    )


def _image(source: Mapping[str, Any], path: str) -> str:
    if source["type"] == "base64":
        return f"data:{source['media_type']};base64,{source['data']}"
    if source["type"] == "url":
        return str(source["url"])
    raise FieldRefused(
        f"{path}.source.type", "No files are kept here; send the image as base64 or by its URL."
    )


def _document(block: Block, path: str) -> list[dict[str, Any]]:
    heads = [str(block[name]) for name in ("title", "context") if block.get(name)]
    parts = [{"type": "text", "text": "\n".join(heads)}] if heads else []
    source = block["source"]
    if source["type"] == "text":
        return [*parts, {"type": "text", "text": source["data"]}]
    if source["type"] == "content":
        return parts + _nested(source["content"], f"{path}.source.content")
    raise FieldRefused(
        f"{path}.source.type",
        "Only documents of plain text can be counted; send the text of this one.",
    )


def _nested(content: Any, path: str) -> list[dict[str, Any]]:
    if isinstance(content, str):
        return [{"type": "text", "text": content}]
    return [
        part
        for position, block in enumerate(content)
        for part in _parts(block, f"{path}[{position}]")
    ]
