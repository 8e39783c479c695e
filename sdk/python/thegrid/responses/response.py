"""The response object around the output: what was asked, said again, and how it went.

Its output grows in `events.py`.
"""

from collections.abc import Mapping
from typing import Any

from thegrid.openai.counts import counts_of

_ECHOED = (
    "instructions",
    "max_output_tokens",
    "max_tool_calls",
    "previous_response_id",
    "prompt_cache_key",
    "prompt_cache_retention",
    "safety_identifier",
    "user",
)


def response_of(
    asked: Mapping[str, Any], response_id: str, model: str, created_s: int, *, is_stored: bool
) -> dict[str, Any]:
    """Answer the response to a request before anything of its output is there."""

    def wanted(name: str, default: Any) -> Any:
        value = asked.get(name)
        return default if value is None else value

    reasoning, text = wanted("reasoning", {}), wanted("text", {})
    return {
        "id": response_id,
        "object": "response",
        "created_at": created_s,
        "status": "in_progress",
        "background": False,
        "completed_at": None,
        "error": None,
        "incomplete_details": None,
        **{name: asked.get(name) for name in _ECHOED},
        "model": model,
        "output": [],
        "parallel_tool_calls": wanted("parallel_tool_calls", True),
        "reasoning": {"effort": reasoning.get("effort"), "summary": reasoning.get("summary")},
        "service_tier": wanted("service_tier", "default"),
        "store": is_stored,
        "temperature": wanted("temperature", 1.0),
        "text": {**text, "format": text.get("format") or {"type": "text"}},
        "tool_choice": wanted("tool_choice", "auto"),
        "tools": wanted("tools", []),
        "top_logprobs": wanted("top_logprobs", 0),
        "top_p": wanted("top_p", 1.0),
        "truncation": "disabled",
        "usage": None,
        "metadata": wanted("metadata", {}),
    }


def usage_of(usage: Mapping[str, Any] | None) -> dict[str, Any]:
    """Answer token counts as a response names them."""
    counts = counts_of(usage)
    return {
        "input_tokens": counts.prompt,
        "input_tokens_details": {"cached_tokens": counts.cached, "cache_write_tokens": 0},
        "output_tokens": counts.output,
        "output_tokens_details": {"reasoning_tokens": counts.reasoning},
        "total_tokens": counts.prompt + counts.output,
    }
