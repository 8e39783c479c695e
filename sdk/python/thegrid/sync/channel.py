"""The blocking side of gRPC: one channel, one attempt of a call, one open stream.
Written by hand beside `aio/channel.py`; everything above the two is written once.
"""

import threading
import time
from collections.abc import Iterator
from typing import Any, Generic, TypeVar

import grpc
from google.protobuf.message import Message

from thegrid import errors
from thegrid.methods import Method, method_of
from thegrid.settings import Settings

Response = TypeVar("Response", bound=Message)


class Channel:
    """One connection to the exchange, opened at first use; threads may share it."""

    def __init__(self, settings: Settings, channel: grpc.Channel | None = None) -> None:
        self._settings = settings
        self._channel = channel
        self._lock = threading.Lock()
        self._calls: dict[str, Any] = {}

    def once(
        self, method: Method, request: Message, response_type: type[Response], timeout_s: float
    ) -> Response:
        """Make one attempt of a unary call. Raises GridError."""
        call = self._calls.get(method.path)
        if call is None:
            call = self._calls[method.path] = self._opened().unary_unary(
                method.path, _serialize, response_type.FromString
            )
        try:
            body = request.SerializeToString()
            metadata = self._settings.credentials.metadata(method.path, body)
            response: Response = call(request, timeout=timeout_s, metadata=metadata)
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
        requests: Iterator[Message],
        response_type: type[Response],
    ) -> "Incoming[Response]":
        """Open a stream in both directions; `requests` is read by a thread of gRPC's own."""
        method = method_of(request_type)
        opened = self._opened().stream_stream(method.path, _serialize, response_type.FromString)
        metadata = self._settings.credentials.metadata(method.path, b"")
        return Incoming(opened(requests, metadata=metadata), method)

    def now_s(self) -> float:
        """Return steady seconds."""
        return time.monotonic()

    def sleep(self, span_s: float) -> None:
        """Wait."""
        time.sleep(span_s)

    def close(self) -> None:
        """End the connection and every call on it. Closing twice is no error."""
        with self._lock:
            channel, self._channel = self._channel, None
            self._calls.clear()
        if channel is not None:
            channel.close()

    def _opened(self) -> grpc.Channel:
        with self._lock:
            if self._channel is None:
                settings = self._settings
                options = settings.channel_options()
                if settings.is_secure:
                    self._channel = grpc.secure_channel(
                        settings.target, settings.channel_credentials(), options
                    )
                else:
                    self._channel = grpc.insecure_channel(settings.target, options)
            return self._channel


class Incoming(Generic[Response]):
    """The frames of an open stream. Whoever opened it cancels it, however it ended."""

    def __init__(self, call: Any, method: Method) -> None:
        self._call = call
        self._method = method
        self._watch: _Watch | None = None

    def read(self, timeout_s: float | None = None) -> Response | None:
        """Return the next frame, or None at a clean end.

        Raises GridError; a silence of `timeout_s` seconds is Unavailable.
        """
        watch = self._watching(timeout_s)
        try:
            frame: Response = next(self._call)
        except StopIteration:
            self.cancel()
            return None
        except grpc.RpcError as failure:
            self.cancel()
            if watch is not None and watch.is_over:
                raise errors.Unavailable(
                    f"nothing came for {timeout_s:g} s",
                    code="UNAVAILABLE",
                    method=self._method.path,
                ) from None
            raise errors.from_rpc(failure, self._method.path) from None
        if watch is not None:
            watch.due_s = None
        return frame

    def cancel(self) -> None:
        """End the stream from this side. Cancelling an ended stream is no error."""
        if self._watch is not None:
            self._watch.stopped.set()
        self._call.cancel()

    def _watching(self, timeout_s: float | None) -> "_Watch | None":
        if timeout_s is None:
            return None
        if self._watch is None:
            self._watch = _Watch(self._call, timeout_s)
            self._watch.start()
        self._watch.due_s = time.monotonic() + timeout_s
        return self._watch


class _Watch(threading.Thread):
    """Cancels a call on which a read has waited too long; one thread for a stream's whole life."""

    def __init__(self, call: Any, span_s: float) -> None:
        super().__init__(name="thegrid-stream-watch", daemon=True)
        self._call = call
        self._span_s = span_s
        self.stopped = threading.Event()
        self.due_s: float | None = None
        self.is_over = False

    def run(self) -> None:
        while not self.stopped.wait(self._pause_s()):
            due_s = self.due_s
            if due_s is not None and time.monotonic() >= due_s:
                self.is_over = True
                self._call.cancel()
                return

    def _pause_s(self) -> float:
        due_s = self.due_s
        if due_s is None:
            return self._span_s / 4
        return max(0.001, due_s - time.monotonic())


def _serialize(message: Message) -> bytes:
    return message.SerializeToString()
