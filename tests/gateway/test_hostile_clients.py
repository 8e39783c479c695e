"""A gateway's own process under clients that mean ill: it bounds them, serves others, tells nobody
their keys. What each limit answers is in `test_limits.py`.
"""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import psutil

from tests.support.gateway import gateway_process, until_ready
from tests.support.stand_in import CALLER_KEY, GATEWAY_KEY, StandIn

AUTHORIZATION = {"authorization": f"Bearer {CALLER_KEY}"}
BODY: dict[str, Any] = {"model": "m", "messages": [{"role": "user", "content": "my own words"}]}
CHAT = "/v1/chat/completions"
HEAD = f"POST {CHAT} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {CALLER_KEY}\r\n".encode()
FLOOD = 150


class Raw:
    """Connections by hand to one gateway."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.writers: list[asyncio.StreamWriter] = []

    async def open(self, data: bytes) -> asyncio.StreamReader:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        self.writers.append(writer)
        writer.write(data)
        return reader

    async def drip(self, data: bytes, every_s: float) -> bytes:
        """Send a byte at a time for as long as it is listened to; answer what comes back."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        self.writers.append(writer)
        answered = asyncio.ensure_future(reader.read())
        with contextlib.suppress(ConnectionError):
            for at in range(len(data)):
                writer.write(data[at : at + 1])
                await asyncio.wait({answered}, timeout=every_s)
                if answered.done():
                    break
        return await answered


@contextlib.asynccontextmanager
async def raw_to(base_url: str) -> AsyncIterator[Raw]:
    raw = Raw(httpx.URL(base_url).port or 0)
    try:
        yield raw
    finally:
        for writer in raw.writers:
            writer.close()
        await asyncio.gather(*(one.wait_closed() for one in raw.writers), return_exceptions=True)


async def test_drips_are_cut_off_and_others_are_served(exchange: StandIn) -> None:
    settings = {
        "GRID_GATEWAY_KEY": GATEWAY_KEY,
        "GRID_GATEWAY_HEADER_TIMEOUT_S": "1",
        "GRID_GATEWAY_BODY_TIMEOUT_S": "1",
        "GRID_GATEWAY_HEADER_MAX_BYTES": "4000",
        "GRID_GATEWAY_BODY_MAX_BYTES": "100000",
    }
    body_head = HEAD + b"content-length: 5000\r\n\r\n"
    chunk_head = HEAD + b"transfer-encoding: chunked\r\n\r\n"
    async with (
        gateway_process("--port", "0", "--grpc", exchange.target, **settings) as (
            running,
            base_url,
        ),
        raw_to(base_url) as raw,
        httpx.AsyncClient(headers=AUTHORIZATION) as http,
    ):
        origin = base_url.removesuffix("/v1")
        await until_ready(http, origin)
        memory = psutil.Process(running.pid).memory_info().rss
        # Each byte comes well before any time is up; the whole never would.
        drips = [
            asyncio.ensure_future(raw.drip(data, 0.05))
            for data in (HEAD + b"x-more: 1\r\n" * 90, b"GET /" + b"a" * 900)
            for _ in range(FLOOD // 4)
        ]
        halves = [await raw.open(body_head + b"{" * 100) for _ in range(FLOOD // 4)]
        halves += [await raw.open(chunk_head + b"1\r\n{\r\n") for _ in range(FLOOD // 4)]
        for _ in range(20):
            answer = await http.post(origin + CHAT, json=BODY, timeout=5)
            assert answer.status_code == 200
        async with asyncio.timeout(10):
            cut = await asyncio.gather(*drips, *(half.read() for half in halves))
        assert {answer[:12] for answer in cut} == {b"HTTP/1.1 408"}
        endless = await raw.open(chunk_head)
        flooding = raw.writers[-1]
        with contextlib.suppress(ConnectionError):
            for _ in range(60):
                flooding.write(b"1000\r\n" + b" " * 4096 + b"\r\n")
                await flooding.drain()
        async with asyncio.timeout(5):
            assert (await endless.read()).startswith(b"HTTP/1.1 413")
        long = await raw.open(HEAD + b"x-long: " + b"a" * 9_000 + b"\r\n\r\n")
        async with asyncio.timeout(5):
            assert (await long.read()).startswith(b"HTTP/1.1 431")
        assert (await http.get(origin + "/healthz")).status_code == 200
        grown = psutil.Process(running.pid).memory_info().rss - memory
        assert grown < 40 * 1024 * 1024
    assert len(exchange.calls) == 20


async def test_keys_and_words_are_in_no_log(exchange: StandIn, tmp_path: Path) -> None:
    log = tmp_path / "log"
    settings = {"GRID_GATEWAY_KEY": GATEWAY_KEY, "GRID_GATEWAY_LOG_LEVEL": "debug"}
    with log.open("wb") as sink:
        async with (
            gateway_process("--port", "0", "--grpc", exchange.target, stderr=sink, **settings) as (
                _,
                base_url,
            ),
            raw_to(base_url) as raw,
            httpx.AsyncClient() as http,
        ):
            origin = base_url.removesuffix("/v1")
            await until_ready(http, origin)
            for headers in (AUTHORIZATION, {"x-api-key": CALLER_KEY}):
                for stream in (False, True):
                    asked = {**BODY, "stream": stream}
                    answer = await http.post(origin + CHAT, json=asked, headers=headers)
                    assert answer.status_code == 200
            wrong = {**BODY, "temperature": CALLER_KEY}
            assert (await http.post(origin + CHAT, json=wrong, headers=AUTHORIZATION)).is_error
            await http.get(f"{base_url}/usage/{CALLER_KEY}", headers=AUTHORIZATION)
            await http.get(f"{base_url}/usage?after={CALLER_KEY}", headers=AUTHORIZATION)
            broken = [HEAD + b"\x00\x01: y\r\n\r\n", HEAD + b"content-length: -1\r\n\r\n"]
            broken.append(HEAD + b"content-length: 9\r\n\r\n" + json.dumps(BODY).encode())
            for data in broken:
                reader = await raw.open(data)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(1):
                        await reader.read()
            # A fault in mid-request, with all that it knows at hand.
            await exchange.stop()
            lost = await http.post(origin + CHAT, json=BODY, headers=AUTHORIZATION, timeout=10)
            assert lost.status_code == 503
    said = log.read_text()
    assert said, "a gateway that is to say all says something"
    for secret in (CALLER_KEY, GATEWAY_KEY, "my own words"):
        assert secret not in said


async def test_pages_of_named_origins_may_call_and_no_others(exchange: StandIn) -> None:
    settings = {
        "GRID_GATEWAY_KEY": GATEWAY_KEY,
        "GRID_GATEWAY_CORS_ORIGINS": "https://a.example, https://b.example",
    }
    async with (
        gateway_process("--port", "0", "--grpc", exchange.target, **settings) as (_, base_url),
        httpx.AsyncClient() as http,
    ):
        origin = base_url.removesuffix("/v1")
        await until_ready(http, origin)
        for page, may in (("https://b.example", True), ("https://c.example", False)):
            asking = {
                "origin": page,
                "access-control-request-method": "POST",
                "access-control-request-headers": "authorization, content-type",
            }
            asked = await http.options(origin + CHAT, headers=asking)
            headers = {**AUTHORIZATION, "origin": page}
            answered = await http.post(origin + CHAT, json=BODY, headers=headers)
            streamed = await http.post(
                origin + CHAT, json={**BODY, "stream": True}, headers=headers
            )
            for answer in (asked, answered, streamed):
                named = answer.headers.get("access-control-allow-origin")
                assert (named == page) is may
                assert "access-control-allow-credentials" not in answer.headers
            assert asked.is_success is may
            assert streamed.text.endswith("data: [DONE]\n\n")
