"""The operator's port: /metrics, /healthz and /readyz over plain HTTP, for probes and scrapers.

It answers GET alone and tells nothing of any member.
"""

import asyncio
from collections.abc import Callable
from http import HTTPStatus
from typing import Final

REQUEST_BYTES: Final = 8_192
REQUEST_SECONDS: Final = 5.0
_TEXT: Final = "text/plain; charset=utf-8"
_METRICS: Final = "text/plain; version=0.0.4; charset=utf-8"

Answer = tuple[HTTPStatus, str, bytes]


class OperatorPort:
    """A tiny HTTP server with three pages."""

    def __init__(self, exposition: Callable[[], bytes], is_ready: Callable[[], bool]) -> None:
        self._exposition, self._is_ready = exposition, is_ready
        self._server: asyncio.Server | None = None
        self.port = 0

    async def start(self, host: str, port: int) -> int:
        """Open the port; answers which. Raises OSError when it is taken."""
        self._server = await asyncio.start_server(self._serve, host, port, limit=REQUEST_BYTES)
        self.port = int(self._server.sockets[0].getsockname()[1])
        return self.port

    async def stop(self) -> None:
        """Close the port."""
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(REQUEST_SECONDS):
                head = await reader.readuntil(b"\r\n\r\n")
                status, kind, body = self._answer(head.split(b"\r\n", 1)[0])
                writer.write(
                    f"HTTP/1.1 {status.value} {status.phrase}\r\nContent-Type: {kind}\r\n"
                    f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode()
                    + body
                )
                await writer.drain()
        except (TimeoutError, OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # a probe that left, or something that speaks no HTTP
        finally:
            writer.close()

    def _answer(self, line: bytes) -> Answer:
        method, _, rest = line.partition(b" ")
        path = rest.split(b" ", 1)[0].split(b"?", 1)[0]
        if method not in (b"GET", b"HEAD"):
            return HTTPStatus.METHOD_NOT_ALLOWED, _TEXT, b"GET alone is answered here\n"
        if path == b"/metrics":
            return HTTPStatus.OK, _METRICS, self._exposition()
        if path == b"/healthz":
            return HTTPStatus.OK, _TEXT, b"ok\n"
        if path == b"/readyz":
            if self._is_ready():
                return HTTPStatus.OK, _TEXT, b"ready\n"
            return HTTPStatus.SERVICE_UNAVAILABLE, _TEXT, b"not ready\n"
        return HTTPStatus.NOT_FOUND, _TEXT, b"there is /metrics, /healthz and /readyz\n"
