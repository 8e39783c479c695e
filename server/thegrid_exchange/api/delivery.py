"""DeliveryService: a call over a stream of its own, or any number over a gateway's session.

Here frames and the relay's words are turned into each other, and every call's key is verified.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

from google.protobuf.message import DecodeError
from google.rpc.status_pb2 import Status

from thegrid.v1 import delivery_pb2, delivery_pb2_grpc
from thegrid_exchange.api.auth import Caller
from thegrid_exchange.api.call import caller as current_caller
from thegrid_exchange.api.delivery_calls import DeliveryCalls
from thegrid_exchange.api.errors import (
    InvalidRequest,
    Violation,
    invalid,
    refused,
    status_of_error,
    status_of_violations,
)
from thegrid_exchange.api.openings import Payload, call_request, payload_of
from thegrid_exchange.api.pipes import Outbox, PartsIn, Teller, element, refusal_of
from thegrid_exchange.api.services import Services
from thegrid_exchange.api.traces import open_call
from thegrid_exchange.delivery.call import Call
from thegrid_exchange.delivery.parts import Failure
from thegrid_exchange.engine.records import UsageRecord
from thegrid_exchange.engine.refusals import Refused

DELIVER_WINDOW_BYTES = 262_144
"""What a single call's stream may hold unsent; the transport's own flow control does the rest."""

ASSEMBLED_BYTES_MAX = 268_435_456
"""Long requests in the making of one session, in bytes."""

_EVENTS = 1


class DeliveryServicer(DeliveryCalls, delivery_pb2_grpc.DeliveryServiceServicer):
    """The edge of the pipe towards clients."""

    async def Deliver(  # type: ignore[override] # noqa: N802 - the contract's name
        self, request: delivery_pb2.DeliverRequest, context: Any
    ) -> AsyncIterator[bytes]:
        """One call; leaving the stream ends it."""
        opening = request.open
        if opening.parts_bytes:
            raise invalid("open.parts_bytes", "must be 0: a single call takes no parts", "range")
        caller = current_caller()
        opening.window_bytes = DELIVER_WINDOW_BYTES
        single = _SingleCall(self.services)
        single.tell_requests(caller)
        single.begin(call_request(opening, payload_of(opening), caller), caller)
        try:
            while frame := await single.outbox.frame():
                yield frame
                single.grant()
        finally:
            single.leave()

    async def DeliverySession(  # type: ignore[override] # noqa: N802 - the contract's name
        self, requests: AsyncIterator[delivery_pb2.DeliverySessionRequest], context: Any
    ) -> AsyncIterator[bytes]:
        """Any number of calls; losing the session ends them as if their clients had left."""
        session = Session(self.services, current_caller())
        reader = asyncio.create_task(session.read(requests))
        try:
            while frame := await session.outbox.frame():
                yield frame
        finally:
            session.leave()
            reader.cancel()
            await asyncio.gather(reader, return_exceptions=True)


class _SingleCall:
    """The one call of a Deliver stream."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self.outbox = Outbox()
        self._teller = Teller(1, self._put, services.records)
        self._call: Call | None = None
        self._replied_bytes = 0
        self._forget: Callable[[], None] = lambda: None

    def tell_requests(self, caller: Caller) -> None:
        """Say later how many calls the key has left now."""
        steady_us = self._services.clock.steady_us()
        self._teller.requests = self._services.requests.standing(caller, steady_us)

    def begin(self, request: Any, caller: Caller) -> None:
        """Hand the call to the relay."""
        self._call = open_call(self._services, request, self)
        if self._call is not None:
            self._forget = watch_key(self._services, caller, self._call)

    def grant(self) -> None:
        """What was written needs window no more."""
        if self._call is not None and self._replied_bytes:
            fresh_bytes, self._replied_bytes = self._replied_bytes, 0
            self._call.grant(fresh_bytes)

    def leave(self) -> None:
        """The stream is over; a call that is not has lost its client."""
        self._forget()
        if self._call is not None:
            self._call.end("client_left")

    def started(self, started: Any) -> None:
        """See Client."""
        self._teller.started(started)

    def part(self, payload: Any) -> None:
        """See Client."""
        self._replied_bytes += payload.ByteSize()
        self._teller.part(payload)

    def ended(self, ended: Any) -> None:
        """See Client."""
        self._teller.ended(ended)
        self.outbox.close()

    def failed(self, failure: Failure, usage: UsageRecord | None) -> None:
        """A refusal without a record is the status of the call; any other is its last event."""
        if usage is None:
            self.outbox.close(Refused(refusal_of(failure)))
        else:
            self._teller.failed(failure, usage)
            self.outbox.close()

    def _put(self, event: delivery_pb2.DeliveryEvent) -> None:
        self.outbox.put(element(_EVENTS, event))


class Session:
    """One gateway's stream and the calls it carries."""

    def __init__(self, services: Services, gateway: Caller) -> None:
        self._services = services
        self.outbox = Outbox()
        self._calls: dict[int, _SessionCall] = {}
        self._last_number = 0
        self._assembled_bytes = 0
        self._has_left = self._is_draining = False
        self._check = services.validator.check_of("thegrid.v1.DeliveryCommand")
        authenticator = services.authenticator
        self._forget = [
            authenticator.on_revoked(gateway.key_id, self._on_revoked),
            services.pulse.listen(self._on_beat),
        ]

    async def read(self, requests: AsyncIterator[delivery_pb2.DeliverySessionRequest]) -> None:
        """Take frames until the gateway has no more to say, then let the running calls end."""
        try:
            async for frame in requests:
                for command in frame.commands:
                    self._take(command)
        except Exception as error:
            self.outbox.close(error)
            return
        self._has_left = True
        self._close_if_done()

    def leave(self) -> None:
        """The session is gone."""
        for forget in self._forget:
            forget()
        for call in list(self._calls.values()):
            call.end("session_lost")
        self._calls.clear()

    def _on_revoked(self, reason: str) -> None:
        self.outbox.close(refused(reason, "authorization", "the gateway's key has ended"))

    def _on_beat(self) -> None:
        if self._services.pulse.draining and not self._is_draining:
            self._is_draining = True
            self.outbox.put(delivery_pb2.DeliverySessionResponse(draining=True).SerializeToString())
            self._close_if_done()

    def _take(self, command: delivery_pb2.DeliveryCommand) -> None:
        found: list[Violation] = []
        if self._check is not None:
            self._check(command, "", found)
        kind = command.WhichOneof("command")
        if found and (kind is None or not command.call):
            raise InvalidRequest(found)
        if kind == "open":
            self._open(command.call, command.open, found)
            return
        call = self._calls.get(command.call)
        if call is None:
            # It has ended while the command was under way.
            return
        if found:
            call.end("client_left")
            call.refuse(status_of_violations(found))
        elif kind == "window":
            call.grant(command.window.bytes)
        elif kind == "cancel":
            call.end("client_left")
            self.forget(command.call)
        elif kind == "part":
            call.add_part(command.part.data)

    def _open(self, number: int, opening: delivery_pb2.Open, found: list[Violation]) -> None:
        if number <= self._last_number:
            raise refused(
                "PROTOCOL_VIOLATION",
                "call",
                f"call {number} was opened before or out of order; count upwards",
            )
        self._last_number = number
        call = self._calls[number] = _SessionCall(self._services, self, number)
        try:
            if found:
                raise InvalidRequest(found)
            call.open(opening)
        except Exception as error:
            status = status_of_error(error)
            if status is None:
                raise
            call.refuse(status)

    def assemble(self, more_bytes: int) -> None:
        """Count long requests in the making; refused with TOO_LARGE when they are too many."""
        if self._assembled_bytes + more_bytes > ASSEMBLED_BYTES_MAX:
            raise refused(
                "TOO_LARGE",
                "parts_bytes",
                "this session has too many long requests on the way; wait or open another",
                limit=ASSEMBLED_BYTES_MAX,
                retry_after_us=1_000_000,
            )
        self._assembled_bytes += more_bytes

    def put(self, event: delivery_pb2.DeliveryEvent) -> None:
        """Queue an event."""
        self.outbox.put(element(_EVENTS, event))

    def forget(self, number: int) -> None:
        """A call has had its last word."""
        self._calls.pop(number, None)
        self._close_if_done()

    def _close_if_done(self) -> None:
        if (self._has_left or self._is_draining) and not self._calls:
            self.outbox.close()


class _SessionCall:
    """One call of a session."""

    __slots__ = (
        "_call",
        "_caller",
        "_forget",
        "_number",
        "_parts",
        "_services",
        "_session",
        "_teller",
    )

    def __init__(self, services: Services, session: Session, number: int) -> None:
        self._services, self._session, self._number = services, session, number
        self._teller = Teller(number, session.put, services.records)
        self._call: Call | None = None
        self._caller: Caller | None = None
        self._parts: PartsIn | None = None
        self._forget: Callable[[], None] | None = None

    def open(self, opening: delivery_pb2.Open) -> None:
        """Verify the end caller's key and begin, or wait for the parts."""
        services = self._services
        caller = self._caller = services.authenticator.verify(opening.credential)
        caller.require("consume")
        services.requests.take(caller, services.clock.steady_us())
        self._teller.requests = services.requests.standing(caller, services.clock.steady_us())
        opening.ClearField("credential")
        if not opening.parts_bytes:
            self._begin(opening, payload_of(opening))
            return
        self._session.assemble(opening.parts_bytes)
        self._parts = PartsIn(opening)
        grant = delivery_pb2.WindowGrant(bytes=opening.parts_bytes)
        self._session.put(delivery_pb2.DeliveryEvent(call=self._number, window=grant))

    def add_part(self, data: bytes) -> None:
        """Take a part of a long request; the last one begins the call."""
        parts = self._parts
        if parts is None:
            return
        try:
            if parts.add(data):
                self._drop_parts()
                self._begin(parts.opening, parts.whole())
        except (ValueError, DecodeError) as error:
            self.refuse(_status(invalid("part", str(error) or "is no request", "parts")))
        except (InvalidRequest, Refused) as error:
            self.refuse(_status(error))

    def _begin(self, opening: delivery_pb2.Open, payload: Payload) -> None:
        assert self._caller is not None
        request = call_request(opening, payload, self._caller)
        self._call = open_call(self._services, request, self)
        if self._call is not None:
            self._forget = watch_key(self._services, self._caller, self._call)

    def grant(self, window_bytes: int) -> None:
        """The client takes more."""
        if self._call is not None:
            self._call.grant(window_bytes)
        elif self._parts is not None:
            self._parts.opening.window_bytes += window_bytes

    def end(self, cause: str) -> None:
        """The client is gone."""
        self._drop_parts()
        if self._call is not None:
            self._call.end(cause)
        self._unwatch()

    def refuse(self, status: Status) -> None:
        """The call never began."""
        self._drop_parts()
        self._teller.refused(status)
        self._session.forget(self._number)

    def started(self, started: Any) -> None:
        """See Client."""
        self._teller.started(started)

    def part(self, payload: Any) -> None:
        """See Client."""
        self._teller.part(payload)

    def ended(self, ended: Any) -> None:
        """See Client."""
        self._teller.ended(ended)
        self._over()

    def failed(self, failure: Failure, usage: UsageRecord | None) -> None:
        """See Client."""
        self._teller.failed(failure, usage)
        self._over()

    def _over(self) -> None:
        self._unwatch()
        self._session.forget(self._number)

    def _unwatch(self) -> None:
        if self._forget is not None:
            self._forget()
            self._forget = None

    def _drop_parts(self) -> None:
        if self._parts is not None:
            self._session.assemble(-self._parts.opening.parts_bytes)
            self._parts = None


def watch_key(services: Services, caller: Caller, call: Call) -> Callable[[], None]:
    """End the call when its key stops working; answers how to stop watching."""
    return services.authenticator.on_revoked(caller.key_id, lambda _: call.end("key_revoked"))


def _status(error: Exception) -> Status:
    status = status_of_error(error)
    assert status is not None
    return status
