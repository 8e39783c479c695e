"""Chat completions as OpenAI's own client and plain HTTP see them, plain and streamed."""

import json
from typing import Any

import httpx
import openai
import pytest

from tests.support.stand_in import CALLER_KEY, CREATED, MODEL, Call, StandIn, chunk
from thegrid.openai import request_to_json
from thegrid.v1 import delivery_pb2

HELLO: list[Any] = [{"role": "user", "content": "hi"}]
BODY = {"model": "text-prime", "messages": HELLO}


def events(text: str) -> list[Any]:
    """Answer the parts of a stream: chunks as objects, comments and [DONE] as strings."""
    parts: list[Any] = []
    for block in text.strip().split("\n\n"):
        data = block.removeprefix("data: ")
        parts.append(json.loads(data) if data.startswith("{") else data)
    return parts


async def test_a_plain_answer(client: openai.AsyncOpenAI, exchange: StandIn) -> None:
    answer = await client.chat.completions.create(model="text-prime", messages=HELLO)
    usage_id = exchange.calls[0].usage_id
    assert answer.choices[0].message.content == "Hello from the grid"
    assert answer.choices[0].finish_reason == "stop"
    assert answer.model == MODEL
    assert answer.created == CREATED
    assert answer.id == "chatcmpl-" + usage_id.removeprefix("usg_")
    assert answer.usage is not None
    assert answer.usage.total_tokens == 13
    assert answer.usage.prompt_tokens_details is not None
    assert answer.usage.prompt_tokens_details.cached_tokens == 2
    assert answer._request_id is not None
    assert answer._request_id == exchange.calls[0].opening.client_request_id


async def test_a_plain_answer_says_what_served_it(
    http: httpx.AsyncClient, exchange: StandIn
) -> None:
    answer = await http.post("/chat/completions", json=BODY)
    headers = answer.headers
    assert headers["x-grid-request-id"] == exchange.calls[0].usage_id
    assert headers["x-grid-supplier"] == "mem_supplier"
    assert headers["x-grid-model"] == MODEL
    assert headers["x-grid-instrument"] == "ins_text-prime"
    assert headers["x-grid-spec-version"] == "3"
    assert headers["x-grid-billed-tokens"] == "13"
    assert headers["x-grid-cost-micros"] == "26"
    assert headers["x-grid-verdict"] == "in_spec"
    assert int(headers["openai-processing-ms"]) >= 0
    message = answer.json()["choices"][0]["message"]
    assert message == {"role": "assistant", "content": "Hello from the grid", "refusal": None}


async def test_a_stream(client: openai.AsyncOpenAI) -> None:
    stream = await client.chat.completions.create(
        model="text-prime", messages=HELLO, stream=True, stream_options={"include_usage": True}
    )
    chunks = [one async for one in stream]
    text = "".join(one.choices[0].delta.content or "" for one in chunks if one.choices)
    assert text == "Hello from the grid"
    assert chunks[0].choices[0].delta.role == "assistant"
    assert [one.choices[0].finish_reason for one in chunks[:-1]] == [None] * 5 + ["stop"]
    assert chunks[-1].choices == []
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.total_tokens == 13
    assert len({one.id for one in chunks}) == 1


async def test_the_order_at_the_end_of_a_stream(http: httpx.AsyncClient, exchange: StandIn) -> None:
    body = {**BODY, "stream": True, "stream_options": {"include_usage": True}}
    answer = await http.post("/chat/completions", json=body)
    *content, finish, usage, receipt, done = events(answer.text)
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert all(part["choices"][0]["finish_reason"] is None for part in content)
    assert all(part["usage"] is None for part in content)
    assert finish["choices"][0]["finish_reason"] == "stop"
    assert usage["choices"] == []
    assert usage["usage"]["completion_tokens_details"] == {"reasoning_tokens": 1}
    assert receipt.startswith(": receipt ")
    said = json.loads(receipt.removeprefix(": receipt "))
    assert said["request_id"] == exchange.calls[0].usage_id
    assert (said["billed_tokens"], said["cost_micros"], said["verdict"]) == (13, 26, "in_spec")
    assert done == "[DONE]"


async def test_usage_is_shown_only_when_asked_for(http: httpx.AsyncClient) -> None:
    answer = await http.post("/chat/completions", json={**BODY, "stream": True})
    *chunks, _receipt, _done = events(answer.text)
    assert all(part["choices"] for part in chunks)
    assert not any("usage" in part for part in chunks)


async def test_several_choices(client: openai.AsyncOpenAI, exchange: StandIn) -> None:
    async def two(call: Call) -> None:
        call.start()
        for index in (0, 1, 0, 1):
            await call.say(f"<{index}>", index=index)
        call.end({0: "stop", 1: "length"})

    exchange.script = two
    answer = await client.chat.completions.create(model="text-prime", messages=HELLO, n=2)
    assert [one.message.content for one in answer.choices] == ["<0><0>", "<1><1>"]
    assert [one.finish_reason for one in answer.choices] == ["stop", "length"]


async def test_tool_calls(client: openai.AsyncOpenAI, exchange: StandIn) -> None:
    async def tool(call: Call) -> None:
        call.start()
        for part in (
            {"index": 0, "id": "c", "type": "function", "function": {"name": "f", "arguments": ""}},
            {"index": 0, "function": {"arguments": '{"a":'}},
            {"index": 0, "function": {"arguments": " 1}"}},
        ):
            await call.reply(chunk({"tool_calls": [part]}))
        call.end({0: "tool_calls"})

    exchange.script = tool
    tools: Any = [{"type": "function", "function": {"name": "f", "parameters": {"x": None}}}]
    answer = await client.chat.completions.create(model="m", messages=HELLO, tools=tools)
    message = answer.choices[0].message
    assert message.content is None
    assert message.tool_calls is not None
    assert message.tool_calls[0].to_dict()["function"] == {"name": "f", "arguments": '{"a": 1}'}
    async with client.chat.completions.stream(model="m", messages=HELLO, tools=tools) as stream:
        whole = await stream.get_final_completion()
    assert whole.choices[0].finish_reason == "tool_calls"
    sent = request_to_json(exchange.calls[0].opening.request)
    assert sent["tools"] == tools


async def test_the_request_reaches_the_exchange_whole(
    http: httpx.AsyncClient, exchange: StandIn
) -> None:
    body = {
        **BODY,
        "temperature": 0.5,
        "seed": 7,
        "logit_bias": {"1": 2},
        "response_format": {"type": "json_schema", "json_schema": {"name": "s", "schema": {}}},
        "user": None,
        "future": [1, {"x": 12345678901234567890123}],
    }
    assert (await http.post("/chat/completions", json=body)).status_code == 200
    opening = exchange.calls[0].opening
    assert request_to_json(opening.request) == body
    assert opening.instrument == "text-prime"
    assert opening.credential == CALLER_KEY
    assert opening.window_bytes > 0


async def test_a_request_of_megabytes_travels_in_parts(
    http: httpx.AsyncClient, exchange: StandIn
) -> None:
    body = {"model": "m", "messages": [{"role": "user", "content": "é" * 1_500_000}]}
    answer = await http.post("/chat/completions", json=body, timeout=30)
    assert answer.status_code == 200
    assert request_to_json(exchange.calls[0].opening.request) == body
    assert exchange.calls[0].opening.parts_bytes > 3_000_000


async def test_what_the_caller_wants_of_supplier_and_price(
    http: httpx.AsyncClient, exchange: StandIn
) -> None:
    wanted = {"max_price_micros": 5, "only_suppliers": ["mem_a"], "ignore_suppliers": ["mem_b"]}
    await http.post("/chat/completions", json={**BODY, "grid": wanted})
    opening = exchange.calls[0].opening
    assert opening.preferences.max_price_micros == 5
    assert list(opening.preferences.only_supplier_ids) == ["mem_a"]
    assert list(opening.preferences.ignore_supplier_ids) == ["mem_b"]
    assert "grid" not in request_to_json(opening.request)


async def test_preferences_travel_in_the_body_or_in_a_header(
    http: httpx.AsyncClient, exchange: StandIn
) -> None:
    wanted = {
        "order_suppliers": ["mem_a", "mem_b"],
        "allow_fallbacks": False,
        "data_policies": ["zero-retention"],
        "regions": ["eu-north"],
        "models": ["acme/one"],
        "hedge_after_percent": 40,
    }
    header = json.dumps({**wanted, "regions": ["us-east"], "max_price_micros": 7})
    body = {**BODY, "grid": wanted}
    await http.post("/chat/completions", json=body, headers={"x-grid-preferences": header})
    asked = exchange.calls[0].opening.preferences
    assert asked == delivery_pb2.DeliveryPreferences(
        max_price_micros=7,
        order_supplier_ids=["mem_a", "mem_b"],
        allow_fallbacks=False,
        data_policies=["zero-retention"],
        regions=["eu-north"],
        models=["acme/one"],
        hedge_after_percent=40,
    )
    await http.post("/chat/completions", json=BODY)
    assert not exchange.calls[1].opening.HasField("preferences")


@pytest.mark.parametrize(
    ("header", "param"),
    [
        ("{", "x-grid-preferences"),
        ("[]", "x-grid-preferences"),
        ('{"regions": "eu"}', "x-grid-preferences.regions"),
        ('{"hedge_after_percent": 5}', "x-grid-preferences.hedge_after_percent"),
        ('{"zone": 1}', "x-grid-preferences.zone"),
        ("[" * 9_000, "x-grid-preferences"),
    ],
)
async def test_a_bad_header_of_preferences_is_named(
    http: httpx.AsyncClient, exchange: StandIn, header: str, param: str
) -> None:
    answer = await http.post("/chat/completions", json=BODY, headers={"x-grid-preferences": header})
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, param)
    assert not exchange.calls


async def test_request_ids_are_the_clients_own_where_valid(http: httpx.AsyncClient) -> None:
    own = await http.post("/chat/completions", json=BODY, headers={"x-request-id": "mine-1"})
    assert own.headers["x-request-id"] == "mine-1"
    for bad in ("a b", "x" * 129, "é".encode()):
        other = await http.post("/chat/completions", json=BODY, headers={"x-request-id": bad})
        assert other.headers["x-request-id"].startswith("req_")


async def test_an_idempotency_key_names_one_delivery(
    http: httpx.AsyncClient, exchange: StandIn
) -> None:
    for key in ("one", "one", "two"):
        await http.post("/chat/completions", json=BODY, headers={"idempotency-key": key})
    await http.post("/chat/completions", json=BODY)
    first, again, other, none = (call.opening.delivery_id for call in exchange.calls)
    assert first == again
    assert len({first, other, none}) == 3
    assert len(first) == len(none) == 30


async def test_model_names_that_no_header_can_hold(
    http: httpx.AsyncClient, exchange: StandIn
) -> None:
    async def odd(call: Call) -> None:
        call.start()
        call.send(started=_started(call, "naïve\r\nx-evil: 1"))
        await call.say("hi")
        call.end()

    exchange.script = odd
    answer = await http.post("/chat/completions", json=BODY)
    assert "x-evil" not in answer.headers
    assert answer.headers["x-grid-model"] == "na?ve??x-evil: 1"


def _started(call: Call, model: str) -> Any:
    from thegrid.v1 import delivery_pb2

    return delivery_pb2.DeliveryStarted(usage_id=call.usage_id, serving_model=model)


@pytest.mark.parametrize("stream", [False, True])
async def test_what_a_supplier_says_that_is_no_json_is_left_out(
    http: httpx.AsyncClient, exchange: StandIn, stream: bool
) -> None:
    async def odd(call: Call) -> None:
        call.start()
        reply = chunk({"content": "fine"})
        reply.choices[0].delta.extra_json = b"{oops"
        reply.choices[0].logprobs_json = b"\xff"
        await call.reply(reply)
        call.end()

    exchange.script = odd
    answer = await http.post("/chat/completions", json={**BODY, "stream": stream})
    assert answer.status_code == 200
    assert "fine" in answer.text
    assert "oops" not in answer.text


@pytest.mark.parametrize("stream", [False, True])
async def test_a_supplier_cannot_write_events_of_its_own(
    http: httpx.AsyncClient, exchange: StandIn, stream: bool
) -> None:
    async def sly(call: Call) -> None:
        call.start()
        reply = chunk({"content": "x\n\ndata: [DONE]\n\n"})
        reply.extra_json = b'{"usage": {"total_tokens": 0}, "id": "theirs", "y": "\\n\\ndata: 1"}'
        await call.reply(reply)
        call.end()

    exchange.script = sly
    answer = await http.post("/chat/completions", json={**BODY, "stream": stream})
    if not stream:
        assert answer.json()["usage"]["total_tokens"] == 13
        assert answer.json()["id"] != "theirs"
        return
    first, *_ = parts = events(answer.text)
    assert "usage" not in first
    assert first["id"] == parts[1]["id"] != "theirs"
    assert answer.text.count("data: [DONE]\n\n") == 1
