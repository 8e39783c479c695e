"""Load on a chat endpoint: raw HTTP/1.1 connections that ask again as soon as they are answered.

What is started and compared is in `gateway.py`.
"""

import asyncio
import json
import time
from dataclasses import dataclass, field
from typing import Any

import httptools

TIMEOUT_S = 60.0


@dataclass
class Load:
    """What was measured: seconds to the whole answer and to its first byte, and what went wrong."""

    whole_s: list[float] = field(default_factory=list)
    first_s: list[float] = field(default_factory=list)
    wall_s: float = 0.0
    bad: int = 0

    def millis(self, share: float, of: str = "whole_s") -> float:
        """Answer a percentile in milliseconds."""
        ordered = sorted(getattr(self, of))
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1_000 if ordered else 0.0


class _Connection(asyncio.Protocol):
    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        self._answered: asyncio.Future[bool] | None = None

    def connection_lost(self, exc: Exception | None) -> None:
        if self._answered is not None and not self._answered.done():
            self._answered.set_result(False)

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_body(self, body: bytes) -> None:
        self.first_s = self.first_s or time.perf_counter()
        self.is_done = self.is_done or b"[DONE]" in body

    def on_message_complete(self) -> None:
        if self._answered is not None and not self._answered.done():
            self._answered.set_result(self._parser.get_status_code() == 200)

    def ask(self, request: bytes) -> "asyncio.Future[bool]":
        self._parser = httptools.HttpResponseParser(self)
        self.first_s, self.is_done = 0.0, False
        self._answered = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return self._answered

    def close(self) -> None:
        self._transport.close()


def request_bytes(model: str, key: str, *, stream: bool, prompt: str) -> bytes:
    """Answer one request as it goes over the wire."""
    body: dict[str, Any] = {"model": model, "messages": [{"role": "user", "content": prompt}]}
    if stream:
        body |= {"stream": True, "stream_options": {"include_usage": True}}
    data = json.dumps(body).encode()
    head = (
        "POST /v1/chat/completions HTTP/1.1\r\nhost: 127.0.0.1\r\n"
        f"content-type: application/json\r\ncontent-length: {len(data)}\r\n"
        f"authorization: Bearer {key}\r\n\r\n"
    )
    return head.encode() + data


async def run_load(port: int, request: bytes, *, connections: int, calls: int) -> Load:
    """Ask `calls` times over `connections` connections at once."""
    load = Load()
    left = calls
    is_stream = b'"stream": true' in request

    async def client() -> None:
        nonlocal left
        loop = asyncio.get_running_loop()
        _, connection = await loop.create_connection(_Connection, "127.0.0.1", port)
        while left > 0:
            left -= 1
            began_s = time.perf_counter()
            good = await asyncio.wait_for(connection.ask(request), TIMEOUT_S)
            ended_s = time.perf_counter()
            if not good or (is_stream and not connection.is_done):
                load.bad += 1
                continue
            load.whole_s.append(ended_s - began_s)
            load.first_s.append(connection.first_s - began_s)
        connection.close()

    began_s = time.perf_counter()
    await asyncio.gather(*(client() for _ in range(connections)))
    load.wall_s = time.perf_counter() - began_s
    return load
