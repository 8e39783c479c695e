"""The supplier's stream: hello and welcome, deliveries out, parts of answers in.

Who serves what is chosen by the relay; here frames and its words are turned into each other.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from typing import Any, Final

from google.rpc.error_details_pb2 import ErrorInfo

from thegrid.v1 import chat_pb2, delivery_pb2, embeddings_pb2, supply_pb2
from thegrid_exchange.api import embeddings
from thegrid_exchange.api.call import caller as current_caller
from thegrid_exchange.api.chat import part_of
from thegrid_exchange.api.errors import refused
from thegrid_exchange.api.pipes import (
    WHOLE_REQUEST_BYTES,
    Outbox,
    PartsOut,
    element,
)
from thegrid_exchange.api.services import Services
from thegrid_exchange.delivery.parts import Failure, FailureKind, Offered
from thegrid_exchange.delivery.suppliers import Link
from thegrid_exchange.engine.records import TokenCounts

_COMMANDS = 2

_KINDS: Final[dict[int, FailureKind]] = {
    supply_pb2.SUPPLIER_FAILURE_KIND_REFUSED: "refused",
    supply_pb2.SUPPLIER_FAILURE_KIND_CLIENT_FAULT: "client_fault",
}


class ServeMixin:
    """The method Serve of SupplyService."""

    services: Services

    async def Serve(  # noqa: N802 - the contract's name
        self, requests: AsyncIterator[supply_pb2.ServeRequest], context: Any
    ) -> AsyncIterator[bytes]:
        """A supplier's link, from its hello to the loss of the stream."""
        hello = await anext(requests, None)
        if hello is None or not hello.HasField("hello"):
            raise refused("PROTOCOL_VIOLATION", "hello", "the first frame must be a hello")
        stream = SupplierStream(self.services, current_caller().member_id, hello.hello)
        reader = asyncio.create_task(stream.read(requests))
        try:
            stream.welcome(self.services.relay.addresses)
            while frame := await stream.outbox.frame():
                yield frame
        finally:
            stream.leave()
            reader.cancel()
            await asyncio.gather(reader, return_exceptions=True)


class SupplierStream:
    """One supplier's stream."""

    def __init__(self, services: Services, supplier_id: str, hello: supply_pb2.ServeHello) -> None:
        self._services = services
        self.outbox = Outbox()
        self._parts: dict[int, PartsOut] = {}
        self._is_draining = False
        instruments = [self._instrument(supplier_id, name) for name in hello.instruments]
        self._link = Link(supplier_id, instruments, hello.concurrent_deliveries, self)
        self._forget: list[Callable[[], None]] = [
            services.authenticator.on_revoked(current_caller().key_id, self._on_revoked),
            services.pulse.listen(self._on_beat),
        ]

    def _instrument(self, supplier_id: str, name: str) -> str:
        """The id of an instrument that this supplier may serve."""
        catalogue = self._services.relay.catalogue
        terms = catalogue.terms(name, self._services.clock.now_us())
        if terms is None:
            raise refused("INSTRUMENT_NOT_FOUND", "hello.instruments", f"no instrument {name!r}")
        instrument_id = str(terms.instrument.instrument_id)
        if not catalogue.has_offer(supplier_id, instrument_id):
            raise refused(
                "OFFER_NOT_FOUND",
                "hello.instruments",
                f"no offer is registered for {name!r}; register one first",
            )
        return instrument_id

    def welcome(self, addresses: Iterable[str]) -> None:
        """Say that the supplier is connected, and begin to hand it calls."""
        welcome = supply_pb2.ServeWelcome(
            supplier_id=self._link.supplier_id, relay_addresses=addresses
        )
        self.outbox.put(supply_pb2.ServeResponse(welcome=welcome).SerializeToString())
        self._services.relay.join(self._link)

    async def read(self, requests: AsyncIterator[supply_pb2.ServeRequest]) -> None:
        """Take frames until the supplier leaves."""
        try:
            async for frame in requests:
                if frame.HasField("hello"):
                    raise refused("PROTOCOL_VIOLATION", "hello", "hello is said once")
                if frame.draining and not self._link.draining:
                    self._services.relay.suppliers.drain(self._link)
                for event in frame.events:
                    self._take(event)
        except Exception as error:
            self.outbox.close(error)
        else:
            self.outbox.close()

    def leave(self) -> None:
        """The stream is gone."""
        for forget in self._forget:
            forget()
        self._parts.clear()
        self._services.relay.leave(self._link)

    def _on_revoked(self, reason: str) -> None:
        self.outbox.close(refused(reason, "authorization", "the supplier's key has ended"))

    def _on_beat(self) -> None:
        if self._services.pulse.draining and not self._is_draining:
            self._is_draining = True
            self.outbox.put(supply_pb2.ServeResponse(draining=True).SerializeToString())

    # ---- what the supplier says ----------------------------------------------------------------

    def _take(self, event: supply_pb2.SupplierEvent) -> None:
        attempt = self._link.attempts.get(event.call)
        if attempt is None:
            # It was cancelled while the event was under way.
            return
        kind = event.WhichOneof("event")
        if kind == "reply":
            attempt.on_part(part_of(event.reply))
        elif kind == "embedding":
            attempt.on_part(embeddings.part_of(event.embedding))
        elif kind == "end":
            attempt.on_end(_counts(event.end))
        elif kind == "failure":
            attempt.on_failure(_KINDS.get(event.failure.kind, "failed"), _failure(event.failure))
        elif kind == "window":
            parts = self._parts.get(event.call)
            if parts is not None:
                parts.grant(event.window.bytes)

    # ---- what is said to the supplier ----------------------------------------------------------

    def open(self, number: int, offered: Offered) -> None:
        """See SupplierWire."""
        opening = supply_pb2.SupplierOpen(
            delivery_id=offered.delivery_id,
            instrument_id=offered.instrument_id,
            symbol=offered.symbol,
            model=offered.model,
            window_bytes=offered.window_bytes,
            first_token_ms=offered.first_token_us // 1_000,
            max_output_tokens=offered.max_output_tokens,
            traceparent=offered.traceparent,
            dimensions=offered.dimensions,
        )
        is_embedding = isinstance(offered.payload, embeddings_pb2.EmbeddingRequest)
        if offered.payload_bytes <= WHOLE_REQUEST_BYTES:
            into = opening.embedding if is_embedding else opening.request
            into.CopyFrom(offered.payload)
            self._put(supply_pb2.SupplierCommand(call=number, open=opening))
            return
        opening.parts_bytes = offered.payload_bytes
        if is_embedding:
            opening.parts_kind = delivery_pb2.REQUEST_KIND_EMBEDDING
        self._put(supply_pb2.SupplierCommand(call=number, open=opening))
        content = offered.payload.SerializeToString()
        parts = self._parts[number] = PartsOut(content, lambda data: self._put_part(number, data))
        parts.begin()

    def grant(self, number: int, window_bytes: int) -> None:
        """See SupplierWire."""
        grant = delivery_pb2.WindowGrant(bytes=window_bytes)
        self._put(supply_pb2.SupplierCommand(call=number, window=grant))

    def cancel(self, number: int, reason: str) -> None:
        """See SupplierWire."""
        self.release(number)
        cancel = delivery_pb2.Cancel(reason=reason)
        self._put(supply_pb2.SupplierCommand(call=number, cancel=cancel))

    def release(self, number: int) -> None:
        """See SupplierWire."""
        self._parts.pop(number, None)

    def close(self, reason: str) -> None:
        """See SupplierWire."""
        self.outbox.close()

    def _put_part(self, number: int, data: bytes) -> None:
        part = delivery_pb2.RequestPart(data=data)
        self._put(supply_pb2.SupplierCommand(call=number, part=part))

    def _put(self, command: supply_pb2.SupplierCommand) -> None:
        self.outbox.put(element(_COMMANDS, command))


def _counts(end: supply_pb2.SupplierEnd) -> TokenCounts | None:
    if not end.HasField("usage"):
        return None
    usage: chat_pb2.ChatUsage = end.usage
    counts = (
        usage.prompt_tokens,
        usage.completion_tokens,
        usage.cached_tokens,
        usage.reasoning_tokens,
    )
    return TokenCounts(*(min(max(count, 0), 2**53) for count in counts))


def _failure(failure: supply_pb2.SupplierFailure) -> Failure:
    """The upstream's own words; the client reads them when the fault is his."""
    reason = "SUPPLIER_FAILED"
    for detail in failure.status.details:
        info = ErrorInfo()
        if detail.Unpack(info) and info.reason:
            reason = info.reason
    return Failure(reason, failure.status.message[:2_000] or "the upstream gave no reason")
