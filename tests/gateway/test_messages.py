"""Anthropic's Messages as Anthropic's own client and plain HTTP see them, plain and streamed."""

import json
from collections.abc import AsyncIterator
from typing import Any

import anthropic
import httpx
import pytest

from tests.support.gateway import RunningGateway, events_of, running_gateway, stream_text
from tests.support.stand_in import (
    CALLER_KEY,
    GATEWAY_KEY,
    MODEL,
    Call,
    StandIn,
    status,
    thinks_and_calls,
)
from thegrid.openai import reply_from_json, request_to_json

HELLO: list[Any] = [{"role": "user", "content": "hi"}]
BODY: dict[str, Any] = {"model": "text-prime", "max_tokens": 100, "messages": HELLO}


@pytest.fixture
async def claude(gateway: RunningGateway) -> AsyncIterator[anthropic.AsyncAnthropic]:
    async with anthropic.AsyncAnthropic(
        base_url=gateway.origin, api_key=CALLER_KEY, max_retries=0
    ) as client:
        yield client


async def test_a_message(claude: anthropic.AsyncAnthropic, exchange: StandIn) -> None:
    message = await claude.messages.create(
        model="text-prime", max_tokens=100, system="Be short", messages=HELLO
    )
    call = exchange.calls[0]
    assert message.content[0].text == "Hello from the grid"
    assert (message.stop_reason, message.stop_sequence) == ("end_turn", None)
    assert message.id == "msg_" + call.usage_id.removeprefix("usg_")
    assert message.model == MODEL
    usage = message.usage
    assert (usage.input_tokens, usage.cache_read_input_tokens, usage.output_tokens) == (7, 2, 4)
    assert message._request_id == call.opening.client_request_id
    asked = request_to_json(call.opening.request)
    assert asked == {
        "model": "text-prime",
        "max_completion_tokens": 100,
        "messages": [{"role": "system", "content": "Be short"}, *HELLO],
    }


async def test_a_stream_is_the_same_message(
    claude: anthropic.AsyncAnthropic, exchange: StandIn
) -> None:
    exchange.script = thinks_and_calls
    whole = await claude.messages.create(**BODY)
    async with claude.messages.stream(**BODY) as stream:
        streamed = await stream.get_final_message()
    assert [block.type for block in streamed.content] == [
        "thinking",
        "text",
        "tool_use",
        "tool_use",
    ]
    assert streamed.content[0].thinking == "Let me see."
    assert streamed.content[0].signature
    assert streamed.content[1].text == "I look it up."
    assert streamed.content[2].input == {"city": "Ulm"}
    assert streamed.content[3].input == {"city": "Bonn"}
    assert streamed.content[3].id == "call_1"
    assert streamed.stop_reason == "tool_use"
    shown = {"content": {"__all__": {"type", "text", "thinking", "signature", "input", "id"}}}
    assert whole.model_dump(include=shown) == streamed.model_dump(include=shown)
    assert whole.stop_reason == streamed.stop_reason
    assert whole.usage.output_tokens == streamed.usage.output_tokens == 4


async def test_the_order_of_a_stream(http: httpx.AsyncClient, exchange: StandIn) -> None:
    answer = await http.post("/messages", json={**BODY, "stream": True})
    found = events_of(answer.text)
    assert [name for name, _ in found] == [
        "message_start",
        "ping",
        "content_block_start",
        *["content_block_delta"] * 4,
        "content_block_stop",
        "message_delta",
        "comment",
        "message_stop",
    ]
    assert found[0][1]["message"]["usage"]["input_tokens"] == 9
    assert found[-3][1]["delta"] == {"stop_reason": "end_turn", "stop_sequence": None}
    receipt = json.loads(found[-2][1].removeprefix(": receipt "))
    assert (receipt["billed_tokens"], receipt["verdict"]) == (13, "in_spec")
    assert answer.headers["request-id"] == answer.headers["x-request-id"]
    assert answer.headers["x-grid-request-id"] == exchange.calls[0].usage_id


async def test_reasons_to_stop(claude: anthropic.AsyncAnthropic, exchange: StandIn) -> None:
    async def stopped(call: Call) -> None:
        call.start()
        await call.say("a")
        message = call.opening.request.messages[-1].text
        if message == "refuse":
            await call.say("", refusal="No.")
        call.end({0: message if message != "refuse" else "stop"})

    exchange.script = stopped
    for finish, reason in (
        ("stop", "end_turn"),
        ("length", "max_tokens"),
        ("content_filter", "refusal"),
        ("refuse", "refusal"),
    ):
        said = [{"role": "user", "content": finish}]
        message = await claude.messages.create(model="m", max_tokens=9, messages=said)
        assert message.stop_reason == reason


async def test_the_stop_sequence_that_was_met_is_named(
    http: httpx.AsyncClient, exchange: StandIn
) -> None:
    async def stopped(call: Call) -> None:
        call.start()
        await call.say("a")
        choice = {"index": 0, "delta": {}, "finish_reason": None, "stop_reason": "END"}
        await call.reply(reply_from_json({"choices": [choice]}))
        call.end()

    exchange.script = stopped
    answer = await http.post("/messages", json={**BODY, "stop_sequences": ["END", "X"]})
    assert answer.json()["stop_reason"] == "stop_sequence"
    assert answer.json()["stop_sequence"] == "END"
    assert list(exchange.calls[0].opening.request.stop.sequences.sequences) == ["END", "X"]


ERRORS = [
    ("INSUFFICIENT_FUNDS", 402, "billing_error"),
    ("KEY_REVOKED", 401, "authentication_error"),
    ("MEMBER_SUSPENDED", 403, "permission_error"),
    ("INSTRUMENT_NOT_FOUND", 404, "not_found_error"),
    ("RATE_LIMITED", 429, "rate_limit_error"),
    ("NO_LIQUIDITY", 503, "overloaded_error"),
    ("NO_SUPPLIER", 503, "overloaded_error"),
    ("SATURATED", 529, "overloaded_error"),
    ("SUPPLIER_FAILED", 502, "api_error"),
    ("FIRST_TOKEN_LATE", 504, "timeout_error"),
    ("CONTEXT_EXCEEDED", 400, "invalid_request_error"),
]


async def test_a_refusal_has_anthropics_shape(http: httpx.AsyncClient, exchange: StandIn) -> None:
    for reason, code, kind in ERRORS:

        async def script(call: Call, reason: str = reason) -> None:
            call.fail(status(reason, f"because {reason}"))

        exchange.script = script
        for stream in (False, True):
            answer = await http.post("/messages", json={**BODY, "stream": stream})
            error = answer.json()["error"]
            assert answer.status_code == code
            assert (error["type"], error["message"]) == (kind, f"because {reason}")
            assert ("retry-after" in answer.headers) == (code in (429, 502, 503, 504, 529))


async def test_keys(gateway: RunningGateway, exchange: StandIn) -> None:
    async with httpx.AsyncClient(base_url=gateway.base_url) as http:
        for headers in (
            {"x-api-key": CALLER_KEY, "anthropic-version": "2023-06-01"},
            {"authorization": f"Bearer {CALLER_KEY}", "x-api-key": "ignored"},
        ):
            assert (await http.post("/messages", json=BODY, headers=headers)).status_code == 200
        none = await http.post("/messages", json=BODY)
        assert none.status_code == 401
        assert none.json()["error"]["type"] == "authentication_error"
        wrong = await http.post("/messages", json=BODY, headers={"x-api-key": "key_no.x"})
        assert wrong.status_code == 401


async def test_a_supplier_lost_midway_is_an_error_and_an_abnormal_end(
    claude: anthropic.AsyncAnthropic, http: httpx.AsyncClient, exchange: StandIn
) -> None:
    async def lost(call: Call) -> None:
        call.start()
        await call.say("Hello")
        call.fail(status("SUPPLIER_LOST", "the supplier was lost"))

    exchange.script = lost
    text, broken = await stream_text(http, "/messages", {**BODY, "stream": True})
    assert isinstance(broken, httpx.RemoteProtocolError)
    found = events_of(text)
    assert [name for name, _ in found][-2:] == ["comment", "error"]
    assert found[-1][1]["error"]["type"] == "api_error"
    assert not any(name in ("message_stop", "message_delta") for name, _ in found)
    with pytest.raises(anthropic.APIStatusError) as raised:
        async with claude.messages.stream(**BODY) as stream:
            await stream.get_final_message()
    assert "the supplier was lost" in str(raised.value)


async def test_a_silence_is_bridged_by_pings(exchange: StandIn) -> None:
    async def slow(call: Call) -> None:
        call.start()
        await call.say("Hello")
        await call.granted.wait()

    exchange.script = slow
    async with running_gateway(exchange.target, GATEWAY_KEY, heartbeat_s=0.05) as running:
        headers = {"x-api-key": CALLER_KEY}
        async with httpx.AsyncClient(base_url=running.base_url, headers=headers) as http:
            body = {**BODY, "stream": True}
            pings = 0
            async with http.stream("POST", "/messages", json=body) as answer:
                async for line in answer.aiter_lines():
                    pings += line == "event: ping"
                    if pings == 3:
                        break


async def test_hidden_thinking_travels_in_its_signature(
    claude: anthropic.AsyncAnthropic, exchange: StandIn
) -> None:
    exchange.script = thinks_and_calls
    thinking: Any = {"type": "enabled", "budget_tokens": 1_024, "display": "omitted"}
    first = await claude.messages.create(
        model="m", max_tokens=2_000, messages=HELLO, thinking=thinking
    )
    assert first.content[0].thinking == ""
    again = [*HELLO, {"role": "assistant", "content": first.content}, *HELLO]
    await claude.messages.create(model="m", max_tokens=2_000, messages=again)
    sent = request_to_json(exchange.calls[1].opening.request)["messages"][1]
    assert sent["reasoning_content"] == "Let me see."
    assert sent["content"] == "I look it up."
    assert "thinking_blocks" not in sent
