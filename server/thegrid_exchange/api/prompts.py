"""What is counted of a request besides its conversation: prompts, and fields that go verbatim.

Conversations are read in `chat`; all of this travels to the supplier untouched.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from thegrid.v1 import chat_pb2
from thegrid_exchange.api.errors import invalid
from thegrid_exchange.delivery.meter import PromptText

FIELD: Final = "prompt"
CHOICES_MAX: Final = 128
_SHAPE: Final = (
    "must be a string, an array of strings, an array of tokens, or an array of such arrays, none"
    " of the arrays empty"
)


class Prompts(NamedTuple):
    """The prompts of one request."""

    number: int
    texts: tuple[PromptText, ...]
    tokens: dict[int, list[int]]
    """Prompts that were given as tokens, by their places."""


def prompts_of(chat: chat_pb2.ChatRequest) -> Prompts | None:
    """The prompts of a request, None for one with messages; raises InvalidRequest."""
    if not chat.HasField("prompt_json"):
        if not chat.messages:
            raise invalid("request.messages", "must hold at least one message", "required")
        return None
    if chat.messages:
        raise invalid("request.prompt", "must not stand beside messages", "prompt")
    try:
        value = json.loads(chat.prompt_json)
    except (ValueError, RecursionError) as error:
        raise invalid("request.prompt", "is no JSON", "json") from error
    prompts = [value] if isinstance(value, str) or _are_tokens(value) else value
    if not isinstance(prompts, list) or not prompts:
        raise invalid("request.prompt", _SHAPE, "shape")
    return _read(prompts, chat.suffix)


def spelled(chat: chat_pb2.ChatRequest, texts: Mapping[int, str]) -> chat_pb2.ChatRequest:
    """The request with its prompts as text, which came as tokens; the request itself is changed."""
    value = json.loads(chat.prompt_json)
    prompts = [texts[place] for place in range(len(texts))]
    spelled_prompt = prompts if isinstance(value[0], list) else prompts[0]
    chat.prompt_json = json.dumps(spelled_prompt, ensure_ascii=False).encode()
    return chat


def choices_of(each: int, prompts: Prompts | None) -> int:
    """How many choices a request has, so many for each prompt; raises InvalidRequest."""
    choices = each * (prompts.number if prompts is not None else 1)
    if choices > CHOICES_MAX:
        raise invalid(
            "request.prompt", f"prompts times n must come to at most {CHOICES_MAX}", "range"
        )
    return choices


def further_texts(chat: chat_pb2.ChatRequest) -> Iterator[tuple[str, bytes]]:
    """Fields outside the conversation that a model reads, verbatim; raises InvalidRequest."""
    if chat.prediction_json:
        yield "prediction", chat.prediction_json
    if b'"functions"' in chat.extra_json:
        functions = extra_of(chat.extra_json).get("functions")
        if functions:
            yield "functions", json.dumps(functions, ensure_ascii=False).encode()


def extra_of(extra_json: bytes) -> dict[str, Any]:
    """The keys that have no field; raises InvalidRequest."""
    try:
        extra = json.loads(extra_json)
    except (ValueError, RecursionError) as error:
        raise invalid("request.extra_json", "is no JSON", "json") from error
    if not isinstance(extra, dict):
        raise invalid("request.extra_json", "must be a JSON object", "json")
    return extra


def _read(prompts: list[Any], suffix: str) -> Prompts:
    texts: list[PromptText] = []
    tokens: dict[int, list[int]] = {}
    is_text = isinstance(prompts[0], str)
    for index, prompt in enumerate(prompts):
        if is_text and isinstance(prompt, str):
            texts.append(PromptText(f"prompt[{index}]", prompt))
        elif not is_text and _are_tokens(prompt):
            tokens[index] = prompt
        else:
            raise invalid("request.prompt", _SHAPE, "shape")
        if suffix:
            texts.append(PromptText("suffix", suffix))
    return Prompts(len(prompts), tuple(texts), tokens)


def _are_tokens(value: Any) -> bool:
    return isinstance(value, list) and {*map(type, value)} == {int}
