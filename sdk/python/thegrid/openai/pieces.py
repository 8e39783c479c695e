"""What the chunks of a chat completion say, piece by piece and in order, for other dialects.

Only the first choice is looked at: no other dialect has more than one.
"""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple


class Said(NamedTuple):
    """Text of one kind: `text`, `refusal` or `reasoning`."""

    kind: str
    text: str
    logprobs: list[Any] | None = None


class ToolPiece(NamedTuple):
    """A piece of one tool call; id and name may come once or with every piece."""

    position: int
    id: str
    name: str
    arguments: str


class ThinkingBlock(NamedTuple):
    """A block of thinking as a supplier hands it on: its signature, or the sealed whole."""

    block: dict[str, Any]


Piece = Said | ToolPiece | ThinkingBlock


def pieces_of(chunk: Mapping[str, Any]) -> Iterator[Piece]:
    """Yield what a chunk, or a whole completion, adds to the answer."""
    for choice in chunk.get("choices") or ():
        said = choice.get("delta") or choice.get("message")
        if choice.get("index") or type(said) is not dict:
            continue
        yield from _thoughts(said)
        yield from _words(said, choice.get("logprobs"))
        for position, call in enumerate(_objects(said.get("tool_calls"))):
            yield _tool_piece(call, position)


def stop_sequence_of(chunk: Mapping[str, Any]) -> str:
    """Answer the stop sequence that a chunk names as the reason of its end, else nothing."""
    for choice in chunk.get("choices") or ():
        if type(choice.get("stop_reason")) is str:
            return str(choice["stop_reason"])
    return ""


def finish_of(chunk: Mapping[str, Any]) -> str:
    """Answer the finish reason in a chunk, else nothing."""
    for choice in chunk.get("choices") or ():
        if not choice.get("index") and type(choice.get("finish_reason")) is str:
            return str(choice["finish_reason"])
    return ""


def _objects(value: Any) -> list[dict[str, Any]]:
    return [item for item in value if type(item) is dict] if type(value) is list else []


def _thoughts(said: dict[str, Any]) -> Iterator[Piece]:
    for key in ("reasoning_content", "reasoning"):
        thought = said.get(key)
        if type(thought) is str and thought:
            yield Said("reasoning", thought)
            break
    for block in _objects(said.get("thinking_blocks")):
        yield ThinkingBlock(block)


def _words(said: dict[str, Any], logprobs: Any) -> Iterator[Piece]:
    content = said.get("content")
    if type(content) is list:
        content = "".join(str(part.get("text") or "") for part in _objects(content))
    if type(content) is str and content:
        listed = logprobs.get("content") if type(logprobs) is dict else None
        yield Said("text", content, listed if type(listed) is list else None)
    refusal = said.get("refusal")
    if type(refusal) is str and refusal:
        yield Said("refusal", refusal)


def _tool_piece(call: dict[str, Any], position: int) -> ToolPiece:
    function = call.get("function")
    function = function if type(function) is dict else {}
    index = call.get("index")
    return ToolPiece(
        index if type(index) is int else position,
        _text(call.get("id")),
        _text(function.get("name")),
        _text(function.get("arguments")),
    )


def _text(value: Any) -> str:
    return value if type(value) is str else ""
