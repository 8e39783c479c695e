"""What a request of Anthropic's Messages may hold: it all reaches the supplier, or is refused."""

from typing import Any

import httpx
import pytest

from tests.support.stand_in import StandIn
from thegrid.openai import request_to_json

HELLO: list[Any] = [{"role": "user", "content": "hi"}]
BODY: dict[str, Any] = {"model": "text-prime", "max_tokens": 100, "messages": HELLO}
EPHEMERAL = {"type": "ephemeral"}
ASKED = {
    **BODY,
    "system": [
        {"type": "text", "text": "One", "cache_control": EPHEMERAL},
        {"type": "text", "text": "Two"},
    ],
    "messages": [
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "Look", "cache_control": EPHEMERAL},
                {
                    "type": "image",
                    "source": {"type": "base64", "media_type": "image/png", "data": "QUJD"},
                },
            ],
        },
        {
            "role": "assistant",
            "content": [
                {"type": "thinking", "thinking": "Hm", "signature": "foreign"},
                {"type": "text", "text": "I call"},
                {"type": "tool_use", "id": "t1", "name": "f", "input": {"é": [1.5, None]}},
            ],
        },
        {
            "role": "user",
            "content": [
                {"type": "tool_result", "tool_use_id": "t1", "content": "ok"},
                {
                    "type": "tool_result",
                    "tool_use_id": "t2",
                    "is_error": True,
                    "content": [{"type": "text", "text": "bad"}],
                },
                {"type": "text", "text": "Go on"},
            ],
        },
    ],
    "tools": [{"name": "f", "description": "d", "input_schema": {"type": "object"}}],
    "tool_choice": {"type": "tool", "name": "f", "disable_parallel_tool_use": True},
    "thinking": {"type": "enabled", "budget_tokens": 5_000},
    "max_tokens": 6_000,
    "temperature": 0.5,
    "top_k": 40,
    "top_p": 0.9,
    "metadata": {"user_id": "u1"},
    "grid": {"max_price_micros": 5},
}
THOUGHT = {"type": "thinking", "thinking": "Hm", "signature": "foreign"}
CALL: dict[str, Any] = {"id": "t1", "type": "function", "function": {"name": "f"}}
CALL["function"]["arguments"] = '{"é":[1.5,null]}'
SENT = {
    "model": "text-prime",
    "messages": [
        {
            "role": "system",
            "content": [{"type": "text", "text": "One"}, {"type": "text", "text": "Two"}],
        },
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "Look"},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,QUJD"}},
            ],
        },
        {
            "role": "assistant",
            "content": "I call",
            "reasoning_content": "Hm",
            "thinking_blocks": [THOUGHT],
            "tool_calls": [CALL],
        },
        {"role": "tool", "tool_call_id": "t1", "content": "ok"},
        {"role": "tool", "tool_call_id": "t2", "content": "Error: bad"},
        {"role": "user", "content": "Go on"},
    ],
    "tools": [
        {
            "type": "function",
            "function": {"name": "f", "description": "d", "parameters": {"type": "object"}},
        }
    ],
    "tool_choice": {"type": "function", "function": {"name": "f"}},
    "parallel_tool_calls": False,
    "reasoning_effort": "medium",
    "max_completion_tokens": 6_000,
    "temperature": 0.5,
    "top_k": 40,
    "top_p": 0.9,
    "user": "u1",
}


async def test_everything_that_a_request_may_hold_reaches_the_supplier(
    http: httpx.AsyncClient, exchange: StandIn
) -> None:
    answer = await http.post("/messages", json=ASKED)
    assert answer.status_code == 200, answer.text
    opening = exchange.calls[0].opening
    assert opening.preferences.max_price_micros == 5
    assert request_to_json(opening.request) == SENT


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"max_tokens": None}, "max_tokens"),
    ({"messages": []}, "messages"),
    ({"temperature": 1.5}, "temperature"),
    ({"surprise": 1}, "surprise"),
    ({"container": "c"}, "container"),
    ({"mcp_servers": [{"url": "x"}]}, "mcp_servers"),
    ({"thread": {"type": "create"}}, "thread"),
    ({"compaction": {"type": "summarize"}}, "compaction"),
    ({"fallbacks": [{"model": "m"}]}, "fallbacks"),
    ({"billing_policy": {"type": "billing_policy"}}, "billing_policy"),
    ({"tools": [{"type": "web_search_20250305", "name": "w"}]}, "tools[0].type"),
    ({"tools": [{"name": "w", "defer_loading": True}]}, "tools[0].defer_loading"),
    ({"thinking": {"type": "enabled", "budget_tokens": 2_000}}, "thinking.budget_tokens"),
    ({"thinking": {"type": "between_tools"}}, "thinking.type"),
    ({"speed": "fast"}, "speed"),
    ({"output_config": {"task_budget": {}}}, "output_config.task_budget"),
    ({"context_management": {"edits": [{"type": "x"}]}}, "context_management.edits[0]"),
    (
        {"messages": [{"role": "user", "content": [{"type": "container_upload"}]}]},
        "messages[0].content[0].type",
    ),
    (
        {
            "messages": [
                {
                    "role": "user",
                    "content": [
                        {
                            "type": "document",
                            "source": {
                                "type": "base64",
                                "media_type": "application/pdf",
                                "data": "QQ==",
                            },
                        }
                    ],
                }
            ]
        },
        "messages[0].content[0].source.type",
    ),
]


@pytest.mark.parametrize(("change", "param"), REFUSED, ids=[param for _, param in REFUSED])
async def test_what_cannot_be_honoured_is_refused_by_name(
    http: httpx.AsyncClient, exchange: StandIn, change: dict[str, Any], param: str
) -> None:
    answer = await http.post("/messages", json={**BODY, **change})
    assert answer.status_code == 400, answer.text
    body = answer.json()
    assert set(body) == {"type", "error", "request_id"}
    assert body["error"]["type"] == "invalid_request_error"
    assert body["error"]["param"] == param
    assert body["request_id"] == answer.headers["x-request-id"]
    assert not exchange.calls


async def test_citations_of_blocks_that_ask_for_none_are_no_fault(http: httpx.AsyncClient) -> None:
    source: dict[str, Any] = {"type": "content", "content": []}
    document = {"type": "document", "source": source}
    for kind in ("tool_result", "thinking"):
        for odd in (True, [], None):
            inner = {"type": kind, "tool_use_id": "t", "thinking": "so", "citations": odd}
            source["content"] = [inner]
            messages = [{"role": "user", "content": [document]}]
            answer = await http.post("/messages", json={**BODY, "messages": messages})
            assert answer.status_code == 400, answer.text
            assert (
                answer.json()["error"]["param"] == "messages[0].content[0].source.content[0].type"
            )


async def test_a_thread_is_refused_so_that_the_client_goes_on_without(
    http: httpx.AsyncClient,
) -> None:
    for path in ("/messages", "/messages/count_tokens"):
        answer = await http.post(path, json={**BODY, "thread": {"type": "create"}})
        details = answer.json()["error"]["details"]
        assert details == {"error_code": "thread_unsupported_request", "unsupported": ["thread"]}
