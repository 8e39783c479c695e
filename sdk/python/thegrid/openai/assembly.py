"""Puts the chunks of a streamed answer together into one whole completion.

Chunks are JSON objects as `reply_to_json` makes them; where a key cannot be joined the last wins.
"""

from typing import Any

_JOINED = ("content", "refusal", "reasoning_content", "reasoning")
_STANDING = ("id", "object", "created", "model", "choices", "usage")


def _join_text(into: dict[str, Any], key: str, piece: Any) -> None:
    before = into.get(key)
    if type(before) is str and type(piece) is str:
        into[key] = before + piece
    elif piece is not None or key not in into:
        into[key] = piece


def _join_logprobs(choice: dict[str, Any], logprobs: Any) -> None:
    before = choice.get("logprobs")
    if type(logprobs) is not dict or type(before) is not dict:
        if logprobs is not None or before is None:
            choice["logprobs"] = logprobs
        return
    for key, items in logprobs.items():
        standing = before.get(key)
        if type(standing) is list and type(items) is list:
            before[key] = standing + items
        elif items is not None or standing is None:
            before[key] = items


class _Choice:
    """One choice under assembly."""

    def __init__(self, index: int) -> None:
        self.message: dict[str, Any] = {"role": "assistant", "content": None, "refusal": None}
        self.fields: dict[str, Any] = {"index": index, "message": self.message, "logprobs": None}
        self._calls: dict[int, dict[str, Any]] = {}
        self._texts: dict[str, list[str]] = {}

    def add(self, choice: dict[str, Any]) -> None:
        """Take one more piece of the choice."""
        for key, value in choice.items():
            if key in ("delta", "message"):
                if type(value) is dict:
                    self._add_message(value)
            elif key == "logprobs":
                _join_logprobs(self.fields, value)
            elif key != "index" and (value is not None or key not in self.fields):
                self.fields[key] = value

    def _add_message(self, delta: dict[str, Any]) -> None:
        for key, value in delta.items():
            if key in _JOINED:
                if type(value) is str:
                    self._texts.setdefault(key, []).append(value)
                elif value is not None:
                    self.message[key] = value
            elif key == "tool_calls" and type(value) is list:
                for call in value:
                    self._add_call(call)
            elif key == "role":
                self.message["role"] = value or "assistant"
            elif value is not None or key not in self.message:
                self.message[key] = value

    def _add_call(self, piece: dict[str, Any]) -> None:
        index = piece.get("index")
        index = index if type(index) is int else len(self._calls)
        call = self._calls.setdefault(index, {})
        for key, value in piece.items():
            if key == "function" and type(value) is dict:
                _add_function(call.setdefault("function", {"name": "", "arguments": ""}), value)
            elif key != "index" and (value is not None or key not in call):
                call[key] = value

    def whole(self) -> dict[str, Any]:
        """Answer the choice as it stands in a completion."""
        for key, pieces in self._texts.items():
            self.message[key] = "".join(pieces)
        if self._calls:
            self.message["tool_calls"] = [self._calls[index] for index in sorted(self._calls)]
        self.fields.setdefault("finish_reason", None)
        return self.fields


def _add_function(function: dict[str, Any], piece: dict[str, Any]) -> None:
    for name, part in piece.items():
        if name == "name":
            function["name"] = part or function["name"]
        else:
            _join_text(function, name, part)


class Assembly:
    """One completion under assembly: `add` each chunk, then take the `completion`."""

    def __init__(self) -> None:
        self._choices: dict[int, _Choice] = {}
        self._standing: dict[str, Any] = {}
        self._others: dict[str, Any] = {}

    def add(self, chunk: dict[str, Any]) -> None:
        """Take one more chunk; a whole completion is a chunk as well."""
        for key, value in chunk.items():
            if key == "choices":
                for choice in value or ():
                    self._choice(choice.get("index")).add(choice)
            elif key in _STANDING:
                if value is not None:
                    self._standing[key] = value
            elif value is not None or key not in self._others:
                self._others[key] = value

    def _choice(self, index: Any) -> _Choice:
        index = index if type(index) is int else 0
        found = self._choices.get(index)
        if found is None:
            found = self._choices[index] = _Choice(index)
        return found

    def completion(self) -> dict[str, Any]:
        """Answer the whole completion; an answer without any choice has an empty list of them."""
        choices = [self._choices[index].whole() for index in sorted(self._choices)]
        out = {**self._standing, "object": "chat.completion", "choices": choices}
        return {**out, **self._others}
