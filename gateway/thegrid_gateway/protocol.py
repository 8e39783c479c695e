"""The HTTP/1.1 side of a connection, with the limits that uvicorn leaves open.

It bounds connections in number and heads in length and time; bodies are bounded where they are
read.
"""

import asyncio
import json
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from thegrid_gateway.config import Config
from thegrid_gateway.errors import INVALID, UNAVAILABLE, ApiError

_CONTINUE = b"HTTP/1.1 100 "


class _Corked:
    """A connection that holds the head of an answer until its body comes: one write, not two."""

    __slots__ = ("_head", "_is_begun", "_transport")

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._head = b""
        self._is_begun = False

    def write(self, data: bytes) -> None:
        """Write, or hold what is the head."""
        if self._is_begun:
            self._transport.write(self._head + data if self._head else data)
            self._head = b""
        elif data.startswith(_CONTINUE):
            self._transport.write(data)
        else:
            self._is_begun = True
            self._head = data

    def is_closing(self) -> bool:
        """Answer whether the connection is being closed."""
        return self._transport.is_closing()

    def close(self) -> None:
        """Close when all is written."""
        if self._head:
            self._transport.write(self._head)
            self._head = b""
        self._transport.close()


class LimitedProtocol(HttpToolsProtocol):
    """A connection whose heads must be short and prompt, and one of not too many."""

    def __init__(self, limits: Config, **named: Any) -> None:
        super().__init__(**named)
        self._connections_max = limits.connections_max
        self._header_max_bytes = limits.header_max_bytes
        self._header_timeout_s = limits.header_timeout_s
        self._head_bytes = 0
        self._head_timer: asyncio.TimerHandle | None = None
        self._is_in_head = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for a head."""
        super().connection_made(transport)
        if len(self.connections) > self._connections_max:
            self._refuse(503, "The gateway has no free connection; try again shortly.")
        else:
            self._arm()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop to wait."""
        self._disarm()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take bytes; a head that is too long or does not end is refused."""
        self._head_bytes += len(data)
        super().data_received(data)
        if self.transport.is_closing():
            return
        is_idle = self.cycle is None or self.cycle.response_complete
        if not self._is_in_head and not is_idle:
            self._head_bytes = 0
        elif self._head_bytes > self._header_max_bytes:
            self._refuse(431, f"The head is longer than {self._header_max_bytes} bytes.")
        elif self._head_timer is None:
            self._arm()

    def on_message_begin(self) -> None:
        """Begin a request; its answer may need to end the connection by force."""
        super().on_message_begin()
        self._is_in_head = True
        scope: Any = self.scope
        scope["thegrid.transport"] = self.transport

    def on_headers_complete(self) -> None:
        """End a head."""
        head_bytes, self._head_bytes = self._head_bytes, 0
        self._is_in_head = False
        self._disarm()
        lengths = sum(len(name) + len(value) for name, value in self.headers)
        if head_bytes > self._header_max_bytes < lengths + len(self.url):
            self._refuse(431, f"The head is longer than {self._header_max_bytes} bytes.")
            return
        super().on_headers_complete()
        cycle: Any = self.cycle
        # Answers to POST always have a body; one to HEAD has none that would release its head.
        if cycle is not None and self.scope["method"] == "POST":
            cycle.transport = _Corked(self.transport)

    def on_body(self, body: bytes) -> None:
        """Take a piece of the body, unless the request was refused by its head."""
        if not self.transport.is_closing():
            super().on_body(body)

    def on_message_complete(self) -> None:
        """End a request, unless it was refused by its head."""
        if not self.transport.is_closing():
            super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no HTTP."""
        self._refuse(400, msg)

    def _arm(self) -> None:
        self._head_timer = self.loop.call_later(self._header_timeout_s, self._expire)

    def _disarm(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _expire(self) -> None:
        self._head_timer = None
        if not self.transport.is_closing():
            self._refuse(408, f"The head did not arrive within {self._header_timeout_s:g} s.")

    def _refuse(self, status: int, message: str) -> None:
        is_busy = status == 503
        error = ApiError(
            status,
            message,
            type=UNAVAILABLE if is_busy else INVALID,
            code="too_many_connections" if is_busy else "invalid_http",
        )
        body = json.dumps(error.body()).encode()
        self.transport.write(
            STATUS_LINE[status]
            + b"content-type: application/json\r\nconnection: close\r\n"
            + b"x-should-retry: %b\r\n" % (b"true" if is_busy else b"false")
            + b"content-length: %d\r\n\r\n" % len(body)
            + body
        )
        self.transport.close()
