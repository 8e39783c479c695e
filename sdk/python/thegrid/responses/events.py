"""An answer in the form of OpenAI's Responses: typed events as they come, and the whole response.

Items of reasoning and speech close where the next begins; function calls may come interleaved and
close at the end. Requests are read in `request.py`.
"""

from collections.abc import Mapping
from typing import Any

from thegrid.openai.pieces import Piece, Said, ThinkingBlock, ToolPiece, pieces_of
from thegrid.openai.sealing import seal
from thegrid.responses.request import ENCRYPTED_REASONING
from thegrid.responses.response import usage_of

Event = dict[str, Any]

_INCOMPLETE = {"length": "max_output_tokens", "content_filter": "content_filter"}
_PART_OF = {"text": "output_text", "refusal": "refusal"}


class ResponseStream:
    """One response under way: `begin`, `add` each chunk of the completion, then `end` or `fail`.

    Each answers the events that are new; `response` is the whole at any time. `asked` is the
    request, `response` what `response_of` made of it.
    """

    def __init__(self, asked: Mapping[str, Any], response: dict[str, Any]) -> None:
        self.response = response
        self._output: list[dict[str, Any]] = response["output"]
        self._tail = response["id"].partition("_")[2]
        self._is_sealed = ENCRYPTED_REASONING in (asked.get("include") or ())
        self._is_summary = bool((asked.get("reasoning") or {}).get("summary"))
        self._events: list[Event] = []
        self._sequence = 0
        self._open = -1
        self._blocks: list[dict[str, Any]] = []
        self._calls: dict[int, int] = {}
        self._unnamed: dict[int, list[ToolPiece]] = {}

    def begin(self) -> list[Event]:
        """Answer the events that open the response."""
        for kind in ("created", "in_progress"):
            self._emit(f"response.{kind}", response={**self.response, "output": []})
        return self._taken()

    def add(self, chunk: Mapping[str, Any]) -> list[Event]:
        """Take a chunk of the completion, or all of it."""
        for piece in pieces_of(chunk):
            self._take(piece)
        return self._taken()

    def finish(
        self, finish_reason: str, usage: Mapping[str, Any] | None, completed_s: int
    ) -> list[Event]:
        """Close every item and note how it ended; answers the events before the last."""
        reason = _INCOMPLETE.get(finish_reason)
        status = "incomplete" if reason else "completed"
        self._close_all(status)
        self.response |= {
            "status": status,
            "incomplete_details": {"reason": reason} if reason else None,
            "completed_at": None if reason else completed_s,
            "usage": usage_of(usage),
        }
        return self._taken()

    def last(self) -> Event:
        """Answer the event that ends the stream, with the whole response."""
        self._emit(f"response.{self.response['status']}", response=self.response)
        return self._taken()[0]

    def fail(self, code: str, message: str, param: str | None, status: str) -> list[Event]:
        """Answer the events of an answer that breaks off."""
        for item in self._output:
            if item["status"] == "in_progress":
                item["status"] = "incomplete"
        error = {"code": code, "message": message}
        self.response |= {"status": status, "error": error}
        self._emit("response.failed", response=self.response)
        self._emit("error", code=code, message=message, param=param)
        return self._taken()

    # ---- events --------------------------------------------------------------------------------

    def _emit(self, kind: str, **more: Any) -> None:
        self._events.append({"type": kind, "sequence_number": self._sequence, **more})
        self._sequence += 1

    def _taken(self) -> list[Event]:
        events, self._events = self._events, []
        return events

    def _at(self, position: int, **more: Any) -> dict[str, Any]:
        return {"item_id": self._output[position]["id"], "output_index": position, **more}

    # ---- items ---------------------------------------------------------------------------------

    def _take(self, piece: Piece) -> None:
        if isinstance(piece, ToolPiece):
            self._take_call(piece)
        elif isinstance(piece, ThinkingBlock):
            self._blocks.append(piece.block)
            self._item("reasoning", summary=[], content=[])
        elif piece.kind == "reasoning":
            self._think(piece.text)
        else:
            self._say(piece)

    def _item(self, kind: str, **more: Any) -> dict[str, Any]:
        """The open item, which is a fresh one unless the last is of this kind."""
        if self._open < 0 or self._output[self._open]["type"] != kind:
            self._close()
            self._open = self._start(kind, {"reasoning": "rs", "message": "msg"}[kind], **more)
        return self._output[self._open]

    def _start(self, kind: str, prefix: str, **more: Any) -> int:
        position = len(self._output)
        name = f"{prefix}_{self._tail}{position}"
        item = {"id": name, "type": kind, "status": "in_progress", **more}
        self._output.append(item)
        shown = {key: [] if type(value) is list else value for key, value in item.items()}
        self._emit("response.output_item.added", output_index=position, item=shown)
        return position

    def _say(self, piece: Said) -> None:
        item = self._item("message", role="assistant", content=[])
        kind = _PART_OF[piece.kind]
        content = item["content"]
        if not content or content[-1]["type"] != kind:
            self._close_part()
            content.append(_empty(kind, piece.kind))
            part = _empty(kind, piece.kind)
            self._emit("response.content_part.added", **self._part_at(), part=part)
        part = content[-1]
        part[piece.kind] += piece.text
        if kind == "refusal":
            self._emit("response.refusal.delta", **self._part_at(), delta=piece.text)
            return
        logprobs = [_logprob(entry) for entry in piece.logprobs or ()]
        part["logprobs"] += logprobs
        self._emit(
            "response.output_text.delta", **self._part_at(), delta=piece.text, logprobs=logprobs
        )

    def _part_at(self) -> dict[str, Any]:
        item = self._output[self._open]
        return self._at(self._open, content_index=len(item["content"]) - 1)

    def _think(self, text: str) -> None:
        item = self._item("reasoning", summary=[], content=[])
        if self._is_summary:
            self._summarise(item, text)
            return
        if not item["content"]:
            item["content"].append({"type": "reasoning_text", "text": ""})
            part = {"type": "reasoning_text", "text": ""}
            self._emit("response.content_part.added", **self._part_at(), part=part)
        item["content"][-1]["text"] += text
        self._emit("response.reasoning_text.delta", **self._part_at(), delta=text)

    def _summarise(self, item: dict[str, Any], text: str) -> None:
        """What a supplier shows of its reasoning stands for the summary that was asked for."""
        place = self._at(self._open, summary_index=0)
        if not item["summary"]:
            item["summary"].append({"type": "summary_text", "text": ""})
            part = {"type": "summary_text", "text": ""}
            self._emit("response.reasoning_summary_part.added", **place, part=part)
        item["summary"][0]["text"] += text
        self._emit("response.reasoning_summary_text.delta", **place, delta=text)

    # ---- ends of items -------------------------------------------------------------------------

    def _close_part(self) -> None:
        """Say that the last part of the open message or reasoning is whole."""
        item = self._output[self._open]
        if not item["content"]:
            return
        part = dict(item["content"][-1])
        kind, place = part["type"], self._part_at()
        if kind == "output_text":
            more = {"text": part["text"], "logprobs": part["logprobs"]}
            self._emit("response.output_text.done", **place, **more)
        elif kind == "refusal":
            self._emit("response.refusal.done", **place, refusal=part["refusal"])
        else:
            self._emit("response.reasoning_text.done", **place, text=part["text"])
        self._emit("response.content_part.done", **place, part=part)

    def _close(self, status: str = "completed") -> None:
        if self._open < 0:
            return
        item = self._output[self._open]
        self._close_part()
        if item["type"] == "reasoning":
            self._close_reasoning(item)
        self._done(self._open, status)
        self._open = -1

    def _close_reasoning(self, item: dict[str, Any]) -> None:
        for part in item["summary"]:
            place = self._at(self._open, summary_index=0)
            self._emit("response.reasoning_summary_text.done", **place, text=part["text"])
            self._emit("response.reasoning_summary_part.done", **place, part=dict(part))
        if self._is_sealed or self._blocks:
            told = item["summary"] or item["content"]
            reasoning = "".join(part["text"] for part in told)
            item["encrypted_content"] = seal({"reasoning": reasoning, "blocks": self._blocks})
        self._blocks = []

    def _done(self, position: int, status: str) -> None:
        item = self._output[position]
        item["status"] = status
        self._emit("response.output_item.done", output_index=position, item=dict(item))

    def _close_all(self, status: str) -> None:
        for index in list(self._unnamed):
            self._begin_call(index, "")
        self._close(status)
        for position in sorted(self._calls.values()):
            arguments = self._output[position]["arguments"]
            place = self._at(position, name=self._output[position]["name"])
            self._emit("response.function_call_arguments.done", **place, arguments=arguments)
            self._done(position, status)

    # ---- function calls ------------------------------------------------------------------------

    def _take_call(self, piece: ToolPiece) -> None:
        if piece.position in self._calls:
            self._argue(piece)
            return
        self._unnamed.setdefault(piece.position, []).append(piece)
        if piece.name:
            self._begin_call(piece.position, piece.name)

    def _begin_call(self, index: int, name: str) -> None:
        """Begin a call once it has a name, with all that came of it before."""
        self._close()
        pieces = self._unnamed.pop(index)
        call_id = next((piece.id for piece in pieces if piece.id), f"call_{self._tail}{index}")
        self._calls[index] = self._start(
            "function_call", "fc", call_id=call_id, name=name, arguments=""
        )
        for piece in pieces:
            self._argue(piece)

    def _argue(self, piece: ToolPiece) -> None:
        if piece.arguments:
            position = self._calls[piece.position]
            self._output[position]["arguments"] += piece.arguments
            self._emit(
                "response.function_call_arguments.delta",
                **self._at(position, delta=piece.arguments),
            )


def _empty(kind: str, key: str) -> dict[str, Any]:
    part: dict[str, Any] = {"type": kind, key: ""}
    if kind == "output_text":
        part |= {"annotations": [], "logprobs": []}
    return part


def _logprob(entry: Any) -> dict[str, Any]:
    entry = entry if type(entry) is dict else {}
    top = entry.get("top_logprobs")
    return {
        "token": entry.get("token") or "",
        "logprob": entry.get("logprob") or 0.0,
        "bytes": entry.get("bytes") or [],
        "top_logprobs": [_logprob(each) for each in top] if type(top) is list else [],
    }
