"""Token counts of a chat completion, read for other dialects.

What is billed is the exchange's word; this only names its parts.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple


class Counts(NamedTuple):
    """Tokens of one call; `cached` is part of the prompt, `reasoning` of the output."""

    prompt: int = 0
    output: int = 0
    cached: int = 0
    reasoning: int = 0


def counts_of(usage: Mapping[str, Any] | None) -> Counts:
    """Answer the counts of a completion's `usage`."""
    usage = usage or {}
    prompt, output = _count(usage, "prompt_tokens"), _count(usage, "completion_tokens")
    cached = _count(usage.get("prompt_tokens_details"), "cached_tokens")
    reasoning = _count(usage.get("completion_tokens_details"), "reasoning_tokens")
    return Counts(prompt, output, min(cached, prompt), min(reasoning, output))


def _count(value: Any, key: str) -> int:
    found = value.get(key) if isinstance(value, Mapping) else None
    return found if type(found) is int and found > 0 else 0
