"""One stream to one relay: hello, deliveries in, answers out, dialled again when it is lost.

Which relays there are is known in `agent.py`, how a delivery is answered in `backend.py`.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from typing import cast

import grpc
import grpc.aio
from google.protobuf.message import DecodeError

from thegrid.errors import GridError, from_rpc
from thegrid.frames import Backoff, Outbox, as_is, field_bytes, open_channel
from thegrid.settings import Settings
from thegrid.supplier.backend import CLIENT_FAULT, FAILED, REFUSED, Backend, BackendError
from thegrid.supplier.call import SupplierCall
from thegrid.v1 import supply_pb2

METHOD = "/thegrid.v1.SupplyService/Serve"

_EVENTS_FIELD = 2
_POLL_S = 0.02
_FLUSH_TIMEOUT_S = 1.0
_LOG = logging.getLogger("thegrid.supplier")


class Link:
    """The supplier's stream to one relay.

    `on_welcome` is told each time the relay has taken the supplier; `on_lost` each time it is gone.
    """

    def __init__(
        self,
        settings: Settings,
        hello: supply_pb2.ServeHello,
        backend: Backend,
        *,
        on_welcome: Callable[["Link", supply_pb2.ServeWelcome], None],
        on_lost: Callable[["Link", GridError], None],
    ) -> None:
        self.address = settings.target
        self._settings = settings
        self._hello = hello
        self._backend = backend
        self._on_welcome = on_welcome
        self._on_lost = on_lost
        self._streams: set[_ServeStream] = set()
        self._is_ending = False

    @property
    def running(self) -> int:
        """How many deliveries are being answered."""
        return sum(stream.running for stream in self._streams)

    def drain(self) -> None:
        """Take no new deliveries; those that run go on."""
        self._is_ending = True
        for stream in self._streams:
            stream.drain()

    async def run(self) -> None:
        """Serve until cancelled, or until drained and idle; dials again after each loss."""
        backoff = Backoff()
        channel = open_channel(self._settings)
        try:
            while not self._is_ending:
                stream = _ServeStream(channel, self._settings, self._hello, self._backend)
                self._streams.add(stream)
                carried = asyncio.ensure_future(self._carry(stream, backoff))
                try:
                    await stream.replaced.wait()
                except asyncio.CancelledError:
                    carried.cancel()
                    await asyncio.gather(carried, return_exceptions=True)
                    raise
                await backoff.pause()
            await self._idle()
        finally:
            for stream in tuple(self._streams):
                stream.close()
            await channel.close()

    async def _idle(self) -> None:
        """Wait until the last answers are on their way."""
        while self.running:  # noqa: ASYNC110
            await asyncio.sleep(_POLL_S)
        await asyncio.gather(*(stream.flush() for stream in self._streams))

    async def _carry(self, stream: "_ServeStream", backoff: Backoff) -> None:
        def welcome(message: supply_pb2.ServeWelcome) -> None:
            backoff.reset()
            self._on_welcome(self, message)

        try:
            error = await stream.run(welcome)
        finally:
            self._streams.discard(stream)
        if not self._is_ending:
            _LOG.warning("the stream to %s was lost: %s", self.address, error)
        self._on_lost(self, error)


class _ServeStream:
    """One life of the stream and the deliveries it carries."""

    def __init__(
        self,
        channel: grpc.aio.Channel,
        settings: Settings,
        hello: supply_pb2.ServeHello,
        backend: Backend,
    ) -> None:
        self._stream = channel.stream_stream(
            METHOD,
            request_serializer=as_is,
            response_deserializer=supply_pb2.ServeResponse.FromString,
        )(metadata=settings.credentials.metadata(METHOD, b""))
        self._outbox = Outbox()
        self._outbox.put(supply_pb2.ServeRequest(hello=hello).SerializeToString())
        self._limit = hello.concurrent_deliveries
        self._backend = backend
        self._calls: dict[int, SupplierCall] = {}
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._is_draining = False
        self.replaced = asyncio.Event()
        """Set when another stream should be dialled: this one has ended, or the relay drains."""

    @property
    def running(self) -> int:
        return len(self._calls)

    def drain(self) -> None:
        if not self._is_draining:
            self._is_draining = True
            self._outbox.put(supply_pb2.ServeRequest(draining=True).SerializeToString())
        self.replaced.set()

    async def flush(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_FLUSH_TIMEOUT_S):
                await self._outbox.flush()

    def close(self) -> None:
        self._stream.cancel()

    async def run(self, on_welcome: Callable[[supply_pb2.ServeWelcome], None]) -> GridError:
        """Carry deliveries until the stream ends; answers why it did."""
        writer = asyncio.create_task(self._outbox.run(self._stream))
        error = GridError("the relay ended the stream", code="UNAVAILABLE", method=METHOD)
        try:
            while (read := await self._stream.read()) is not grpc.aio.EOF:
                frame = cast(supply_pb2.ServeResponse, read)
                if frame.HasField("welcome"):
                    on_welcome(frame.welcome)
                for command in frame.commands:
                    self._take(command)
                if frame.draining:
                    self.replaced.set()
        except grpc.RpcError as failure:
            error = from_rpc(failure, METHOD)
        finally:
            self.replaced.set()
            self._stream.cancel()
            tasks = [writer, *self._tasks.values()]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        return error

    def _send(self, event: supply_pb2.SupplierEvent) -> None:
        self._outbox.put(field_bytes(_EVENTS_FIELD, event))

    def _take(self, command: supply_pb2.SupplierCommand) -> None:
        kind = command.WhichOneof("command")
        if kind == "open":
            self._open(command.call, command.open)
            return
        call = self._calls.get(command.call)
        if call is None:
            return
        if kind == "window":
            call.grant(command.window.bytes)
        elif kind == "part":
            self._take_part(call, command.part.data)
        elif kind == "cancel":
            self._forget(call)

    def _open(self, number: int, opening: supply_pb2.SupplierOpen) -> None:
        call = SupplierCall(number, opening, self._send)
        if self._is_draining or len(self._calls) >= self._limit:
            why = "is stopping" if self._is_draining else "has no free place"
            call.fail(BackendError(REFUSED, f"the supplier {why}").failure())
            return
        self._calls[number] = call
        if call.is_whole:
            self._begin(call)

    def _take_part(self, call: SupplierCall, data: bytes) -> None:
        try:
            call.take_part(data)
        except DecodeError as fault:
            self._calls.pop(call.number, None)
            call.fail(BackendError(CLIENT_FAULT, f"the request cannot be read: {fault}").failure())
            return
        if call.is_whole:
            self._begin(call)

    def _begin(self, call: SupplierCall) -> None:
        task = asyncio.ensure_future(self._answer(call))
        self._tasks[call.number] = task
        task.add_done_callback(lambda _: self._tasks.pop(call.number, None))

    def _forget(self, call: SupplierCall) -> None:
        self._calls.pop(call.number, None)
        task = self._tasks.get(call.number)
        if task is not None:
            task.cancel()

    async def _answer(self, call: SupplierCall) -> None:
        try:
            usage = await self._backend.answer(call)
        except BackendError as error:
            call.fail(error.failure())
        except asyncio.CancelledError:
            raise
        except Exception:
            _LOG.exception("%s: unexpected fault", call.opening.delivery_id)
            call.fail(BackendError(FAILED, "the supplier met an unexpected fault").failure())
        else:
            call.end(usage)
        finally:
            self._calls.pop(call.number, None)
