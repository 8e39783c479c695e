"""An answer in the form of Anthropic's Messages: typed events as they come, and the whole message.

Blocks of text and thinking close where the next begins; tool calls may come interleaved and close
at the end. Requests are read in `request.py`.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from thegrid.openai.counts import counts_of
from thegrid.openai.errors import MappingError
from thegrid.openai.mapping import decode_json
from thegrid.openai.pieces import Piece, Said, ThinkingBlock, ToolPiece, pieces_of, stop_sequence_of
from thegrid.openai.sealing import seal

Event = dict[str, Any]

_STOP_REASONS = {
    "stop": "end_turn",
    "length": "max_tokens",
    "tool_calls": "tool_use",
    "function_call": "tool_use",
    "content_filter": "refusal",
}


def _usage(usage: Mapping[str, Any] | None) -> dict[str, Any]:
    counts = counts_of(usage)
    return {
        # As Anthropic counts: what a cache held is beside the input, not in it.
        "input_tokens": counts.prompt - counts.cached,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": counts.cached,
        "output_tokens": counts.output,
        "output_tokens_details": {"thinking_tokens": counts.reasoning},
    }


class _Tool:
    """One tool call under way; it begins once its name is known."""

    def __init__(self) -> None:
        self.id = self.name = self.arguments = ""
        self.position = -1


class MessageStream:
    """One message under way: `begin`, `add` each chunk of the completion, `end`.

    Each answers the events that are new; `message` is the whole at any time.
    """

    def __init__(
        self,
        message_id: str,
        model: str,
        *,
        prompt_tokens: int = 0,
        stop_sequences: Sequence[str] = (),
        shows_thinking: bool = True,
    ) -> None:
        self._tail = message_id.partition("_")[2]
        self._stop_sequences = stop_sequences
        self._shows_thinking = shows_thinking
        self._open = -1
        self._thought: list[str] = []
        self._signature = ""
        self._tools: dict[int, _Tool] = {}
        self._stopped_at = ""
        self._refused = False
        self.message: dict[str, Any] = {
            "id": message_id,
            "type": "message",
            "role": "assistant",
            "model": model,
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
            "usage": _usage({"prompt_tokens": prompt_tokens}),
        }

    def begin(self) -> list[Event]:
        """Answer the event that opens the message."""
        return [{"type": "message_start", "message": {**self.message, "content": []}}]

    def add(self, chunk: Mapping[str, Any]) -> list[Event]:
        """Take a chunk of the completion, or all of it."""
        events: list[Event] = []
        for piece in pieces_of(chunk):
            self._take(piece, events)
        found = stop_sequence_of(chunk)
        if found in self._stop_sequences:
            self._stopped_at = found
        return events

    def end(self, finish_reason: str, usage: Mapping[str, Any] | None) -> list[Event]:
        """Answer the events that close the message; the last is `message_stop`."""
        events: list[Event] = []
        self._close(events)
        for index in sorted(self._tools):
            self._close_tool(index, events)
        reason = _STOP_REASONS.get(finish_reason, "end_turn")
        if self._refused:
            reason = "refusal"
        elif reason == "end_turn" and self._stopped_at:
            reason = "stop_sequence"
        stopped = self._stopped_at if reason == "stop_sequence" else None
        end = {"stop_reason": reason, "stop_sequence": stopped}
        self.message |= {**end, "usage": _usage(usage)}
        events.append({"type": "message_delta", "delta": end, "usage": self.message["usage"]})
        events.append({"type": "message_stop"})
        return events

    # ---- blocks --------------------------------------------------------------------------------

    def _take(self, piece: Piece, events: list[Event]) -> None:
        if isinstance(piece, ToolPiece):
            self._take_tool(piece, events)
        elif isinstance(piece, ThinkingBlock):
            self._take_thinking(piece.block, events)
        elif piece.kind == "reasoning":
            self._think(piece.text, events)
        else:
            self._say(piece, events)

    def _say(self, piece: Said, events: list[Event]) -> None:
        self._refused = self._refused or piece.kind == "refusal"
        block = self._block("text", events, text="")
        block["text"] += piece.text
        self._delta(self._open, {"type": "text_delta", "text": piece.text}, events)

    def _think(self, text: str, events: list[Event]) -> None:
        block = self._block("thinking", events, thinking="", signature="")
        self._thought.append(text)
        if self._shows_thinking:
            block["thinking"] += text
            self._delta(self._open, {"type": "thinking_delta", "thinking": text}, events)

    def _take_thinking(self, block: dict[str, Any], events: list[Event]) -> None:
        """A supplier's own signature belongs to the thinking that came before it."""
        if block.get("type") == "redacted_thinking":
            self._close(events)
            self._start({"type": "redacted_thinking", "data": str(block.get("data"))}, events)
            self._open = len(self.message["content"]) - 1
            self._close(events)
        elif type(block.get("signature")) is str and block["signature"]:
            self._block("thinking", events, thinking="", signature="")
            self._signature = block["signature"]

    def _block(self, kind: str, events: list[Event], **empty: str) -> dict[str, Any]:
        """The open block, which is a fresh one unless the last is of this kind."""
        content = self.message["content"]
        if self._open < 0 or content[self._open]["type"] != kind:
            self._close(events)
            self._start({"type": kind, **empty}, events)
            self._open = len(content) - 1
        found: dict[str, Any] = content[self._open]
        return found

    def _start(self, block: dict[str, Any], events: list[Event]) -> None:
        content = self.message["content"]
        content.append(block)
        started = {"index": len(content) - 1, "content_block": dict(block)}
        events.append({"type": "content_block_start", **started})

    def _delta(self, position: int, delta: dict[str, Any], events: list[Event]) -> None:
        events.append({"type": "content_block_delta", "index": position, "delta": delta})

    def _close(self, events: list[Event]) -> None:
        if self._open < 0:
            return
        block = self.message["content"][self._open]
        if block["type"] == "thinking":
            self._sign(block, events)
        events.append({"type": "content_block_stop", "index": self._open})
        self._open = -1

    def _sign(self, block: dict[str, Any], events: list[Event]) -> None:
        """Thinking that is not shown travels in its signature, so that it can come back."""
        if self._shows_thinking:
            block["signature"] = self._signature or seal({})
        else:
            hidden = {"thinking": "".join(self._thought), "signature": self._signature}
            block["signature"] = seal(hidden)
        signed = {"type": "signature_delta", "signature": block["signature"]}
        self._delta(self._open, signed, events)
        self._thought, self._signature = [], ""

    # ---- tools ---------------------------------------------------------------------------------

    def _take_tool(self, piece: ToolPiece, events: list[Event]) -> None:
        tool = self._tools.setdefault(piece.position, _Tool())
        tool.id = tool.id or piece.id
        if tool.position < 0:
            tool.name = piece.name or tool.name
        tool.arguments += piece.arguments
        if tool.position >= 0:
            fresh = piece.arguments
        elif tool.name:
            self._begin_tool(piece.position, tool, events)
            fresh = tool.arguments
        else:
            return
        if fresh:
            delta = {"type": "input_json_delta", "partial_json": fresh}
            self._delta(tool.position, delta, events)

    def _begin_tool(self, index: int, tool: _Tool, events: list[Event]) -> None:
        self._close(events)
        tool.id = tool.id or f"toolu_{self._tail}{index}"
        block = {"type": "tool_use", "id": tool.id, "name": tool.name, "input": {}}
        self._start(block, events)
        tool.position = len(self.message["content"]) - 1

    def _close_tool(self, index: int, events: list[Event]) -> None:
        tool = self._tools[index]
        if tool.position < 0:
            self._begin_tool(index, tool, events)
        self.message["content"][tool.position]["input"] = _input(tool.arguments)
        events.append({"type": "content_block_stop", "index": tool.position})


def _input(arguments: str) -> dict[str, Any]:
    """Answer the arguments as an object; what is none is still there to be read."""
    try:
        value = decode_json(arguments.encode()) if arguments.strip() else {}
    except (MappingError, UnicodeEncodeError):
        return {"raw_arguments": arguments}
    return value if type(value) is dict else {"raw_arguments": arguments}
