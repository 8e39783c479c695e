"""What is too long, too deep or too slow is refused with a clear error, and costs little."""

import asyncio
import json
from collections.abc import AsyncIterator

import httpx
import pytest

from tests.support.gateway import RunningGateway, running_gateway
from tests.support.stand_in import CALLER_KEY, GATEWAY_KEY, StandIn
from thegrid_gateway.json_text import JsonError, parse, write

AUTHORIZATION = {"authorization": f"Bearer {CALLER_KEY}"}
BODY = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}


@pytest.fixture
async def narrow(exchange: StandIn) -> AsyncIterator[RunningGateway]:
    async with running_gateway(
        exchange.target,
        GATEWAY_KEY,
        body_max_bytes=10_000,
        body_timeout_s=0.2,
        header_max_bytes=2_000,
        header_timeout_s=0.2,
        messages_max=5,
        json_depth_max=8,
    ) as gateway:
        yield gateway


async def exchange_bytes(gateway: RunningGateway, *pieces: bytes) -> bytes:
    """Send raw bytes on a fresh connection; answer all that comes back."""
    reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
    try:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
        async with asyncio.timeout(3):
            return await reader.read()
    finally:
        writer.close()
        await asyncio.gather(writer.wait_closed(), return_exceptions=True)


async def test_long_bodies(narrow: RunningGateway, exchange: StandIn) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(11):
            yield b" " * 1_000

    async with httpx.AsyncClient(base_url=narrow.base_url, headers=AUTHORIZATION) as http:
        for content in (b" " * 10_001, pieces()):
            answer = await http.post("/chat/completions", content=content)
            assert answer.status_code == 413
            assert answer.json()["error"]["code"] == "request_too_large"
            assert answer.headers["connection"] == "close"
        assert (await http.post("/chat/completions", json=BODY)).status_code == 200
    assert len(exchange.calls) == 1


async def test_many_messages_and_deep_json(narrow: RunningGateway) -> None:
    async with httpx.AsyncClient(base_url=narrow.base_url, headers=AUTHORIZATION) as http:
        many = {"model": "m", "messages": BODY["messages"] * 6}  # type: ignore[operator]
        answer = await http.post("/chat/completions", json=many)
        assert answer.json()["error"]["param"] == "messages"
        deep = {**BODY, "metadata": {"a": [[[[[[[[1]]]]]]]]}}
        answer = await http.post("/chat/completions", json=deep)
        assert answer.status_code == 400
        assert "8 levels" in answer.json()["error"]["message"]


async def test_a_body_that_does_not_arrive(narrow: RunningGateway) -> None:
    head = b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n"
    key = f"authorization: Bearer {CALLER_KEY}\r\n\r\n".encode()
    answer = await exchange_bytes(narrow, head + key, b"{")
    assert answer.startswith(b"HTTP/1.1 408")
    assert b"connection: close" in answer


async def test_a_head_that_does_not_arrive(narrow: RunningGateway) -> None:
    for pieces in ([], [b"GET /heal"], [b"GET /healthz HTTP/1.1\r\nhost: x\r\n"]):
        assert (await exchange_bytes(narrow, *pieces)).startswith(b"HTTP/1.1 408")


async def test_a_second_head_that_does_not_arrive(narrow: RunningGateway) -> None:
    whole = b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n"
    answer = await exchange_bytes(narrow, whole, b"GET /hea")
    assert answer.startswith(b"HTTP/1.1 200")
    assert b"HTTP/1.1 408" in answer


@pytest.mark.parametrize("ending", [b"\r\n", b""])
async def test_a_long_head(narrow: RunningGateway, ending: bytes) -> None:
    head = b"GET /healthz HTTP/1.1\r\nhost: x\r\nx-long: " + b"a" * 3_000 + b"\r\n" + ending
    answer = await exchange_bytes(narrow, head)
    assert answer.startswith(b"HTTP/1.1 431")
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["error"]["code"] == "invalid_http"


async def test_many_connections(exchange: StandIn) -> None:
    async with running_gateway(exchange.target, GATEWAY_KEY, connections_max=2) as gateway:
        held = [await asyncio.open_connection("127.0.0.1", gateway.port) for _ in range(2)]
        await asyncio.sleep(0.05)
        answer = await exchange_bytes(gateway, b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 503")
        assert b"x-should-retry: true" in answer
        assert b'"code": "too_many_connections"' in answer
        for _, writer in held:
            writer.close()
        await asyncio.sleep(0.05)
        async with httpx.AsyncClient(base_url=gateway.origin) as http:
            assert (await http.get("/healthz")).status_code == 200


async def test_what_is_no_http(narrow: RunningGateway) -> None:
    for text in (b"\x16\x03\x01\x02\x00\x01\x00", b"nonsense\r\n\r\n"):
        assert (await exchange_bytes(narrow, text)).startswith(b"HTTP/1.1 400")
    smuggled = (
        b"POST /v1/models HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\n"
        b"transfer-encoding: chunked\r\n\r\n0\r\n\r\n"
    )
    assert (await exchange_bytes(narrow, smuggled)).startswith(b"HTTP/1.1 400")


async def test_requests_in_a_row_on_one_connection(narrow: RunningGateway) -> None:
    whole = b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n"
    last = b"GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"
    answer = await exchange_bytes(narrow, whole + whole + last)
    assert answer.count(b'{"status":"ok"}') == 3


async def test_a_head_alone_and_a_body_that_waits_to_be_asked_for(narrow: RunningGateway) -> None:
    closing = b"host: x\r\nconnection: close\r\n"
    answer = await exchange_bytes(narrow, b"HEAD /healthz HTTP/1.1\r\n" + closing + b"\r\n")
    assert answer.startswith(b"HTTP/1.1 200")
    body = json.dumps(BODY).encode()
    head = b"POST /v1/chat/completions HTTP/1.1\r\nexpect: 100-continue\r\n" + closing
    head += f"authorization: Bearer {CALLER_KEY}\r\ncontent-length: {len(body)}\r\n\r\n".encode()
    reader, writer = await asyncio.open_connection("127.0.0.1", narrow.port)
    writer.write(head)
    async with asyncio.timeout(3):
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 100")
        writer.write(body)
        assert (await reader.read()).startswith(b"HTTP/1.1 200")
    writer.close()


def test_json_is_exact() -> None:
    text = b'{"a": 123456789012345678901234567890, "b": 1.5, "c": 9007199254740993}'
    value = parse(text, 64)
    assert value == {"a": 123456789012345678901234567890, "b": 1.5, "c": 9007199254740993}
    assert json.loads(write(value)) == value
    for bad in (b'{"a": 1e999}', b'{"a": NaN}', b'{"a": -Infinity, "b": 12345678901234567890}'):
        with pytest.raises(JsonError):
            write(parse(bad, 64))


def test_braces_inside_strings_are_no_depth() -> None:
    assert parse(b'{"a": "' + b"[{" * 100 + b'"}', 4)
    with pytest.raises(JsonError):
        parse(b"[" * 5 + b"]" * 5, 4)
    assert parse(b"[" * 4 + b"]" * 4, 4) == [[[[]]]]
