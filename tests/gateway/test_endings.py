"""How answers end when somebody leaves, falls behind or breaks: never silently short."""

import asyncio
import json
from typing import Any

import httpx
import openai
import pytest

from tests.support.gateway import RunningGateway, running_gateway, stream_text
from tests.support.stand_in import CALLER_KEY, GATEWAY_KEY, Call, StandIn, hello, status
from tests.support.until import until

HELLO: list[Any] = [{"role": "user", "content": "hi"}]
BODY: dict[str, Any] = {"model": "text-prime", "messages": HELLO}
STREAM = {**BODY, "stream": True}
AUTHORIZATION = {"authorization": f"Bearer {CALLER_KEY}"}
SOON_S = 1.0


async def broken_off(call: Call) -> None:
    call.start()
    await call.say("Hel")
    await asyncio.sleep(0.05)
    call.fail(status("SUPPLIER_LOST", "the supplier was lost"))


async def endless(call: Call) -> None:
    call.start()
    while not call.cancelled.is_set():
        await call.say("x" * 1_000)
        await asyncio.sleep(0)


async def silent(call: Call) -> None:
    call.start()
    await call.say("Hel")
    await call.cancelled.wait()


async def raw_stream(http: httpx.AsyncClient) -> tuple[str, Exception | None]:
    return await stream_text(http, "/chat/completions", STREAM)


async def test_a_stream_that_fails_ends_with_an_error_and_abnormally(
    http: httpx.AsyncClient, exchange: StandIn
) -> None:
    exchange.script = broken_off
    text, broken = await raw_stream(http)
    assert isinstance(broken, httpx.RemoteProtocolError)
    *_, receipt, last = text.strip().split("\n\n")
    error = json.loads(last.removeprefix("data: "))["error"]
    assert error == {
        "message": "the supplier was lost",
        "type": "server_error",
        "param": None,
        "code": "supplier_lost",
    }
    assert receipt.startswith(": receipt ")
    assert "[DONE]" not in text
    assert '"finish_reason":"' not in text


async def test_openais_client_raises_on_a_stream_that_fails(
    client: openai.AsyncOpenAI, exchange: StandIn
) -> None:
    exchange.script = broken_off
    stream = await client.chat.completions.create(model="m", messages=HELLO, stream=True)
    opening, first = await anext(stream), await anext(stream)
    assert opening.choices[0].delta.role == "assistant"
    assert first.choices[0].delta.content == "Hel"
    with pytest.raises(openai.APIError, match="the supplier was lost"):
        await anext(stream)


async def test_a_plain_answer_that_fails_is_an_error_status(
    http: httpx.AsyncClient, exchange: StandIn
) -> None:
    exchange.script = broken_off
    answer = await http.post("/chat/completions", json=BODY)
    assert answer.status_code == 502
    assert answer.headers["x-should-retry"] == "true"


async def test_a_lost_session_breaks_its_streams_and_is_dialled_again(
    http: httpx.AsyncClient, exchange: StandIn
) -> None:
    exchange.script = silent
    running = asyncio.ensure_future(raw_stream(http))
    await until(lambda: exchange.calls and exchange.calls[0].sent_bytes)
    place = exchange.target
    await exchange.stop()
    text, broken = await running
    assert isinstance(broken, httpx.RemoteProtocolError)
    assert '"code":"exchange_unavailable"' in text
    assert "[DONE]" not in text
    exchange.script = hello
    await exchange.listen(place)
    async with asyncio.timeout(5):
        while (await http.post("/chat/completions", json=BODY)).status_code != 200:  # noqa: ASYNC110
            await asyncio.sleep(0.05)


async def test_sessions_that_drain_are_followed_by_new_ones(
    http: httpx.AsyncClient, exchange: StandIn
) -> None:
    release = asyncio.Event()

    async def patient(call: Call) -> None:
        call.start()
        await call.say("a")
        await release.wait()
        call.end()

    exchange.script = patient
    running = asyncio.ensure_future(http.post("/chat/completions", json=BODY))
    await until(lambda: exchange.calls)
    exchange.drain_sessions.set()
    await until(lambda: exchange.sessions >= 2)
    exchange.drain_sessions.clear()
    release.set()
    assert (await running).status_code == 200
    assert (await http.post("/chat/completions", json=BODY)).status_code == 200


@pytest.mark.parametrize("stream", [False, True])
async def test_a_client_that_leaves_cancels_its_call(
    gateway: RunningGateway, exchange: StandIn, stream: bool
) -> None:
    exchange.script = silent
    reader, writer = await _begin(gateway, {**BODY, "stream": stream})
    await until(lambda: exchange.calls and exchange.calls[0].sent_bytes)
    if stream:
        await reader.readuntil(b"Hel")
    writer.close()
    await until(exchange.calls[0].cancelled.is_set, timeout_s=SOON_S)
    assert exchange.calls[0].cancel_reason == "client_left"
    async with httpx.AsyncClient() as http:
        text = (await http.get(f"{gateway.origin}/metrics")).text
    assert 'requests_total{endpoint="chat",status="' in text


async def test_a_client_that_leaves_before_the_first_token_cancels_its_call(
    gateway: RunningGateway, exchange: StandIn
) -> None:
    async def never(call: Call) -> None:
        await call.cancelled.wait()

    exchange.script = never
    _, writer = await _begin(gateway, STREAM)
    await until(lambda: exchange.calls)
    writer.transport.abort()
    await until(exchange.calls[0].cancelled.is_set, timeout_s=SOON_S)


async def _begin(
    gateway: RunningGateway, body: dict[str, Any]
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    data = json.dumps(body).encode()
    reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port, limit=1 << 14)
    head = f"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: {len(data)}\r\n"
    writer.write(f"{head}authorization: Bearer {CALLER_KEY}\r\n\r\n".encode() + data)
    await writer.drain()
    return reader, writer


async def test_a_slow_reader_slows_only_its_own_call(
    gateway: RunningGateway, exchange: StandIn
) -> None:
    exchange.script = endless
    reader, writer = await _begin(gateway, STREAM)
    await reader.readexactly(100)
    call = exchange.calls[0]
    sent_bytes = -1
    # What lies in the sockets of this machine comes on top of the window.
    while call.sent_bytes != sent_bytes:
        sent_bytes = call.sent_bytes
        assert sent_bytes < 32 * 1024 * 1024
        await asyncio.sleep(0.3)
    assert call.window_bytes <= 0
    exchange.script = hello
    async with httpx.AsyncClient(base_url=gateway.base_url, headers=AUTHORIZATION) as http:
        assert (await http.post("/chat/completions", json=BODY)).status_code == 200
    writer.close()
    await until(call.cancelled.is_set)


async def test_a_client_that_never_reads_is_cut_off(exchange: StandIn) -> None:
    exchange.script = endless
    async with running_gateway(exchange.target, GATEWAY_KEY, stalled_client_s=0.2) as gateway:
        _, writer = await _begin(gateway, STREAM)
        await until(lambda: exchange.calls)
        await until(exchange.calls[0].cancelled.is_set)
        assert exchange.calls[0].cancel_reason == "client_stalled"
        writer.close()


async def test_a_reader_gets_all_of_a_long_answer(
    http: httpx.AsyncClient, exchange: StandIn
) -> None:
    async def long(call: Call) -> None:
        call.start()
        for _ in range(3_000):
            await call.say("y" * 1_000)
        call.end()

    exchange.script = long
    answer = await http.post("/chat/completions", json=BODY, timeout=30)
    assert answer.json()["choices"][0]["message"]["content"] == "y" * 3_000_000
    text, broken = await raw_stream(http)
    assert broken is None
    assert text.count("y") >= 3_000_000


async def test_a_silent_stream_says_that_it_is_alive(exchange: StandIn) -> None:
    release = asyncio.Event()

    async def thinking(call: Call) -> None:
        call.start()
        await call.say("a")
        await release.wait()
        call.end()

    exchange.script = thinking
    async with (
        running_gateway(exchange.target, GATEWAY_KEY, heartbeat_s=0.05) as gateway,
        httpx.AsyncClient(base_url=gateway.base_url, headers=AUTHORIZATION) as http,
        http.stream("POST", "/chat/completions", json=STREAM) as answer,
    ):
        text = ""
        async for piece in answer.aiter_text():
            text += piece
            if ": keep-alive\n\n" in text:
                release.set()
    assert text.endswith("data: [DONE]\n\n")


async def test_draining_lets_running_streams_finish(exchange: StandIn) -> None:
    release = asyncio.Event()

    async def patient(call: Call) -> None:
        call.start()
        await call.say("a")
        await release.wait()
        call.end()

    exchange.script = patient
    async with running_gateway(exchange.target, GATEWAY_KEY, grace_s=5.0) as gateway:
        async with httpx.AsyncClient(base_url=gateway.base_url, headers=AUTHORIZATION) as http:
            running = asyncio.ensure_future(raw_stream(http))
            await until(lambda: exchange.calls)
            stopping = asyncio.ensure_future(gateway.stop())
            await asyncio.sleep(0.2)
            with pytest.raises(httpx.ConnectError):
                await http.get(gateway.origin + "/readyz")
            release.set()
            text, broken = await running
        await stopping
    assert broken is None
    assert text.endswith("data: [DONE]\n\n")


async def test_what_outlives_the_grace_is_cut_and_not_ended(exchange: StandIn) -> None:
    exchange.script = silent
    async with (
        running_gateway(exchange.target, GATEWAY_KEY, grace_s=1.0) as gateway,
        httpx.AsyncClient(base_url=gateway.base_url, headers=AUTHORIZATION) as http,
    ):
        running = asyncio.ensure_future(raw_stream(http))
        await until(lambda: exchange.calls and exchange.calls[0].sent_bytes)
        await gateway.stop()
        text, broken = await running
    assert broken is not None
    assert "[DONE]" not in text
    await until(exchange.calls[0].cancelled.is_set)
