"""A scripted supplier and a scripted gateway over real gRPC: they do what a test says, even wrong.
The supplier agent that ships is in thegrid.supplier; this one can misbehave.
"""

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import grpc
import grpc.aio
from google.rpc.status_pb2 import Status

from tests.support.exchange import SYMBOL, Exchange, Participant, credentials
from thegrid.v1 import chat_pb2, delivery_pb2, delivery_pb2_grpc, embeddings_pb2, supply_pb2

_numbers = itertools.count(1)
WAIT_S = 10.0


def delivery_id() -> str:
    """A delivery id not used before."""
    return f"dlv_{next(_numbers):026d}"


def chunk(
    text: str = "", *, choice: int = 0, role: str = "", finish: str = "", **more: Any
) -> chat_pb2.ChatReply:
    """A streamed part of an answer."""
    reply = chat_pb2.ChatReply(id="chatcmpl-1", model="demo-model", created=1_780_000_000)
    chosen = reply.choices.add(index=choice)
    chosen.delta.SetInParent()
    for name, value in (("text", text), ("role", role), *more.items()):
        if value:
            setattr(chosen.delta, name, value)
    if finish:
        chosen.finish_reason = finish
    return reply


def chat(text: str = "Say hello", **fields: Any) -> chat_pb2.ChatRequest:
    """A request of one user message."""
    message = chat_pb2.ChatMessage(role="user", text=text)
    return chat_pb2.ChatRequest(model=SYMBOL, messages=[message], **fields)


class ScriptedSupplier:
    """One Serve stream. Calls are numbered as the exchange numbers them, from 1."""

    def __init__(self, call: Any) -> None:
        self._call = call
        self.welcome: supply_pb2.ServeWelcome | None = None
        self.opened: dict[int, supply_pb2.SupplierOpen] = {}
        self.parts: dict[int, bytes] = {}
        self.granted: dict[int, int] = {}
        self.cancelled: dict[int, str] = {}
        self.is_draining = False
        self.error: grpc.aio.AioRpcError | None = None
        self._changed = asyncio.Event()
        self.is_over = False
        self._reader = asyncio.create_task(self._read())

    async def _read(self) -> None:
        try:
            while (frame := await self._call.read()) is not grpc.aio.EOF:
                self._take(frame)
        except grpc.aio.AioRpcError as error:
            self.error = error
        except asyncio.CancelledError:
            pass
        self.is_over = True
        self._changed.set()

    def _take(self, frame: supply_pb2.ServeResponse) -> None:
        if frame.HasField("welcome"):
            self.welcome = frame.welcome
        self.is_draining = self.is_draining or frame.draining
        for command in frame.commands:
            number = command.call
            if command.HasField("open"):
                self.opened[number] = command.open
            elif command.HasField("part"):
                self.parts[number] = self.parts.get(number, b"") + command.part.data
            elif command.HasField("window"):
                self.granted[number] = self.granted.get(number, 0) + command.window.bytes
            else:
                self.cancelled[number] = command.cancel.reason
        self._changed.set()

    async def until(self, holds: Any) -> None:
        """Wait until something holds of what has come."""
        async with asyncio.timeout(WAIT_S):
            while not holds():
                self._changed.clear()
                await self._changed.wait()

    async def handed(self, number: int = 1) -> supply_pb2.SupplierOpen:
        """The delivery of this number, waited for."""
        await self.until(lambda: number in self.opened)
        return self.opened[number]

    async def send(self, **frame: Any) -> None:
        await self.send_bytes(supply_pb2.ServeRequest(**frame).SerializeToString())

    async def send_bytes(self, frame: bytes) -> None:
        """Send a frame as it is, even one that is none."""
        await self._call.write(frame)

    async def say(self, number: int, *replies: chat_pb2.ChatReply) -> None:
        """Send parts of an answer in one frame."""
        await self.send(events=[supply_pb2.SupplierEvent(call=number, reply=r) for r in replies])

    async def give(self, number: int, *replies: embeddings_pb2.EmbeddingReply) -> None:
        """Send vectors in one frame."""
        await self.send(
            events=[supply_pb2.SupplierEvent(call=number, embedding=reply) for reply in replies]
        )

    async def end(self, number: int, **usage: int) -> None:
        counts = chat_pb2.ChatUsage(**usage) if usage else None
        end = supply_pb2.SupplierEnd(usage=counts)
        await self.send(events=[supply_pb2.SupplierEvent(call=number, end=end)])

    async def fail(self, number: int, kind: str, message: str = "upstream said no") -> None:
        failure = supply_pb2.SupplierFailure(
            kind=supply_pb2.SupplierFailureKind.Value(f"SUPPLIER_FAILURE_KIND_{kind}"),
            status=Status(code=3, message=message),
        )
        await self.send(events=[supply_pb2.SupplierEvent(call=number, failure=failure)])

    async def answer(self, number: int, text: str = "Hello there.", finish: str = "stop") -> None:
        """A whole answer in one frame."""
        events = [
            supply_pb2.SupplierEvent(call=number, reply=chunk(text, role="assistant")),
            supply_pb2.SupplierEvent(call=number, reply=chunk(finish=finish)),
            supply_pb2.SupplierEvent(call=number, end=supply_pb2.SupplierEnd()),
        ]
        await self.send(events=events)

    async def serve_all(self, text: str = "Hello there.") -> None:
        """Answer every delivery as it comes, until cancelled."""
        served: set[int] = set()
        while not self.is_over:
            await self.until(lambda: len(self.opened) > len(served) or self.is_over)
            for number in [each for each in self.opened if each not in served]:
                served.add(number)
                await self.answer(number, text)

    def lose(self) -> None:
        """Vanish."""
        self._call.cancel()

    async def close(self) -> None:
        self._call.cancel()
        self._reader.cancel()
        await asyncio.gather(self._reader, return_exceptions=True)


@asynccontextmanager
async def serving(
    exchange: Exchange,
    supplier: Participant,
    *,
    slots: int = 64,
    instruments: tuple[str, ...] = (SYMBOL,),
) -> AsyncIterator[ScriptedSupplier]:
    """A supplier's stream on a channel of its own, welcomed."""
    channel = grpc.aio.insecure_channel(exchange.target)
    serve: Any = channel.stream_stream(
        "/thegrid.v1.SupplyService/Serve",
        request_serializer=bytes,
        response_deserializer=supply_pb2.ServeResponse.FromString,
    )
    scripted = ScriptedSupplier(serve(metadata=credentials(supplier.secret)))
    hello = supply_pb2.ServeHello(
        agent="scripted", instruments=instruments, concurrent_deliveries=slots
    )
    await scripted.send(hello=hello)
    await scripted.until(lambda: scripted.welcome is not None or scripted.is_over)
    try:
        yield scripted
    finally:
        await scripted.close()
        await channel.close()


class ScriptedCall:
    """One call of a session, with every event it heard."""

    def __init__(self) -> None:
        self.events: list[delivery_pb2.DeliveryEvent] = []
        self.over = asyncio.Event()
        self.changed = asyncio.Event()

    @property
    def kinds(self) -> list[str]:
        return [event.WhichOneof("event") for event in self.events]

    @property
    def last(self) -> delivery_pb2.DeliveryEvent:
        return self.events[-1]

    @property
    def text(self) -> str:
        return "".join(
            choice.delta.text
            for event in self.events
            if event.WhichOneof("event") == "reply"
            for choice in event.reply.choices
        )

    @property
    def granted_bytes(self) -> int:
        return sum(event.window.bytes for event in self.events)

    def take(self, event: delivery_pb2.DeliveryEvent) -> None:
        self.events.append(event)
        self.changed.set()
        if event.WhichOneof("event") in ("ended", "failed"):
            self.over.set()

    async def done(self) -> delivery_pb2.DeliveryEvent:
        async with asyncio.timeout(WAIT_S):
            await self.over.wait()
        return self.last

    async def until(self, holds: Any) -> None:
        async with asyncio.timeout(WAIT_S):
            while not holds():
                self.changed.clear()
                await self.changed.wait()


class ScriptedSession:
    """A gateway's session."""

    def __init__(self, call: Any) -> None:
        self._call = call
        self.calls: dict[int, ScriptedCall] = {}
        self.frames: list[int] = []
        self.is_draining = False
        self.is_over = False
        self.error: grpc.aio.AioRpcError | None = None
        self._reader = asyncio.create_task(self._read())

    async def _read(self) -> None:
        try:
            while (frame := await self._call.read()) is not grpc.aio.EOF:
                self.frames.append(frame.ByteSize())
                self.is_draining = self.is_draining or frame.draining
                for event in frame.events:
                    self.calls[event.call].take(event)
        except grpc.aio.AioRpcError as error:
            self.error = error
        except asyncio.CancelledError:
            pass
        self.is_over = True

    async def send(self, *commands: delivery_pb2.DeliveryCommand) -> None:
        await self._call.write(delivery_pb2.DeliverySessionRequest(commands=commands))

    async def open(
        self, secret: str, request: chat_pb2.ChatRequest | None = None, **fields: Any
    ) -> tuple[int, ScriptedCall]:
        """Begin a call of the key's owner; answers its number too."""
        number = len(self.calls) + 1
        call = self.calls[number] = ScriptedCall()
        fields.setdefault("delivery_id", delivery_id())
        fields.setdefault("window_bytes", 1_000_000)
        fields.setdefault("instrument", SYMBOL)
        if request is None and not fields.get("parts_bytes") and "embedding" not in fields:
            request = chat(max_tokens=1_000)
        opening = delivery_pb2.Open(credential=secret, request=request, **fields)
        await self.send(delivery_pb2.DeliveryCommand(call=number, open=opening))
        return number, call

    async def grant(self, number: int, window_bytes: int) -> None:
        window = delivery_pb2.WindowGrant(bytes=window_bytes)
        await self.send(delivery_pb2.DeliveryCommand(call=number, window=window))

    async def cancel(self, number: int) -> None:
        cancel = delivery_pb2.Cancel(reason="client_left")
        await self.send(delivery_pb2.DeliveryCommand(call=number, cancel=cancel))

    def lose(self) -> None:
        """Vanish."""
        self._call.cancel()

    async def close(self) -> None:
        self._call.cancel()
        self._reader.cancel()
        await asyncio.gather(self._reader, return_exceptions=True)


@asynccontextmanager
async def session(exchange: Exchange, secret: str) -> AsyncIterator[ScriptedSession]:
    """A gateway's session on a channel of its own."""
    channel = grpc.aio.insecure_channel(exchange.target)
    stub: Any = delivery_pb2_grpc.DeliveryServiceStub(channel)
    scripted = ScriptedSession(stub.DeliverySession(metadata=credentials(secret)))
    try:
        yield scripted
    finally:
        await scripted.close()
        await channel.close()
