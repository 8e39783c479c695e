"""A demo model for trying the market out: deterministic text, and honest about what it is.

It understands nothing; it streams, calls a tool, fills a JSON schema and embeds texts so that
clients can be tried against it.
"""

import asyncio
import json
import re
import time
from typing import Any

from thegrid.completions import prompts_of
from thegrid.openai import MappingError, reply_from_json, request_to_json, usage_from_json
from thegrid.supplier.backend import CLIENT_FAULT, BackendError
from thegrid.supplier.call import SupplierCall
from thegrid.supplier.demo_embedding import embed_inputs
from thegrid.supplier.sample import sample
from thegrid.v1 import chat_pb2

CAPABILITIES = ("tools", "json_schema")
"""What the demo model can do, as an offer says it."""
HONOURED_FIELDS = (
    "metadata",
    "n",
    "parallel_tool_calls",
    "prompt",
    "response_format",
    "safety_identifier",
    "store",
    "stream_options",
    "tool_choice",
    "tools",
    "user",
)
"""The fields of a request that the demo model honours beyond the common ones."""

_WORD = re.compile(r"\s*\S+")
_WORDS_ASKED = re.compile(r"\b(\d{1,5}) words\b")
_FILLER = ("bid", "offer", "depth", "spread", "fill", "lot", "unit", "token", "sweep", "window")
_PIECES_PER_SECOND = 50


class DemoModel:
    """A backend inside the process, at about `tokens_per_second` for each delivery."""

    def __init__(self, *, tokens_per_second: int = 400) -> None:
        self._words_per_piece = max(1, tokens_per_second // _PIECES_PER_SECOND)

    async def start(self) -> None:
        """There is nothing to make ready."""

    async def close(self) -> None:
        """There is nothing to let go of."""

    async def answer(self, call: SupplierCall) -> chat_pb2.ChatUsage:
        """Answer one delivery; see `Backend`."""
        if call.is_embedding:
            return await embed_inputs(call)
        try:
            request = request_to_json(call.request)
        except MappingError as fault:
            raise BackendError(CLIENT_FAULT, str(fault)) from None
        asked = _each(request)
        speaking = (self._speak(call, one, index) for index, one in enumerate(asked))
        counts = await asyncio.gather(*speaking)
        heard = sum(_heard(one) for one in asked[:: request.get("n") or 1])
        spoken = sum(counts)
        return usage_from_json(
            {
                "prompt_tokens": heard,
                "completion_tokens": spoken,
                "total_tokens": heard + spoken,
            }
        )

    async def _speak(self, call: SupplierCall, request: dict[str, Any], index: int) -> int:
        """Send one choice; answers how many words it had."""
        tool = _chosen_tool(request)
        if tool is not None:
            return await _call_tool(call, tool, index)
        words = _WORD.findall(_cut(compose(request), request.get("stop")))
        spoken = words[: call.max_output_tokens or None]
        await _send(call, index, {"role": "assistant", "content": ""})
        for start in range(0, len(spoken), self._words_per_piece):
            if start:
                await asyncio.sleep(1 / _PIECES_PER_SECOND)
            piece = "".join(spoken[start : start + self._words_per_piece])
            await _send(call, index, {"content": piece})
        await _send(call, index, {}, "stop" if len(spoken) == len(words) else "length")
        return len(spoken)


def _each(request: dict[str, Any]) -> list[dict[str, Any]]:
    """Answer the request of each choice; of a completion, its own prompt as the one message."""
    if "prompt" not in request:
        return [request] * (request.get("n") or 1)
    prompts = [
        prompt if isinstance(prompt, str) else f"{len(prompt)} tokens"
        for prompt in prompts_of(request["prompt"])
    ]
    return [
        {**request, "messages": [{"content": prompt}]}
        for prompt in prompts
        for _ in range(request.get("n") or 1)
    ]


def _heard(request: dict[str, Any]) -> int:
    return sum(len(_text(message).split()) for message in request.get("messages") or ())


def compose(request: dict[str, Any]) -> str:
    """Answer what the demo model says to a request: the same words for the same request."""
    wanted = request.get("response_format") or {}
    if wanted.get("type") == "json_schema":
        schema = (wanted.get("json_schema") or {}).get("schema") or {}
        return json.dumps(sample(schema), ensure_ascii=False)
    messages = request.get("messages") or [{}]
    asked = _text(messages[-1]).strip()
    if wanted.get("type") == "json_object":
        return json.dumps({"model": "demo", "you_said": asked}, ensure_ascii=False)
    count = _WORDS_ASKED.search(asked)
    if count is not None:
        return " ".join(_FILLER[number % len(_FILLER)] for number in range(int(count[1])))
    return (
        "This is the demo model of The Grid. It is no language model: it repeats what it is told,"
        " so that the market, the metering and the stream can be tried. "
        + (f"You said: {asked}" if asked else "You said nothing.")
    )


def _text(message: Any) -> str:
    content = message.get("content") if isinstance(message, dict) else None
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return ""
    return " ".join(str(part.get("text") or "") for part in content if isinstance(part, dict))


def _cut(text: str, stop: Any) -> str:
    for sequence in [stop] if isinstance(stop, str) else stop or ():
        if sequence:
            text = text.partition(sequence)[0]
    return text


def _chosen_tool(request: dict[str, Any]) -> dict[str, Any] | None:
    """Answer the function to call: the one that is asked for, or that the prompt names."""
    functions: list[dict[str, Any]] = [
        tool["function"]
        for tool in request.get("tools") or ()
        if isinstance(tool.get("function"), dict) and tool["function"].get("name")
    ]
    choice = request.get("tool_choice") or "auto"
    last = (request.get("messages") or [{}])[-1]
    if not functions or choice == "none" or last.get("role") == "tool":
        return None
    if choice == "required":
        return functions[0]
    if isinstance(choice, dict):
        wanted = (choice.get("function") or {}).get("name")
        return next((one for one in functions if one["name"] == wanted), None)
    said = _text(last)
    return next((one for one in functions if one["name"] in said), None)


async def _call_tool(call: SupplierCall, function: dict[str, Any], index: int) -> int:
    arguments = json.dumps(sample(function.get("parameters") or {"type": "object"}))
    opening = {
        "index": 0,
        "id": f"call_{call.opening.delivery_id.removeprefix('dlv_')}_{index}",
        "type": "function",
        "function": {"name": function["name"], "arguments": ""},
    }
    await _send(call, index, {"role": "assistant", "content": None, "tool_calls": [opening]})
    half = len(arguments) // 2
    for piece in (arguments[:half], arguments[half:]):
        delta = {"tool_calls": [{"index": 0, "function": {"arguments": piece}}]}
        await _send(call, index, delta)
    await _send(call, index, {}, "tool_calls")
    return len(arguments.split()) + 1


async def _send(
    call: SupplierCall, index: int, delta: dict[str, Any], finish_reason: str | None = None
) -> None:
    choice = {"index": index, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
    await call.reply(
        reply_from_json(
            {
                "id": "chatcmpl-" + call.opening.delivery_id.removeprefix("dlv_"),
                "object": "chat.completion.chunk",
                "created": int(time.time()),
                "model": call.opening.model,
                "choices": [choice],
            }
        )
    )
