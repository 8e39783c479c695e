"""What a request of OpenAI's Responses may hold: it all reaches the supplier, or is refused."""

from typing import Any

import httpx
import pytest

from tests.support.stand_in import StandIn
from thegrid.openai import request_to_json

BODY: dict[str, Any] = {"model": "text-prime", "input": "hi"}
ASKED = {
    "model": "text-prime",
    "instructions": "Be short",
    "input": [
        {"role": "developer", "content": "Rules"},
        {
            "type": "message",
            "role": "user",
            "content": [
                {"type": "input_text", "text": "Look"},
                {"type": "input_image", "image_url": "data:image/png;base64,QUJD", "detail": "low"},
            ],
        },
        {
            "type": "reasoning",
            "id": "rs_1",
            "summary": [{"type": "summary_text", "text": "short"}],
            "content": [{"type": "reasoning_text", "text": "Hm"}],
        },
        {
            "type": "message",
            "id": "msg_1",
            "role": "assistant",
            "status": "completed",
            "content": [{"type": "output_text", "text": "I call", "annotations": []}],
        },
        {
            "type": "function_call",
            "id": "fc",
            "call_id": "c1",
            "name": "f",
            "arguments": '{"a": 1}',
        },
        {"type": "function_call", "call_id": "c2", "name": "g", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "c1", "output": "one"},
        {
            "type": "function_call_output",
            "call_id": "c2",
            "output": [{"type": "input_text", "text": "two"}],
        },
        {"role": "assistant", "content": [{"type": "refusal", "refusal": "No"}]},
        {"role": "user", "content": "Go on"},
    ],
    "tools": [
        {
            "type": "function",
            "name": "f",
            "description": "d",
            "parameters": {"type": "object"},
            "strict": True,
        }
    ],
    "tool_choice": {"type": "function", "name": "f"},
    "parallel_tool_calls": False,
    "text": {
        "verbosity": "low",
        "format": {"type": "json_schema", "name": "n", "schema": {"a": 1}, "strict": True},
    },
    "reasoning": {"effort": "high", "summary": "auto"},
    "max_output_tokens": 500,
    "temperature": 0.5,
    "top_p": 0.9,
    "user": "u1",
    "safety_identifier": "s1",
    "prompt_cache_key": "k1",
    "service_tier": "auto",
    "truncation": "disabled",
    "background": False,
    "store": False,
    "metadata": {"a": "b"},
    "client_metadata": {"a": "b"},
    "grid": {"max_price_micros": 5},
}
SENT = {
    "model": "text-prime",
    "messages": [
        {"role": "system", "content": "Be short"},
        {"role": "developer", "content": "Rules"},
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "Look"},
                {
                    "type": "image_url",
                    "image_url": {"url": "data:image/png;base64,QUJD", "detail": "low"},
                },
            ],
        },
        {
            "role": "assistant",
            "content": "I call",
            "reasoning_content": "Hm",
            "tool_calls": [
                {
                    "id": "c1",
                    "type": "function",
                    "function": {"name": "f", "arguments": '{"a": 1}'},
                },
                {"id": "c2", "type": "function", "function": {"name": "g", "arguments": "{}"}},
            ],
        },
        {"role": "tool", "tool_call_id": "c1", "content": "one"},
        {"role": "tool", "tool_call_id": "c2", "content": "two"},
        {"role": "assistant", "content": None, "refusal": "No"},
        {"role": "user", "content": "Go on"},
    ],
    "tools": [
        {
            "type": "function",
            "function": {
                "name": "f",
                "description": "d",
                "parameters": {"type": "object"},
                "strict": True,
            },
        }
    ],
    "tool_choice": {"type": "function", "function": {"name": "f"}},
    "parallel_tool_calls": False,
    "verbosity": "low",
    "response_format": {
        "type": "json_schema",
        "json_schema": {"name": "n", "schema": {"a": 1}, "strict": True},
    },
    "reasoning_effort": "high",
    "max_completion_tokens": 500,
    "temperature": 0.5,
    "top_p": 0.9,
    "user": "u1",
    "safety_identifier": "s1",
    "prompt_cache_key": "k1",
    "service_tier": "auto",
}


async def test_everything_that_a_request_may_hold_reaches_the_supplier(
    http: httpx.AsyncClient, exchange: StandIn
) -> None:
    answer = await http.post("/responses", json=ASKED)
    assert answer.status_code == 200, answer.text
    opening = exchange.calls[0].opening
    assert opening.preferences.max_price_micros == 5
    assert request_to_json(opening.request) == SENT
    echoed = answer.json()
    for name in ("tools", "tool_choice", "text", "temperature", "metadata", "max_output_tokens"):
        assert echoed[name] == ASKED[name]


def item(**fields: Any) -> dict[str, Any]:
    return {"input": [fields]}


def part(**fields: Any) -> dict[str, Any]:
    return item(role="user", content=[fields])


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"input": None}, "input"),
    ({"input": 5}, "input"),
    ({"model": None}, "model"),
    ({"temperature": 3}, "temperature"),
    ({"surprise": 1}, "surprise"),
    ({"store": True}, "store"),
    ({"previous_response_id": "resp_1"}, "previous_response_id"),
    ({"background": True}, "background"),
    ({"conversation": "c"}, "conversation"),
    ({"prompt": {"id": "p"}}, "prompt"),
    ({"truncation": "auto"}, "truncation"),
    ({"include": ["file_search_call.results"]}, "include[0]"),
    ({"stream_options": {}}, "stream_options"),
    ({"tools": [{"type": "web_search"}]}, "tools[0].type"),
    ({"tools": [{"type": "custom", "name": "x"}]}, "tools[0].type"),
    ({"tools": [{"type": "function"}]}, "tools[0].name"),
    ({"tool_choice": {"type": "mcp", "server_label": "s"}}, "tool_choice.type"),
    ({"tool_choice": "perhaps"}, "tool_choice"),
    ({"text": {"format": {"type": "grammar"}}}, "text.format.type"),
    ({"reasoning": {"effort": 5}}, "reasoning.effort"),
    ({"metadata": {"a": 1}}, "metadata.a"),
    (item(type="item_reference", id="x"), "input[0].type"),
    (item(type="computer_call", id="x"), "input[0].type"),
    (item(type="reasoning", encrypted_content="gAAAA"), "input[0].encrypted_content"),
    (item(role="user"), "input[0].content"),
    (part(type="input_file", file_id="f"), "input[0].content[0].type"),
    (part(type="input_image", file_id="f"), "input[0].content[0].type"),
]


@pytest.mark.parametrize(("change", "param"), REFUSED, ids=[param for _, param in REFUSED])
async def test_what_cannot_be_honoured_is_refused_by_name(
    http: httpx.AsyncClient, exchange: StandIn, change: dict[str, Any], param: str
) -> None:
    answer = await http.post("/responses", json={**BODY, **change})
    assert answer.status_code == 400, answer.text
    error = answer.json()["error"]
    assert set(error) == {"message", "type", "param", "code"}
    assert error["param"] == param
    assert not exchange.calls
