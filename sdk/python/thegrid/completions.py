"""The one mapping between OpenAI's legacy completions, as JSON, and its chat completions.

A prompt travels as it is, never as a message: a model continues it. HTTP and gRPC are not known
here.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from thegrid.openai.errors import FieldRefused

DEFAULT_MAX_TOKENS = 16
"""Greatest output where none is asked for, as OpenAI's own."""

_ABSENT_IN_CHAT = ("echo", "best_of")


def to_chat(body: Mapping[str, Any]) -> dict[str, Any]:
    """Answer the body of a chat completion for that of a legacy one. Raises FieldRefused."""
    chat = {name: value for name, value in body.items() if name not in _ABSENT_IN_CHAT}
    if body.get("best_of") not in (None, body.get("n") or 1):
        raise FieldRefused(
            "best_of",
            "Choices are not ranked here, as every one that is made is delivered and billed; give"
            " the same as 'n', or leave it out.",
        )
    if body.get("echo"):
        _check_echo(body)
    if chat.get("max_tokens") is None:
        chat["max_tokens"] = DEFAULT_MAX_TOKENS
    return chat


def _check_echo(body: Mapping[str, Any]) -> None:
    if not all(isinstance(prompt, str) for prompt in prompts_of(body["prompt"])):
        raise FieldRefused("echo", "A prompt of tokens is not written out here; send it as text.")
    if body.get("logprobs") is not None:
        raise FieldRefused(
            "echo", "Log probabilities of the prompt are not to be had; leave one of the two out."
        )


def prompts_of(prompt: Any) -> Sequence[Any]:
    """Answer each prompt of a field that holds one or several, a text or a list of tokens each."""
    if isinstance(prompt, str) or (prompt and isinstance(prompt[0], int)):
        return [prompt]
    return list(prompt)


def echoes_of(body: Mapping[str, Any]) -> Sequence[str]:
    """Answer what each choice begins with, by index; nothing where no echo is asked for."""
    if not body.get("echo"):
        return []
    return [prompt for prompt in prompts_of(body["prompt"]) for _ in range(body.get("n") or 1)]


def text_choice(choice: Mapping[str, Any], echo: str = "") -> dict[str, Any]:
    """Answer a choice of a chat completion, whole or a piece, as a legacy one has it."""
    said = choice.get("delta") or choice.get("message") or {}
    content = said.get("content")
    rest = {name: value for name, value in choice.items() if name not in ("delta", "message")}
    return {
        **rest,
        "text": echo + (content if isinstance(content, str) else ""),
        "index": choice.get("index", 0),
        "logprobs": choice.get("logprobs"),
        "finish_reason": choice.get("finish_reason"),
    }
