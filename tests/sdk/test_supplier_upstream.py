"""What the agent makes of an upstream that behaves, and of one that does not."""

import asyncio
import json
from typing import Any

import pytest

from tests.support.until import until
from tests.support.upstream import CHUNKS, USAGE, WORD, Upstream
from thegrid.openai import (
    Assembly,
    reply_to_json,
    request_from_json,
    usage_from_json,
    usage_to_json,
)
from thegrid.supplier.backend import CLIENT_FAULT, FAILED, REFUSED, BackendError
from thegrid.supplier.call import SupplierCall
from thegrid.supplier.upstream import Upstream as UpstreamBackend
from thegrid.v1 import delivery_pb2, supply_pb2

PLENTY = 1 << 30


class Delivery:
    """One delivery handed to the backend, and what came of it."""

    def __init__(self, prompt: str, window_bytes: int = PLENTY, **request: Any) -> None:
        body = {"model": "text-prime", "messages": [{"role": "user", "content": prompt}], **request}
        opening = supply_pb2.SupplierOpen(
            delivery_id="dlv_0123456789abcdef",
            model="served-model",
            request=request_from_json(body),
            window_bytes=window_bytes,
            max_output_tokens=4_096,
        )
        self.events: list[supply_pb2.SupplierEvent] = []
        self.call = SupplierCall(1, opening, self.events.append)

    def completion(self) -> dict[str, Any]:
        assembly = Assembly()
        for event in self.events:
            assembly.add(reply_to_json(event.reply))
        return assembly.completion()

    def text(self) -> str:
        return str(self.completion()["choices"][0]["message"]["content"])


async def serve(upstream: Upstream, delivery: Delivery, **settings: Any) -> dict[str, Any]:
    backend = UpstreamBackend(upstream.base_url, **settings)
    await backend.start()
    try:
        return usage_to_json(await backend.answer(delivery.call))
    finally:
        await backend.close()


@pytest.mark.parametrize("mode", ["", "mode=crlf", "mode=nodone", "mode=slow:20", "mode=whole"])
async def test_a_whole_answer_is_passed_on(mode: str) -> None:
    delivery = Delivery(mode)
    async with Upstream() as upstream:
        usage = await serve(upstream, delivery)
    assert delivery.text() == WORD * CHUNKS
    assert delivery.completion()["choices"][0]["finish_reason"] == "stop"
    assert usage == USAGE


async def test_a_character_cut_in_two_arrives_whole() -> None:
    delivery = Delivery("mode=split")
    async with Upstream() as upstream:
        await serve(upstream, delivery)
    assert delivery.text() == "\u00e9\u00e8\U0001f600" * 4


async def test_tool_calls_reasoning_and_several_choices_are_passed_on() -> None:
    tools, reason = Delivery("mode=tools"), Delivery("mode=reason")
    two = Delivery("mode=two", n=2)
    async with Upstream() as upstream:
        for delivery in (tools, reason, two):
            await serve(upstream, delivery)
    call = tools.completion()["choices"][0]["message"]["tool_calls"][0]
    assert json.loads(call["function"]["arguments"]) == {"city": "Ulm"}
    message = reason.completion()["choices"][0]["message"]
    assert (message["reasoning_content"], message["content"]) == ("Because", "So")
    choices = two.completion()["choices"]
    assert [one["message"]["content"] for one in choices] == ["<0><0>", "<1><1>"]
    assert [one["finish_reason"] for one in choices] == ["stop", "length"]


async def test_an_answer_without_usage_is_whole() -> None:
    async with Upstream() as upstream:
        delivery = Delivery("mode=nousage")
        assert await serve(upstream, delivery) == {}
    delivery.call.end(usage_from_json({}))
    delivery.call.end(usage_from_json({"prompt_tokens": 0}))
    told = [event.end.HasField("usage") for event in delivery.events[-2:]]
    assert told == [False, True], "no counts are not counts of nothing"


@pytest.mark.parametrize(
    ("mode", "kind", "words"),
    [
        ("die:4", FAILED, "broke off"),
        ("errmid:4", FAILED, "upstream broke"),
        ("short:4", FAILED, "before it was whole"),
        ("nofinish", FAILED, "before it was whole"),
        ("garbage", FAILED, "no JSON"),
        ("hang:4", FAILED, "silent"),
        ("http:400", CLIENT_FAULT, "upstream says 400"),
        ("http:422", CLIENT_FAULT, "upstream says 422"),
        ("http:401", REFUSED, "401"),
        ("http:403", REFUSED, "403"),
        ("http:404", REFUSED, "404"),
        ("http:408", REFUSED, "408"),
        ("http:429", REFUSED, "429"),
        ("http:503", REFUSED, "503"),
        ("http:500", FAILED, "500"),
        ("http:302", REFUSED, "302"),
    ],
)
async def test_bad_ends_are_named(mode: str, kind: int, words: str) -> None:
    async with Upstream() as upstream:
        with pytest.raises(BackendError, match=words) as caught:
            await serve(upstream, Delivery(f"mode={mode}"), silence_timeout_s=0.2)
    assert caught.value.kind == kind


async def test_two_choices_need_two_ends() -> None:
    async with Upstream() as upstream:
        with pytest.raises(BackendError, match="before it was whole"):
            await serve(upstream, Delivery("", n=2))


async def test_nobody_at_the_upstreams_address_is_a_refusal() -> None:
    async with Upstream() as upstream:
        await upstream.stop()
        with pytest.raises(BackendError, match="cannot be reached") as caught:
            await serve(upstream, Delivery(""))
    assert caught.value.kind == REFUSED


async def test_only_what_is_ours_to_say_is_changed_in_the_request() -> None:
    tools = [{"type": "function", "function": {"name": "f", "parameters": {"a": [1, None]}}}]
    async with Upstream() as upstream:
        await serve(upstream, Delivery("", tools=tools, odd={"x": None}, max_tokens=9_999))
        await serve(upstream, Delivery("", stream=False, stream_options={"keep": 1}))
        await serve(upstream, Delivery("", max_completion_tokens=7), model="real-name", key="k")
    first, second, third = upstream.requests
    assert first["tools"] == tools
    assert first["odd"] == {"x": None}
    assert first["max_tokens"] == 4_096
    assert first["model"] == "served-model"
    assert second["stream"] is True
    assert second["stream_options"] == {"keep": 1, "include_usage": True}
    assert second["max_tokens"] == 4_096
    assert third["max_completion_tokens"] == 7
    assert "max_tokens" not in third
    assert third["model"] == "real-name"
    assert upstream.headers[2][b"authorization"] == b"Bearer k"


async def test_counts_that_are_no_numbers_are_the_clients_fault() -> None:
    async with Upstream() as upstream:
        for field in ("n", "max_tokens"):
            with pytest.raises(BackendError, match=field) as caught:
                await serve(upstream, Delivery("", **{field: "many"}))
            assert caught.value.kind == CLIENT_FAULT
    assert not upstream.requests


async def test_cancelling_closes_the_upstreams_connection_at_once() -> None:
    loop = asyncio.get_running_loop()
    delivery = Delivery("mode=hang:3")
    async with Upstream() as upstream:
        serving = asyncio.ensure_future(serve(upstream, delivery))
        await until(lambda: len(delivery.events) == 3)
        cancelled_at_s = loop.time()
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)
        await until(lambda: upstream.left_at_s)
    assert upstream.left_at_s[0] - cancelled_at_s < 1.0


async def test_without_window_nothing_is_sent_and_the_upstream_waits() -> None:
    delivery = Delivery("mode=gap:1", window_bytes=100)
    async with Upstream() as upstream:
        serving = asyncio.ensure_future(serve(upstream, delivery))
        await asyncio.sleep(0.15)
        sent = len(delivery.events)
        assert sent < 4
        await asyncio.sleep(0.05)
        assert len(delivery.events) == sent
        delivery.call.grant(PLENTY)
        await serving
    assert delivery.text() == WORD * CHUNKS


async def test_pieces_are_joined_only_when_many_are_ready() -> None:
    fast, slow = Delivery(""), Delivery("mode=gap:2")
    async with Upstream() as upstream:
        await serve(upstream, fast)
        await serve(upstream, slow)
    assert len(fast.events) < 8
    assert len(slow.events) == CHUNKS + 1
    assert fast.text() == slow.text()


async def test_connections_are_used_again() -> None:
    async with Upstream() as upstream:
        backend = UpstreamBackend(upstream.base_url)
        await backend.start()
        for _ in range(5):
            await backend.answer(Delivery("").call)
        await backend.close()
    assert upstream.connections == 1


def test_parts_make_the_request() -> None:
    request = request_from_json({"model": "m", "messages": [{"role": "user", "content": "x" * 99}]})
    data = request.SerializeToString()
    opening = supply_pb2.SupplierOpen(delivery_id="dlv_0123456789abcdef", parts_bytes=len(data))
    events: list[supply_pb2.SupplierEvent] = []
    call = SupplierCall(1, opening, events.append)
    assert not call.is_whole
    for start in range(0, len(data), 10):
        call.take_part(delivery_pb2.RequestPart(data=data[start : start + 10]).data)
    assert call.is_whole
    assert call.request == request
