"""The asyncio side of gRPC: one channel, one attempt of a call, one open stream.
Written by hand beside `sync/channel.py`; everything above the two is written once.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any, Generic, TypeVar

import grpc
import grpc.aio
from google.protobuf.message import Message

from thegrid import errors
from thegrid.methods import Method, method_of
from thegrid.settings import Settings

Response = TypeVar("Response", bound=Message)


class Channel:
    """One connection to the exchange, opened at first use inside the running loop."""

    def __init__(self, settings: Settings, channel: grpc.aio.Channel | None = None) -> None:
        self._settings = settings
        self._channel = channel
        self._calls: dict[str, Any] = {}

    async def once(
        self, method: Method, request: Message, response_type: type[Response], timeout_s: float
    ) -> Response:
        """Make one attempt of a unary call. Raises GridError."""
        body = request.SerializeToString()
        call = self._calls.get(method.path)
        if call is None:
            call = self._calls[method.path] = self._opened().unary_unary(
                method.path, _as_is, response_type.FromString
            )
        try:
            metadata = self._settings.credentials.metadata(method.path, body)
            response: Response = await call(body, timeout=timeout_s, metadata=metadata)
        except grpc.RpcError as failure:
            raise errors.from_rpc(failure, method.path) from None
        return response

    def stream(
        self, request: Message, response_type: type[Response], timeout_s: float | None
    ) -> "Incoming[Response]":
        """Open a server stream."""
        method = method_of(type(request))
        opened = self._opened().unary_stream(method.path, _serialize, response_type.FromString)
        metadata = self._settings.credentials.metadata(method.path, b"")
        return Incoming(opened(request, timeout=timeout_s, metadata=metadata), method)

    def duplex(
        self,
        request_type: type[Message],
        requests: AsyncIterator[Message],
        response_type: type[Response],
    ) -> "Incoming[Response]":
        """Open a stream in both directions; `requests` is read as fast as the peer takes them."""
        method = method_of(request_type)
        opened = self._opened().stream_stream(method.path, _serialize, response_type.FromString)
        metadata = self._settings.credentials.metadata(method.path, b"")
        return Incoming(opened(requests, metadata=metadata), method)

    def now_s(self) -> float:
        """Return steady seconds."""
        return time.monotonic()

    async def sleep(self, span_s: float) -> None:
        """Wait."""
        await asyncio.sleep(span_s)

    async def close(self) -> None:
        """End the connection and every call on it. Closing twice is no error."""
        channel, self._channel = self._channel, None
        self._calls.clear()
        if channel is not None:
            await channel.close()

    def _opened(self) -> grpc.aio.Channel:
        if self._channel is None:
            settings = self._settings
            options = settings.channel_options()
            if settings.is_secure:
                self._channel = grpc.aio.secure_channel(
                    settings.target, settings.channel_credentials(), options
                )
            else:
                self._channel = grpc.aio.insecure_channel(settings.target, options)
        return self._channel


class Incoming(Generic[Response]):
    """The frames of an open stream. Whoever opened it cancels it, however it ended."""

    def __init__(self, call: Any, method: Method) -> None:
        self._call = call
        self._method = method

    async def read(self, timeout_s: float | None = None) -> Response | None:
        """Return the next frame, or None at a clean end.

        Raises GridError; a silence of `timeout_s` seconds is Unavailable.
        """
        try:
            async with asyncio.timeout(timeout_s):
                frame = await self._call.read()
        except TimeoutError:
            self.cancel()
            raise errors.Unavailable(
                f"nothing came for {timeout_s:g} s", code="UNAVAILABLE", method=self._method.path
            ) from None
        except grpc.RpcError as failure:
            raise errors.from_rpc(failure, self._method.path) from None
        except asyncio.CancelledError:
            self._raise_if_closed()
            raise
        return None if frame is grpc.aio.EOF else frame

    def cancel(self) -> None:
        """End the stream from this side. Cancelling an ended stream is no error."""
        self._call.cancel()

    def _raise_if_closed(self) -> None:
        """Tell a stream that was cancelled from here apart from a task that was."""
        task = asyncio.current_task()
        if self._call.cancelled() and not (task and task.cancelling()):
            raise errors.Cancelled(
                "the stream was closed", code="CANCELLED", method=self._method.path
            ) from None


def _serialize(message: Message) -> bytes:
    return message.SerializeToString()


def _as_is(body: bytes) -> bytes:
    return body
