"""Cuts an answer into pieces of a good size: joins many short ones, splits very long ones.

Pieces are chunks as JSON objects; those that carry anything but text stay as they are.
"""

from typing import Any

READY_MAX = 4
"""So many pieces are sent as they came; more at once mean that the reader is behind."""
TEXT_MAX = 16_384
"""Longest text of one piece, in characters, so that a piece always fits into a frame."""

_EMPTY_IN_CHOICE = frozenset({"logprobs", "finish_reason"})
_TEXTS = ("content", "reasoning_content")


def _plain_choice(chunk: dict[str, Any]) -> dict[str, Any] | None:
    """Answer the only choice of a chunk if it holds text and nothing else."""
    choices = chunk["choices"]
    choice = choices[0]
    if len(choices) != 1 or type(choice) is not dict:
        return None
    delta = choice.get("delta")
    if type(delta) is not dict or len(delta) != 1 or type(delta.get("content")) is not str:
        return None
    for key, value in choice.items():
        if key not in ("index", "delta") and (value is not None or key not in _EMPTY_IN_CHOICE):
            return None
    return choice


def coalesce(chunks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Answer the same answer in pieces of a good size; `chunks` each have choices."""
    if len(chunks) <= READY_MAX:
        return split(chunks)
    joined: list[dict[str, Any]] = []
    texts: list[str] = []
    last: dict[str, Any] | None = None
    for chunk in chunks:
        choice = _plain_choice(chunk)
        if choice is not None and last is not None and _same_place(joined[-1], chunk):
            texts.append(choice["delta"]["content"])
            continue
        _settle(last, texts)
        joined.append(chunk)
        last = choice
        texts = [choice["delta"]["content"]] if choice is not None else []
    _settle(last, texts)
    return split(joined)


def _settle(choice: dict[str, Any] | None, texts: list[str]) -> None:
    if choice is not None and len(texts) > 1:
        choice["delta"]["content"] = "".join(texts)


def _same_place(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return (
        one["choices"][0].get("index") == other["choices"][0].get("index")
        and len(one) == len(other)
        and all(one.get(key) == value for key, value in other.items() if key != "choices")
    )


def split(chunks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Answer the same answer without very long texts."""
    if not any(_is_long(chunk) for chunk in chunks):
        return chunks
    return [piece for chunk in chunks for piece in _split_one(chunk)]


def _is_long(chunk: dict[str, Any]) -> bool:
    return any(
        len(delta[name]) > TEXT_MAX
        for delta in _deltas(chunk)
        for name in _TEXTS
        if type(delta.get(name)) is str
    )


def _deltas(chunk: dict[str, Any]) -> list[dict[str, Any]]:
    choices = [choice for choice in chunk["choices"] if type(choice) is dict]
    return [choice["delta"] for choice in choices if type(choice.get("delta")) is dict]


def _split_one(chunk: dict[str, Any]) -> list[dict[str, Any]]:
    """Answer the texts of a chunk in pieces, then what is left of it."""
    pieces: list[dict[str, Any]] = []
    for choice in chunk["choices"]:
        delta = choice.get("delta") if type(choice) is dict else None
        for name in _TEXTS:
            text = delta.get(name) if type(delta) is dict else None
            if type(text) is not str or len(text) <= TEXT_MAX:
                continue
            # The last piece stays where a finish reason or anything else may stand beside it.
            until = (len(text) - 1) // TEXT_MAX * TEXT_MAX
            for start in range(0, until, TEXT_MAX):
                piece = {"index": choice.get("index", 0), "delta": {name: text[start:][:TEXT_MAX]}}
                pieces.append({**chunk, "choices": [piece]})
            delta[name] = text[until:]  # type: ignore[index]
    return [*pieces, chunk]
