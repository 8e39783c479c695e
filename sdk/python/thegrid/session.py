"""A gateway's link to the exchange: any number of calls over a few multiplexed streams.

Ordinary users call `deliver` of the client instead; HTTP and OpenAI's JSON are not known here.
"""

import asyncio
from collections.abc import Coroutine
from types import TracebackType
from typing import cast

import grpc
import grpc.aio

from thegrid import errors
from thegrid.frames import (
    PART_BYTES,
    PARTS_WINDOW_BYTES,
    WHOLE_REQUEST_BYTES,
    Backoff,
    Outbox,
    as_is,
    field_bytes,
    open_channel,
)
from thegrid.settings import Settings
from thegrid.v1 import delivery_pb2

METHOD = "/thegrid.v1.DeliveryService/DeliverySession"
WINDOW_BYTES = 256 * 1024
"""What the exchange may send of one call before its reader has taken it."""

_COMMANDS_FIELD = 1
_SETTLED_S = 0.25
_CONNECTED = grpc.ChannelConnectivity.READY
_ENDINGS = ("ended", "failed")
_PARTS = ("reply", "embedding")


class SessionCall:
    """One call of a session: `next` its events, or `cancel` it."""

    def __init__(
        self, session: "_Session", number: int, window_bytes: int, *, is_whole: bool
    ) -> None:
        self._session = session
        self._number = number
        self._grant_bytes = max(1, window_bytes // 2)
        self._is_whole = is_whole
        self._ready: list[delivery_pb2.DeliveryEvent] = []
        self._ready_bytes = 0
        self._is_due = False
        self._waiter: asyncio.Future[None] | None = None
        self._taken_bytes = 0
        self._parts = memoryview(b"")
        self._parts_window_bytes = PARTS_WINDOW_BYTES
        self._lost: errors.GridError | None = None
        self.is_over = False

    async def next(self) -> list[delivery_pb2.DeliveryEvent]:
        """Answer the events that are ready, waiting until some are; coming back grants window.

        `started` comes together with what follows it. A call opened as whole answers only when it
        is over, or half its window is used. The last events hold `ended` or `failed`. Answers an
        empty list after the end or a `wake`. Raises GridError when the session is lost.
        """
        if self._taken_bytes >= self._grant_bytes and not self.is_over:
            self._grant()
        if not self._is_due and not self.is_over:
            self._waiter = asyncio.get_running_loop().create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
        events, self._ready = self._ready, []
        if not events and self._lost is not None:
            raise self._lost
        self._is_due = False
        self._taken_bytes += self._ready_bytes
        self._ready_bytes = 0
        return events

    def wake(self) -> None:
        """Let a waiting `next` answer with what there is, even with nothing."""
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def cancel(self, reason: str) -> None:
        """End the call from the client's side; a call that is over stays as it is."""
        if not self.is_over:
            self.is_over = True
            self._session.cancel(self._number, reason)
        self.wake()

    def begin_parts(self, request: bytes) -> None:
        """Send a long request piece by piece, as the exchange grants window."""
        self._parts = memoryview(request)
        self._send_parts()

    def deliver(self, event: delivery_pb2.DeliveryEvent) -> bool:
        """Take one event from the session; answers whether it was the last."""
        kind = event.WhichOneof("event")
        if kind == "window":
            self._parts_window_bytes += event.window.bytes
            self._send_parts()
            return False
        self._ready.append(event)
        if kind in _PARTS:
            self._ready_bytes += getattr(event, kind).ByteSize()
            is_much = self._ready_bytes >= self._grant_bytes
            self._is_due = self._is_due or is_much or not self._is_whole
        self.is_over = kind in _ENDINGS
        if self._is_due or self.is_over:
            self.wake()
        return self.is_over

    def lose(self, error: errors.GridError) -> None:
        """Take note that the session is gone and nothing more will come."""
        self._lost = error
        self.is_over = True
        self.wake()

    def _grant(self) -> None:
        grant = delivery_pb2.WindowGrant(bytes=self._taken_bytes)
        self._taken_bytes = 0
        self._session.put(delivery_pb2.DeliveryCommand(call=self._number, window=grant))

    def _send_parts(self) -> None:
        while self._parts and self._parts_window_bytes > 0:
            length = min(PART_BYTES, self._parts_window_bytes)
            part = delivery_pb2.RequestPart(data=bytes(self._parts[:length]))
            self._parts = self._parts[length:]
            self._parts_window_bytes -= len(part.data)
            self._session.put(delivery_pb2.DeliveryCommand(call=self._number, part=part))


class _Session:
    """One stream and the calls it carries."""

    def __init__(self, channel: grpc.aio.Channel, settings: Settings) -> None:
        duplex = channel.stream_stream(
            METHOD,
            request_serializer=as_is,
            response_deserializer=delivery_pb2.DeliverySessionResponse.FromString,
        )
        self._channel = channel
        self._stream = duplex(metadata=settings.credentials.metadata(METHOD, b""))
        self._outbox = Outbox()
        self._last_number = 0
        self.calls: dict[int, SessionCall] = {}
        self.replaced = asyncio.Event()
        """Set when the stream takes no new calls: it has ended, or the exchange is draining."""

    def open(self, opening: delivery_pb2.Open, is_whole: bool) -> SessionCall:
        """Begin a call; a long request leaves in parts."""
        self._last_number += 1
        call = SessionCall(self, self._last_number, opening.window_bytes, is_whole=is_whole)
        self.calls[self._last_number] = call
        request = _take_long_request(opening)
        self.put(delivery_pb2.DeliveryCommand(call=self._last_number, open=opening))
        if request:
            call.begin_parts(request)
        return call

    def put(self, command: delivery_pb2.DeliveryCommand) -> None:
        """Queue a command for the next frame."""
        self._outbox.put(field_bytes(_COMMANDS_FIELD, command))

    def cancel(self, number: int, reason: str) -> None:
        """Forget a call and tell the exchange that its client left."""
        if self.calls.pop(number, None) is not None:
            cancel = delivery_pb2.Cancel(reason=reason)
            self.put(delivery_pb2.DeliveryCommand(call=number, cancel=cancel))

    async def is_taken(self) -> bool:
        """Wait until the exchange has taken the stream; False when it ended instead."""
        greeted = asyncio.ensure_future(self._stream.initial_metadata())
        ended = asyncio.ensure_future(self.replaced.wait())
        try:
            while not self.replaced.is_set():
                # A server may keep its first word until it has something to say.
                await asyncio.wait(
                    {greeted, ended}, timeout=_SETTLED_S, return_when=asyncio.FIRST_COMPLETED
                )
                if greeted.done() or self._channel.get_state() is _CONNECTED:
                    break
            await asyncio.sleep(0)
            return not self.replaced.is_set()
        finally:
            ended.cancel()
            greeted.cancel()
            await asyncio.gather(ended, greeted, return_exceptions=True)

    async def run(self) -> errors.GridError:
        """Carry calls until the stream ends; then every call still open is lost.

        Answers why it ended.
        """
        writer = asyncio.create_task(self._outbox.run(self._stream))
        error = _lost("the exchange ended the session")
        try:
            while (read := await self._stream.read()) is not grpc.aio.EOF:
                frame = cast(delivery_pb2.DeliverySessionResponse, read)
                self._dispatch(frame)
                if frame.draining:
                    self.replaced.set()
        except grpc.RpcError as failure:
            error = _lost(
                "the session with the exchange was lost", errors.from_rpc(failure, METHOD)
            )
        finally:
            self.replaced.set()
            self._stream.cancel()
            writer.cancel()
            await asyncio.gather(writer, return_exceptions=True)
            for call in self.calls.values():
                call.lose(error)
            self.calls.clear()
        return error

    def _dispatch(self, frame: delivery_pb2.DeliverySessionResponse) -> None:
        calls = self.calls
        for event in frame.events:
            call = calls.get(event.call)
            if call is not None and call.deliver(event):
                del calls[event.call]


def _take_long_request(opening: delivery_pb2.Open) -> bytes:
    """Take a request that is too long for one piece out of its opening; empty for any other."""
    is_embedding = opening.HasField("embedding")
    request = opening.embedding if is_embedding else opening.request
    if request.ByteSize() <= WHOLE_REQUEST_BYTES:
        return b""
    content = request.SerializeToString()
    opening.ClearField("embedding" if is_embedding else "request")
    opening.parts_bytes = len(content)
    if is_embedding:
        opening.parts_kind = delivery_pb2.REQUEST_KIND_EMBEDDING
    return content


def _lost(message: str, cause: errors.GridError | None = None) -> errors.GridError:
    """Answer Unavailable whatever the cause: a refused session says nothing about its callers."""
    known = f"{message} ({cause.reason or cause.code})" if cause else message
    error = errors.Unavailable(f"{known}; try again shortly", code="UNAVAILABLE", method=METHOD)
    error.retry_after_s = cause.retry_after_s if cause else None
    error.__cause__ = cause
    return error


class SessionPool:
    """A few sessions to one exchange, dialled again whenever one is lost.

    `settings` carry a key with the scope `gateway`. Use as an async context manager, or `start`
    and `close`.
    """

    def __init__(
        self, settings: Settings, *, sessions: int = 1, connect_wait_s: float = 2.0
    ) -> None:
        self._settings = settings
        self._count = sessions
        self._connect_wait_s = connect_wait_s
        self._channel: grpc.aio.Channel | None = None
        self._ready: list[_Session] = []
        self._alive: set[_Session] = set()
        self._changed = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._closing = False
        self.last_error: errors.GridError | None = None
        """Why the last session was lost or refused; None while all is well."""

    async def __aenter__(self) -> "SessionPool":
        self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    def start(self) -> None:
        """Begin to dial; does not wait for the exchange."""
        self._channel = open_channel(self._settings)
        for _ in range(self._count):
            self._spawn(self._keep_one(self._channel))

    @property
    def is_ready(self) -> bool:
        """Whether a call could be opened now."""
        return bool(self._usable()) and not self._closing

    @property
    def open_calls(self) -> int:
        """How many calls are running."""
        return sum(len(session.calls) for session in self._alive)

    async def open(self, opening: delivery_pb2.Open, *, is_whole: bool = False) -> SessionCall:
        """Begin a call on the least busy session; waits a little for one to be dialled.

        `is_whole` says that nobody reads before the end, which saves waking for every part.
        `opening` is taken over and may be changed. Raises Unavailable when no session comes up.
        """
        if self._closing:
            raise _lost("the link to the exchange is being closed")
        if not self._usable():
            await self._wait_ready()
        if not opening.window_bytes:
            opening.window_bytes = WINDOW_BYTES
        session = min(self._usable(), key=lambda ready: len(ready.calls))
        return session.open(opening, is_whole)

    async def close(self, grace_s: float = 0.0) -> None:
        """Let running calls end within `grace_s` seconds, then end every session."""
        self._closing = True
        loop = asyncio.get_running_loop()
        ends_at_s = loop.time() + grace_s
        while self.open_calls and loop.time() < ends_at_s:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._channel is not None:
            await self._channel.close()
            self._channel = None

    def _usable(self) -> list[_Session]:
        # A session that has just ended stays in the list until its keeper runs again.
        return [session for session in self._ready if not session.replaced.is_set()]

    async def _wait_ready(self) -> None:
        try:
            async with asyncio.timeout(self._connect_wait_s):
                while not self._usable() and not self._closing:
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            pass
        if not self._usable():
            raise _lost("the exchange cannot be reached", self.last_error)

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _keep_one(self, channel: grpc.aio.Channel) -> None:
        """Hold one session that takes new calls; a draining one lives on beside its successor."""
        backoff = Backoff()
        while not self._closing:
            session = _Session(channel, self._settings)
            self._alive.add(session)
            self._spawn(self._carry(session))
            if await session.is_taken():
                self._ready.append(session)
                self._changed.set()
                self.last_error = None
                backoff.reset()
                await session.replaced.wait()
                self._ready.remove(session)
            await backoff.pause()

    async def _carry(self, session: _Session) -> None:
        try:
            self.last_error = await session.run()
        finally:
            self._alive.discard(session)
