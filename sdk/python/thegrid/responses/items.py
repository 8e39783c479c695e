"""Input items as messages of a chat: an assistant's thoughts, words and calls become one message.

The request around them is read in `request.py`.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from thegrid.openai.errors import FieldRefused
from thegrid.openai.sealing import unseal

Item = Mapping[str, Any]


def chat_messages(items: Sequence[Item]) -> list[dict[str, Any]]:
    """Answer the chat's messages. Raises FieldRefused."""
    made = _Messages()
    for position, item in enumerate(items):
        made.add(item, f"input[{position}]")
    return made.messages


def _text_of(parts: Sequence[Item], kind: str) -> str:
    return "".join(str(part.get("text") or "") for part in parts if part.get("type") == kind)


class _Messages:
    """Messages under way; items of the assistant gather in the last one while they may."""

    def __init__(self) -> None:
        self.messages: list[dict[str, Any]] = []
        self._turn: dict[str, Any] | None = None

    def add(self, item: Item, path: str) -> None:
        kind = item.get("type") or "message"
        if kind == "reasoning":
            self._think(item, path)
        elif kind == "function_call":
            self._call(item)
        elif kind == "message" and item["role"] == "assistant":
            self._speak(item, path)
        elif kind == "message":
            self._put({"role": item["role"], "content": _content(item["content"], path)})
        elif kind == "function_call_output":
            content = _content(item["output"], path, "output")
            self._put({"role": "tool", "tool_call_id": item["call_id"], "content": content})
        else:
            raise FieldRefused(
                f"{path}.type",
                f"Items of the type '{kind}' cannot be honoured; send messages, reasoning, function"
                " calls and their outputs.",
            )

    def _put(self, message: dict[str, Any]) -> None:
        self._turn = None
        self.messages.append(message)

    def _open(self, *taken: str) -> dict[str, Any]:
        """The assistant's message under way, or a fresh one where it has one of `taken`."""
        turn = self._turn
        if turn is None or any(turn.get(name) is not None for name in taken):
            turn = {"role": "assistant", "content": None}
            self._put(turn)
            self._turn = turn
        return turn

    def _think(self, item: Item, path: str) -> None:
        turn = self._open("content", "refusal", "tool_calls")
        text = _text_of(item.get("content") or (), "reasoning_text")
        sealed = item.get("encrypted_content")
        opened = unseal(sealed) if sealed else {}
        if opened is None and not text:
            raise FieldRefused(
                f"{path}.encrypted_content", "This reasoning was encrypted elsewhere; leave it out."
            )
        opened = opened or {}
        text = text or str(opened.get("reasoning") or "")
        text = text or _text_of(item.get("summary") or (), "summary_text")
        if text:
            turn["reasoning_content"] = turn.get("reasoning_content", "") + text
        if opened.get("blocks"):
            turn["thinking_blocks"] = turn.get("thinking_blocks", []) + list(opened["blocks"])

    def _speak(self, item: Item, path: str) -> None:
        turn = self._open("content", "refusal", "tool_calls")
        content = item["content"]
        if isinstance(content, str):
            turn["content"] = content
            return
        refusals = [str(part["refusal"]) for part in content if part["type"] == "refusal"]
        said = [part for part in content if part["type"] != "refusal"]
        if said or not refusals:
            turn["content"] = _content(said, path)
        if refusals:
            turn["refusal"] = "".join(refusals)

    def _call(self, item: Item) -> None:
        turn = self._open()
        function = {"name": item["name"], "arguments": item["arguments"]}
        call = {"id": item["call_id"], "type": "function", "function": function}
        turn.setdefault("tool_calls", []).append(call)


def _content(content: Any, path: str, name: str = "content") -> Any:
    """Answer content as a chat's message has it: a string, or parts."""
    if isinstance(content, str):
        return content
    parts = [_part(part, f"{path}.{name}[{position}]") for position, part in enumerate(content)]
    if len(parts) == 1 and parts[0]["type"] == "text":
        return parts[0]["text"]
    return parts or ""


def _part(part: Item, path: str) -> dict[str, Any]:
    kind = part["type"]
    if kind in ("input_text", "output_text", "text"):
        return {"type": "text", "text": part["text"]}
    if kind == "input_image" and part.get("image_url"):
        image = {"url": part["image_url"]}
        if part.get("detail"):
            image["detail"] = part["detail"]
        return {"type": "image_url", "image_url": image}
    raise FieldRefused(
        f"{path}.type",
        f"Content of the type '{kind}' cannot be honoured; send text, or images by a data URL:"
        " no files are kept here.",
    )
