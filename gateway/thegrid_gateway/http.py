"""One HTTP exchange as the endpoints see it: headers, body within its limits, answers.

Routing is Starlette's, the wire is uvicorn's.
"""

import asyncio
import contextlib
import hashlib
import re
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from starlette.types import Receive, Scope, Send

from thegrid.identifiers import new_delivery_id
from thegrid_gateway import json_text
from thegrid_gateway.config import Config
from thegrid_gateway.errors import ApiError, body_too_large, body_too_slow, key_missing

if TYPE_CHECKING:
    from thegrid_gateway.traces import Trace

Headers = list[tuple[bytes, bytes]]

_LINGER_S = 2.0

_VALID_ID = re.compile(rb"[A-Za-z0-9._:/+=-]{1,128}")
_SECRET = re.compile(rb"[\x21-\x7e]{1,512}")
_TRACEPARENT = re.compile(rb"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")


class ClientLeft(Exception):
    """The client hung up before its request was whole."""


class Http:
    """One request and its answer."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, config: Config) -> None:
        self.began_s = time.perf_counter()
        self._scope = scope
        self._receive = receive
        self._send = send
        self._config = config
        self._headers: dict[bytes, bytes] = dict(scope["headers"])
        self.has_begun = False
        self.token = new_delivery_id().removeprefix("dlv_")
        """A fresh word that names this request wherever it has no name of its own."""
        self.request_id = self._choose_request_id()
        self.is_messages = False
        """Whether the surface is Anthropic's, whose errors have a shape of their own."""
        self.status = 0
        self.error_code = ""
        """Code of the error that the answer is, or broke off with."""
        self.trace: Trace | None = None
        """The span of the request, where requests are traced."""
        self.content_hash = b""
        """SHA-256 of path and body, once it is read, where an Idempotency-Key asks for it."""

    def header(self, name: bytes) -> bytes:
        """Answer a header of the request by its name in lower case; empty when there is none."""
        return self._headers.get(name, b"")

    def _choose_request_id(self) -> str:
        for name in (b"x-request-id", b"x-client-request-id"):
            value = self._headers.get(name)
            if value and _VALID_ID.fullmatch(value):
                return value.decode()
        return "req_" + self.token

    @property
    def has_credential(self) -> bool:
        """Whether the caller gave a key, good or bad."""
        return b"authorization" in self._headers or b"x-api-key" in self._headers

    def credential(self) -> str:
        """Answer the caller's key, a bearer token or `x-api-key`. Raises ApiError without one."""
        scheme, _, secret = self.header(b"authorization").partition(b" ")
        secret = secret.strip()
        if scheme.lower() != b"bearer":
            secret = self.header(b"x-api-key").strip()
        if not _SECRET.fullmatch(secret):
            raise key_missing()
        return secret.decode()

    def traceparent(self) -> str:
        """Answer the W3C trace context of the caller; empty when there is no valid one."""
        value = self.header(b"traceparent")
        return value.decode() if _TRACEPARENT.fullmatch(value) else ""

    async def body(self) -> bytes:
        """Answer the whole body. Raises ApiError past a limit, ClientLeft when it never came."""
        body = await self._whole_body()
        if self.header(b"idempotency-key"):
            path = self._scope["path"].encode()
            self.content_hash = hashlib.sha256(path + b"\0" + body).digest()
        return body

    async def _whole_body(self) -> bytes:
        limit_bytes = self._config.body_max_bytes
        stated = self.header(b"content-length")
        if stated.isdigit() and int(stated) > limit_bytes:
            raise body_too_large(limit_bytes)
        first = await self._receive_within()
        body: bytes = first.get("body", b"")
        if not first.get("more_body"):
            return body
        whole = bytearray(body)
        ends_at_s = asyncio.get_running_loop().time() + self._config.body_timeout_s
        while True:
            message = await self._receive_within(ends_at_s)
            whole += message.get("body", b"")
            if len(whole) > limit_bytes:
                raise body_too_large(limit_bytes)
            if not message.get("more_body"):
                return bytes(whole)

    async def _receive_within(self, ends_at_s: float | None = None) -> dict[str, Any]:
        if ends_at_s is None:
            ends_at_s = asyncio.get_running_loop().time() + self._config.body_timeout_s
        try:
            async with asyncio.timeout_at(ends_at_s):
                message = await self._receive()
        except TimeoutError:
            raise body_too_slow(self._config.body_timeout_s) from None
        if message["type"] == "http.disconnect":
            raise ClientLeft
        return dict(message)

    async def left(self) -> None:
        """Wait until the client has hung up, or the answer is whole."""
        while (await self._receive())["type"] != "http.disconnect":
            pass

    async def begin(self, status: int, headers: Sequence[tuple[bytes, bytes]]) -> None:
        """Send the head of the answer."""
        self.has_begun = True
        self.status = status
        request_id = self.request_id.encode()
        head = [(b"x-request-id", request_id), *headers]
        if self.is_messages:
            head.append((b"request-id", request_id))
        await self._send({"type": "http.response.start", "status": status, "headers": head})

    async def write(self, piece: bytes, *, more: bool) -> None:
        """Send a piece of the body; waits while the client does not read."""
        await self._send({"type": "http.response.body", "body": piece, "more_body": more})

    async def answer(
        self,
        status: int,
        value: Any,
        headers: Sequence[tuple[bytes, bytes]] = (),
        *,
        lingers: bool = False,
    ) -> None:
        """Send a whole answer of JSON; `lingers` takes what still comes of the request first."""
        body = json_text.write(value)
        await self.begin(
            status,
            [
                (b"content-type", b"application/json"),
                (b"content-length", str(len(body)).encode()),
                *headers,
            ],
        )
        if lingers:
            await self.write(body, more=True)
            await self._discard()
            body = b""
        await self.write(body, more=False)

    async def _discard(self) -> None:
        """Take the rest of a body that is not wanted, for a while.

        To close before would reset the connection, and the answer could be lost on its way.
        """
        left_bytes = self._config.body_max_bytes
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_LINGER_S):
                while left_bytes > 0:
                    message = await self._receive()
                    if message["type"] == "http.disconnect" or not message.get("more_body"):
                        return
                    left_bytes -= len(message.get("body", b""))

    async def refuse(self, error: ApiError, headers: Sequence[tuple[bytes, bytes]] = ()) -> None:
        """Send a whole answer that is an error."""
        self.error_code = error.code or error.type
        more = [*headers, *error.headers, *error.retry_headers()]
        if error.status in (408, 413):
            # What is left of the body is not read, so the connection cannot be used again.
            more.append((b"connection", b"close"))
        lingers = error.status == 413
        if self.is_messages:
            body = error.messages_body(self.request_id)
            await self.answer(error.messages_status, body, more, lingers=lingers)
        else:
            await self.answer(error.status, error.body(), more, lingers=lingers)

    def abort(self) -> None:
        """End the answer abnormally: the connection closes without the end of the body."""
        transport = self._scope.get("thegrid.transport")
        if transport is not None:
            transport.close()

    def drop(self) -> None:
        """Cut the connection at once, whatever the client has not read yet."""
        transport = self._scope.get("thegrid.transport")
        if transport is not None:
            transport.abort()
